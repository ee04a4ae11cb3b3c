package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

const (
	ref       = "refs/heads/ringfence/control"
	file      = "halt.json"
	maxFile   = 64 << 10
	maxOrders = 10_000 // a branch with more is not read
)

// Switch is the branch of orders, one commit an order, on the remote if there is one. It is safe for concurrent
// use.
type Switch struct {
	repo *gitrepo.Repo
	o    remote.Options
	q    Quorum

	mu   sync.Mutex
	last Orders // as ReadHalts returned it
	sum  Orders // what the orders to tip add up to
	tip  string
}

// Open names the orders and says what lifts one; nothing is read or written yet.
func Open(repo *gitrepo.Repo, o remote.Options, q Quorum) *Switch {
	return &Switch{repo: repo, o: o, q: q}
}

// ReadHalts asks the remote which halt orders stand. Orders that were on the remote and are gone, and such that cannot
// be read, halt everyone, and the error says why. When the remote cannot be reached, Orders is what was read last, with
// that time, and the error wraps gitrepo.ErrRemoteDown: how long that may be good enough is the caller's to say.
func (s *Switch) ReadHalts(ctx context.Context, now time.Time) (Orders, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tip, err := s.fetch(ctx)
	switch {
	case errors.Is(err, remote.ErrRewound):
		return unreadable(err, now), err
	case err != nil:
		return s.known(ctx, err)
	}
	c, err := s.reduce(ctx, tip)
	if err != nil {
		return unreadable(err, now), err
	}
	c.Read = now
	s.last = c
	return c, nil
}

// known is what was read last: by this Switch, else by anyone with this repository.
func (s *Switch) known(ctx context.Context, why error) (Orders, error) {
	why = fmt.Errorf("read the halt orders: %w", why)
	if !s.last.Read.IsZero() {
		return s.last, why
	}
	c, err := s.local(ctx)
	if err != nil {
		return c, errors.Join(why, err)
	}
	return c, why
}

// Known is what was read last by anybody with this repository. Nothing is fetched; without a remote it is all there is.
func (s *Switch) Known(ctx context.Context) (Orders, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.local(ctx)
}

func (s *Switch) local(ctx context.Context) (Orders, error) {
	tip, err := s.here()
	if err == nil {
		var c Orders
		if c, err = s.reduce(ctx, tip); err == nil {
			return c, nil
		}
	}
	now := time.Time{}
	if s.q.Now != nil {
		now = s.q.Now()
	}
	return unreadable(err, now), err
}

func (s *Switch) here() (string, error) {
	if s.o.Remote == "" {
		return remote.Here(s.repo, ref)
	}
	return s.history().Seen()
}

func (s *Switch) history() remote.History {
	return remote.NewHistory(s.repo, s.o.Remote, ref, "control")
}

// fetch returns the newest order's commit, "" if there was never one.
func (s *Switch) fetch(ctx context.Context) (string, error) {
	if s.o.Remote == "" {
		return remote.Here(s.repo, ref)
	}
	var tip string
	err := s.o.Retry(ctx, func() (err error) {
		tip, err = s.history().Fetch(ctx)
		return err
	})
	return tip, err
}

// reduce adds up all orders to a commit.
func (s *Switch) reduce(ctx context.Context, tip string) (Orders, error) {
	if tip == s.tip && tip != "" {
		return s.sum, nil
	}
	orders, err := s.orders(ctx, tip)
	if err != nil {
		return Orders{}, err
	}
	s.sum, s.tip = s.q.standing(orders), tip
	return s.sum, nil
}

// orders reads the orders to a commit, oldest first, and judges who gave them.
func (s *Switch) orders(ctx context.Context, tip string) ([]spoken, error) {
	if tip == "" {
		return nil, nil
	}
	hashes, err := s.chain(ctx, tip)
	if err != nil {
		return nil, s.broken(tip, err)
	}
	var out []spoken
	for i, hash := range slices.Backward(hashes) {
		o, err := s.order(hash, i == len(hashes)-1)
		if err == nil {
			var said spoken
			if said, err = s.spoken(hash, o); err == nil {
				out = append(out, said)
				continue
			}
		}
		return nil, s.broken(hash, err)
	}
	return out, nil
}

func (s *Switch) spoken(hash string, o Order) (spoken, error) {
	payload, armored, err := s.repo.Signature(hash)
	if err != nil {
		return spoken{}, err
	}
	return spoken{o, s.q.voice(payload, armored, o.At)}, nil
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

// order reads one commit's order. Only the first has no parent, so that no end of a shallow clone hides orders.
func (s *Switch) order(hash string, first bool) (Order, error) {
	c, err := s.repo.Header(hash)
	if err != nil {
		return Order{}, err
	}
	want := 1
	if first {
		want = 0
	}
	if len(c.Parents) != want {
		return Order{}, fmt.Errorf("it has %d parents; is this clone shallow? then: git fetch --unshallow", len(c.Parents))
	}
	raw, err := s.repo.ReadFile(hash, file, maxFile)
	if err != nil {
		return Order{}, err
	}
	return Decode(raw)
}

func (s *Switch) broken(commit string, why error) error {
	if errors.Is(why, gitrepo.ErrPartial) { // nothing is wrong with it
		return fmt.Errorf("branch ringfence/control, commit %s: %w", gitrepo.Short(commit), why)
	}
	return fmt.Errorf("%w: branch ringfence/control, commit %s: %w; everyone is halted; look with: git show %s", ledger.ErrBroken, gitrepo.Short(commit), why, gitrepo.Short(commit))
}
