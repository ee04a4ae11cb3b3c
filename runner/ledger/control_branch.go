package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
)

const (
	controlRef = "refs/heads/ringfence/control"
	haltFile   = "halt.json"
	maxHalt    = 64 << 10
	maxOrders  = 10_000 // a branch with more is not read
)

// ErrNotHalted says that there is no order to lift.
var ErrNotHalted = errors.New("it is not halted")

// Switch is the branch of halt orders, one commit an order, on the remote if there is one. It is safe for concurrent
// use.
type Switch struct {
	repo *gitrepo.Repo
	o    Options
	// Trust, if set, judges the commit of each order that lifts a halt; with an error the halt stands. Anybody's halt
	// counts.
	Trust func(ctx context.Context, commit string) error

	mu   sync.Mutex
	last Control // as it was at tip
	tip  string
}

// OpenSwitch names the halt orders; nothing is read or written yet.
func OpenSwitch(repo *gitrepo.Repo, o Options) *Switch { return &Switch{repo: repo, o: o} }

// ReadHalts asks the remote which halt orders stand. Orders that were on the remote and are gone, and such that cannot
// be read, halt everyone, and the error says why. When the remote cannot be reached, Control is what was read last, with
// that time, and the error wraps ErrRemoteDown: how long that may be good enough is the caller's to say.
func (s *Switch) ReadHalts(ctx context.Context, now time.Time) (Control, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tip, err := s.fetch(ctx)
	switch {
	case errors.Is(err, ErrRewound):
		return unreadable(err, now), err
	case err != nil:
		return s.known(ctx, err)
	}
	c, err := s.reduce(ctx, tip)
	if err != nil {
		return unreadable(err, now), err
	}
	c.Read = now
	s.last, s.tip = c, tip
	return c, nil
}

// known is what was read last: by this Switch, else by anyone with this repository.
func (s *Switch) known(ctx context.Context, why error) (Control, error) {
	why = fmt.Errorf("read the halt orders: %w", why)
	if !s.last.Read.IsZero() {
		return s.last, why
	}
	tip, err := s.shared().seen()
	if err != nil || tip == "" {
		return Control{}, why
	}
	c, err := s.reduce(ctx, tip)
	if err != nil {
		return unreadable(err, time.Time{}), errors.Join(why, err)
	}
	return c, why
}

func (s *Switch) shared() shared {
	return shared{s.repo, s.o.Remote, controlRef, seenRef(s.o.Remote, "control")}
}

// fetch returns the newest order's commit, "" if there was never one.
func (s *Switch) fetch(ctx context.Context) (string, error) {
	if s.o.Remote == "" {
		return absent(s.repo.Ref(controlRef))
	}
	var tip string
	err := s.o.retry(ctx, func() (err error) {
		tip, err = s.shared().fetch(ctx)
		return err
	})
	return tip, err
}

// reduce adds up all orders to a commit.
func (s *Switch) reduce(ctx context.Context, tip string) (Control, error) {
	switch tip {
	case "":
		return Control{}, nil
	case s.tip:
		return Control{Halts: slices.Clone(s.last.Halts)}, nil
	}
	hashes, err := s.chain(ctx, tip)
	if err != nil {
		return Control{}, s.broken(tip, err)
	}
	var c Control
	for i, hash := range slices.Backward(hashes) {
		h, err := s.order(hash, i == len(hashes)-1)
		if err != nil {
			return Control{}, s.broken(hash, err)
		}
		if h.Kind == KindHalt || s.trusted(ctx, hash) {
			c = c.after(h)
		}
	}
	return c, nil
}

// chain lists the commits to tip, newest first.
func (s *Switch) chain(ctx context.Context, tip string) ([]string, error) {
	var hashes []string
	err := s.repo.Walk(tip, func(c gitrepo.Commit) bool {
		hashes = append(hashes, c.Hash)
		return ctx.Err() == nil && len(hashes) <= maxOrders && len(c.Parents) <= 1
	})
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && len(hashes) > maxOrders {
		err = fmt.Errorf("there are more than %d", maxOrders)
	}
	return hashes, err
}

func (s *Switch) trusted(ctx context.Context, hash string) bool {
	return s.Trust == nil || s.Trust(ctx, hash) == nil
}

// order reads one commit's order. Only the first has no parent, so that no end of a shallow clone hides orders.
func (s *Switch) order(hash string, first bool) (Halt, error) {
	c, err := s.repo.Header(hash)
	if err != nil {
		return Halt{}, err
	}
	want := 1
	if first {
		want = 0
	}
	if len(c.Parents) != want {
		return Halt{}, fmt.Errorf("it has %d parents; is this clone shallow? then: git fetch --unshallow", len(c.Parents))
	}
	raw, err := s.repo.ReadFile(hash, haltFile, maxHalt)
	if err != nil {
		return Halt{}, err
	}
	return DecodeHalt(raw)
}

func (s *Switch) broken(commit string, why error) error {
	return fmt.Errorf("%w: branch ringfence/control, commit %s: %w; everyone is halted; look with: git show %s", ErrBroken, short(commit), why, short(commit))
}
