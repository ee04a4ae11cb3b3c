package branch

import (
	"context"
	"fmt"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

// Sync brings the remote's records here. Records that are only here are put on top of them: each is reduced again and
// gets a new number and commit; none is lost, and none that was signed loses its signature: without a key the error is
// ErrUnsigned, and they stay where they are. A remote that lost records which this repository saw on it is
// remote.ErrRewound, and nothing is changed. Without a remote there is nothing to do.
func (l *Ledger) Sync(ctx context.Context) error {
	if err := l.check(); err != nil {
		return err
	}
	if l.o.Remote == "" {
		return nil
	}
	if err := l.sync(ctx); err != nil {
		return fmt.Errorf("bring the ledger of %s here: %w", l.tenant, err)
	}
	return nil
}

func (l *Ledger) sync(ctx context.Context) error {
	return l.o.Retry(ctx, func() error { return l.syncOnce(ctx) })
}

func (l *Ledger) syncOnce(ctx context.Context) error {
	tip, err := l.history().Fetch(ctx)
	if err != nil || tip == "" {
		return err
	}
	if here, err := remote.Here(l.repo, l.ref); err != nil || here == tip {
		return err
	}
	far, err := l.at(tip)
	if err != nil {
		return err
	}
	local, err := l.Head(ctx)
	if err != nil {
		return err
	}
	fork, err := l.fork(ctx, local, far)
	switch {
	case err != nil:
		return err
	case fork == far.State.Seq: // nothing new there
		return nil
	case fork < local.State.Seq:
		return l.reparent(ctx, local, fork, far)
	}
	return l.move(ctx, far.Commit, local.Commit)
}

// reparent moves the local records after number fork on top of far.
func (l *Ledger) reparent(ctx context.Context, local Head, fork int, far Head) error {
	hashes, err := l.since(ctx, local, fork)
	if err == nil {
		err = l.mayResign(hashes)
	}
	if err != nil {
		return err
	}
	tip := far
	for _, hash := range hashes {
		e, err := l.entryOf(hash)
		if err != nil {
			return err
		}
		if tip, err = l.build(ctx, tip, e); err != nil {
			return err
		}
	}
	return l.move(ctx, tip.Commit, local.Commit)
}

// mayResign refuses to write records again without a key of which one is signed.
func (l *Ledger) mayResign(hashes []string) error {
	for _, hash := range hashes {
		c, err := l.repo.Header(hash)
		if err != nil {
			return l.broken(hash, err)
		}
		if c.Signed && l.o.Sign == nil {
			return fmt.Errorf("record %s is only here and signed, and has to be signed again to follow what others wrote: %w", gitrepo.Short(hash), ErrUnsigned)
		}
	}
	return nil
}

// Unpushed counts the records that are here and were not seen on the remote. It asks nobody, and is 0 without a remote.
func (l *Ledger) Unpushed(ctx context.Context) (int, error) {
	if l.o.Remote == "" {
		return 0, nil
	}
	local, err := l.Head(ctx)
	if err != nil {
		return 0, err
	}
	seen, err := l.history().Seen()
	if err != nil {
		return 0, fmt.Errorf("ledger of %s: %w", l.tenant, err)
	}
	var far Head
	if seen != "" {
		if far, err = l.at(seen); err != nil {
			return 0, err
		}
	}
	fork, err := l.fork(ctx, local, far)
	return local.State.Seq - fork, err
}

// Push brings every record to the remote that is only here, on top of what others wrote meanwhile. Without a remote
// there is nothing to do.
func (l *Ledger) Push(ctx context.Context) error {
	if err := l.check(); err != nil {
		return err
	}
	if l.o.Remote == "" {
		return nil
	}
	err := l.o.Retry(ctx, func() error {
		if err := l.sync(ctx); err != nil {
			return err
		}
		return l.pushHead(ctx)
	})
	if err != nil {
		return fmt.Errorf("push the ledger of %s: %w", l.tenant, err)
	}
	return nil
}

func (l *Ledger) pushHead(ctx context.Context) error {
	here, err := remote.Here(l.repo, l.ref)
	if err != nil {
		return err
	}
	seen, err := l.history().Seen()
	if err != nil || here == seen {
		return err
	}
	return l.history().Push(ctx, here)
}
