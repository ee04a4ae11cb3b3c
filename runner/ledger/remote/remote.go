// Package remote is where runners meet: refs that they share through a remote, or without one in the local repository,
// and move by compare-and-swap alone. Refs hold one small file each; a History is a branch that only grows.
package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
)

// Errors that callers branch on, beside those of gitrepo.
var (
	ErrMoved   = errors.New("somebody else wrote the ledger meanwhile") // and nothing was written
	ErrRewound = errors.New("the remote lost records that were on it")
)

// Options say how a ledger, the leases and the halt orders are shared. The zero value shares nothing: the local
// repository is the place that counts.
type Options struct {
	Remote string           // where all runners of the tenants meet; "" for none
	Sign   gitrepo.SignFunc // nil: what is written carries no signature, and is shown so
	Signed bool             // no record is written without a signature
	Tries  int              // how often a write that others overtook is tried; 0: 12
	Margin time.Duration    // by which the clocks of two runners may differ; 0: two minutes

	// Rand returns a number in [0, n), for the waits between tries; nil: every wait has its full length.
	Rand func(n int64) int64
	// Sleep waits, or returns the context's error; nil: by the machine's clock.
	Sleep func(context.Context, time.Duration) error
}

const (
	defaultTries = 12
	firstWait    = 100 * time.Millisecond
	longestWait  = 5 * time.Second
)

// Attempts is how often a write is tried that others overtake.
func (o Options) Attempts() int {
	if o.Tries > 0 {
		return o.Tries
	}
	return defaultTries
}

// Pause waits before another try: up to a span that doubles each time, so that runners which collide once do not
// collide for ever.
func (o Options) Pause(ctx context.Context, try int) error {
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

// Retry calls write until no other writer was quicker. After too many tries the error wraps ErrMoved.
func (o Options) Retry(ctx context.Context, write func() error) error {
	var err error
	for try := range o.Attempts() {
		if try > 0 {
			if err := o.Pause(ctx, try); err != nil {
				return err
			}
		}
		if err = write(); !Overtaken(err) {
			return err
		}
	}
	return fmt.Errorf("%w: %s", ErrMoved, err)
}

// Overtaken reports whether another writer, here or elsewhere, was quicker.
func Overtaken(err error) bool { return errors.Is(err, gitrepo.ErrRefMoved) }
