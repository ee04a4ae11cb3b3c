package branch

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

// history is the ledger on the remote.
func (l *Ledger) history() remote.History {
	return remote.NewHistory(l.repo, l.o.Remote, l.ref, "ledger/"+l.tenant)
}

// appendShared pushes the record before it moves the local branch, so that a record which must be on the remote and
// could not get there leaves nothing behind. A runner that is killed in between finds its record there with Sync.
func (l *Ledger) appendShared(ctx context.Context, prev Head, e Entry) (Head, error) {
	tip, err := l.tip(ctx, prev)
	if err != nil {
		return Head{}, err
	}
	var next Head
	for try := range l.o.Attempts() {
		if try > 0 {
			if why := l.catchUp(ctx, try); why != nil {
				return l.keep(ctx, tip, next, e, why)
			}
			if tip, err = l.Head(ctx); err != nil {
				return Head{}, err
			}
			if got, err := l.repo.Descends(ctx, tip.Commit, next.Commit); got || err != nil { // refused, and yet taken
				return next, err
			}
		}
		if next, err = l.build(ctx, tip, e); err != nil {
			return Head{}, err
		}
		if err = l.history().Push(ctx, next.Commit); err == nil {
			// The record is written. A local branch that cannot follow, or that another process moved, is put right by
			// the next Sync.
			_ = l.move(ctx, next.Commit, tip.Commit)
			return next, nil
		}
		if !remote.Overtaken(err) {
			return l.keep(ctx, tip, next, e, err)
		}
	}
	return l.keep(ctx, tip, next, e, fmt.Errorf("%w: %w", remote.ErrMoved, err))
}

// tip is the local branch, which may have moved since the caller read prev.
func (l *Ledger) tip(ctx context.Context, prev Head) (Head, error) {
	here, err := remote.Here(l.repo, l.ref)
	if err == nil && here == prev.Commit {
		return prev, nil
	}
	return l.Head(ctx)
}

// catchUp waits and fetches what others wrote.
func (l *Ledger) catchUp(ctx context.Context, try int) error {
	if err := l.o.Pause(ctx, try); err != nil {
		return err
	}
	return l.sync(ctx)
}

// keep writes a record here that could not be pushed because of why, unless it must be there or nowhere. Next is what
// was tried last, on top of tip: if the remote took it and the answer was lost, the very same commit must be kept, or
// the record would count twice.
func (l *Ledger) keep(ctx context.Context, tip, next Head, e Entry, why error) (Head, error) {
	if e.MustPush {
		return Head{}, why
	}
	if errors.Is(why, remote.ErrMoved) { // which would promise that nothing was written
		why = errors.New(why.Error())
	}
	for range l.o.Attempts() {
		err := l.move(ctx, next.Commit, tip.Commit)
		if err == nil {
			return next, fmt.Errorf("%w; push it later with: ringfence ledger push: %w", ErrUnpushed, why)
		}
		if !remote.Overtaken(err) {
			return Head{}, errors.Join(why, err)
		}
		if tip, err = l.Head(ctx); err != nil {
			return Head{}, errors.Join(why, err)
		}
		if next, err = l.build(ctx, tip, e); err != nil {
			return Head{}, errors.Join(why, err)
		}
	}
	return Head{}, fmt.Errorf("%w: %w", remote.ErrMoved, why)
}

// fork is the number of the last record that two histories share, 0 for none.
func (l *Ledger) fork(ctx context.Context, a, b Head) (int, error) {
	type place struct {
		commit string
		seq    int
	}
	x, y := place{a.Commit, a.State.Seq}, place{b.Commit, b.State.Seq}
	for x.commit != y.commit {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if x.seq < y.seq {
			x, y = y, x
		}
		parent, err := l.before(x.commit, x.seq)
		if err != nil {
			return 0, err
		}
		x = place{parent, x.seq - 1}
	}
	return x.seq, nil
}

// before is the commit of the record before one, "" before the first.
func (l *Ledger) before(commit string, seq int) (string, error) {
	c, err := l.repo.Header(commit)
	if errors.Is(err, gitrepo.ErrNoObject) {
		return "", fmt.Errorf("ledger of %s: record %d is not here; fetch the rest: git fetch --unshallow", l.tenant, seq)
	}
	if err != nil {
		return "", l.broken(commit, err)
	}
	if _, err := l.follows(c); err != nil {
		return "", l.broken(commit, err)
	}
	if len(c.Parents) == 0 {
		return "", nil
	}
	return c.Parents[0], nil
}
