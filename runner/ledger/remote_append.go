package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/internal/gitrepo"
)

// appendShared pushes the record before it moves the local branch, so that a record which must be on the remote and
// could not get there leaves nothing behind. A runner that is killed in between finds its record there with Sync.
func (l *Ledger) appendShared(ctx context.Context, prev Head, e Entry) (Head, error) {
	var overtook error
	tip, err := l.tip(ctx, prev)
	for try := 0; err == nil && try < l.o.tries(); try++ {
		next, err := l.build(ctx, tip, e)
		if err != nil {
			return Head{}, err
		}
		if err = l.shared().push(ctx, next.Commit); err == nil {
			// The record is written. A local branch that cannot follow, or that another process moved, is put right by
			// the next Sync.
			_ = l.move(ctx, next.Commit, tip.Commit)
			return next, nil
		}
		if !overtaken(err) {
			return l.keep(ctx, tip, e, err)
		}
		overtook = err
		if tip, err = l.catchUp(ctx, try); err != nil {
			return l.keep(ctx, tip, e, err)
		}
	}
	if err != nil {
		return Head{}, err
	}
	if e.MustPush {
		return Head{}, fmt.Errorf("%w: %w", ErrMoved, overtook)
	}
	return l.keep(ctx, tip, e, fmt.Errorf("others write it faster than this runner can: %s", overtook))
}

// tip is the local branch, which may have moved since the caller read prev.
func (l *Ledger) tip(ctx context.Context, prev Head) (Head, error) {
	here, err := absent(l.repo.Ref(l.ref))
	if err == nil && here == prev.Commit {
		return prev, nil
	}
	return l.Head(ctx)
}

// catchUp waits, fetches what others wrote and returns the new tip. With an error it is the tip as it is.
func (l *Ledger) catchUp(ctx context.Context, try int) (Head, error) {
	err := l.o.pause(ctx, try)
	if err == nil {
		err = l.sync(ctx)
	}
	tip, unreadable := l.Head(ctx)
	if err == nil {
		err = unreadable
	}
	return tip, err
}

// keep writes a record here that could not be pushed because of why, unless it must be there or nowhere.
func (l *Ledger) keep(ctx context.Context, tip Head, e Entry, why error) (Head, error) {
	if e.MustPush || errors.Is(why, ErrBroken) {
		return Head{}, why
	}
	for range l.o.tries() {
		next, err := l.build(ctx, tip, e)
		if err != nil {
			return Head{}, errors.Join(why, err)
		}
		if err = l.move(ctx, next.Commit, tip.Commit); err == nil {
			return next, fmt.Errorf("%w; push it later with: ringfence ledger push: %w", ErrUnpushed, why)
		}
		if !overtaken(err) {
			return Head{}, errors.Join(why, err)
		}
		if tip, err = l.Head(ctx); err != nil {
			return Head{}, errors.Join(why, err)
		}
	}
	return Head{}, fmt.Errorf("%w: %w", ErrMoved, why)
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
