package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
)

// Errors of shared ledgers that callers branch on.
var (
	ErrRemoteDown    = gitrepo.ErrRemoteDown
	ErrRemoteRefused = gitrepo.ErrRemoteRefused
	ErrRewound       = errors.New("the remote lost records that were on it")
	ErrUnpushed      = errors.New("the record is kept here, but is not on the remote")
)

// Options say how a ledger, the leases and the halt orders are shared. The zero value shares nothing: the local
// repository is the place that counts.
type Options struct {
	Remote string           // where all runners of the tenants meet; "" for none
	Sign   gitrepo.SignFunc // nil: what is written carries no signature, and is shown so
	Tries  int              // how often a write that others overtook is tried; 0: 12
	Margin time.Duration    // by which the clocks of two runners may differ; 0: two minutes

	// Rand returns a number in [0, n), for the waits between tries; nil: every wait has its full length.
	Rand func(n int64) int64
	// Sleep waits, or returns the context's error; nil: by the machine's clock.
	Sleep func(context.Context, time.Duration) error
}

const (
	defaultTries  = 12
	defaultMargin = 2 * time.Minute
	firstWait     = 100 * time.Millisecond
	longestWait   = 5 * time.Second
)

func (o Options) tries() int {
	if o.Tries > 0 {
		return o.Tries
	}
	return defaultTries
}

func (o Options) margin() time.Duration {
	if o.Margin > 0 {
		return o.Margin
	}
	return defaultMargin
}

// pause waits before another try: up to a span that doubles each time, so that runners which collide once do not
// collide for ever.
func (o Options) pause(ctx context.Context, try int) error {
	span := min(firstWait<<min(try, 16), longestWait)
	if o.Rand != nil {
		span = time.Duration(o.Rand(int64(span)))
	}
	if o.Sleep != nil {
		return o.Sleep(ctx, span)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(span):
		return nil
	}
}

// seenRef holds the last commit of a shared ref that this repository saw on a remote. It lies outside refs/remotes,
// which any git fetch moves backwards without a word.
func seenRef(remote, name string) string { return "refs/ringfence/seen/" + remote + "/" + name }

// seen is that commit, "" before the first.
func (s shared) seen() (string, error) { return absent(s.repo.Ref(s.seenRef)) }

// shared is one ref of a remote whose history only grows.
type shared struct {
	repo    *gitrepo.Repo
	remote  string
	ref     string
	seenRef string
}

func (l *Ledger) shared() shared {
	return shared{l.repo, l.o.Remote, l.ref, seenRef(l.o.Remote, "ledger/"+l.tenant)}
}

// fetch brings the ref's history here and returns its tip, "" without the ref. A tip that is not the last one seen or
// a descendant of it is ErrRewound; otherwise it is remembered.
func (s shared) fetch(ctx context.Context) (string, error) {
	tip, err := absent(s.repo.RemoteRef(ctx, s.remote, s.ref))
	if err != nil {
		return "", err
	}
	seen, err := s.seen()
	if err != nil || tip == seen {
		return tip, err
	}
	if tip == "" {
		return "", s.rewound(seen, "nothing")
	}
	if err := s.repo.Fetch(ctx, s.remote, s.ref); err != nil {
		return "", err
	}
	if seen != "" {
		grown, err := s.repo.Descends(ctx, tip, seen)
		switch {
		case errors.Is(err, gitrepo.ErrNoObject):
			return "", fmt.Errorf("%w: %w", gitrepo.ErrRefMoved, err) // it moved again before the fetch
		case err != nil:
			return "", err
		case !grown:
			return "", s.rewound(seen, tip)
		}
	}
	return tip, s.repo.UpdateRef(ctx, s.seenRef, tip, seen)
}

func (s shared) rewound(seen, now string) error {
	return fmt.Errorf("%w: %s of %s was at %s and is at %s, which does not follow it; restore it with: git push %s %s:%s; "+
		"if it was meant so, forget what was seen with: git update-ref -d %s",
		ErrRewound, s.ref, s.remote, short(seen), short(now), s.remote, short(seen), s.ref, s.seenRef)
}

// push moves the ref from the last value seen to new, which must descend from it.
func (s shared) push(ctx context.Context, new string) error {
	seen, err := s.seen()
	if err != nil {
		return err
	}
	if seen != "" {
		grown, err := s.repo.Descends(ctx, new, seen)
		if err != nil {
			return err
		}
		if !grown { // another process of this machine saw more than new was built on
			return fmt.Errorf("%s: %w", s.ref, gitrepo.ErrRefMoved)
		}
	}
	if err := s.repo.Push(ctx, s.remote, s.ref, new, seen); err != nil {
		return err
	}
	// The remote has it. If this note cannot be written, the next fetch writes it.
	_ = s.repo.UpdateRef(ctx, s.seenRef, new, seen)
	return nil
}

// absent takes a ref that does not exist for the hash "".
func absent(hash string, err error) (string, error) {
	if errors.Is(err, gitrepo.ErrRefNotFound) {
		return "", nil
	}
	return hash, err
}
