package control

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

// Errors that callers branch on. With each of them nothing was written.
var (
	ErrNotHalted = errors.New("it is not halted") // there is nothing to lift
	ErrStands    = errors.New("it is held already")
	ErrNoVoice   = errors.New("the order would not count")
	ErrAgreed    = errors.New("this person has agreed already")
)

// Halt orders that nothing is started any more for o.Tenant. It returns once the remote has the order.
func (s *Switch) Halt(ctx context.Context, o Order) (Orders, error) {
	o.Kind = Halt
	return s.write(ctx, o, func(Orders) error { return nil })
}

// Break holds an update. One that is held already is left as it is: ErrStands.
func (s *Switch) Break(ctx context.Context, o Order) (Orders, error) {
	o.Kind, o.Tenant = Break, Everyone
	return s.write(ctx, o, func(c Orders) error {
		if _, stands := c.Broken(o.Update); stands {
			return ErrStands
		}
		return nil
	})
}

// Lift writes an Unhalt or an Unbreak and returns what stands after it. An Unhalt is about all halts of its very
// tenant: Everyone lifts those for everyone, not those of single tenants. Whether something is lifted is the quorum's to
// say. Without anything to lift it returns ErrNotHalted, from somebody who has no say ErrNoVoice, a second time from the
// same person ErrAgreed. A halt that comes in between is not lifted unseen: the error then wraps remote.ErrMoved.
func (s *Switch) Lift(ctx context.Context, o Order) (Orders, error) {
	var seen []Order
	return s.write(ctx, o, func(c Orders) error {
		var standing []Order
		for _, x := range c.Left(o) {
			standing = append(standing, x.Order)
		}
		if seen == nil {
			seen = standing
		}
		switch {
		case len(standing) == 0:
			return ErrNotHalted
		case !slices.EqualFunc(standing, seen, Order.same):
			return fmt.Errorf("%w: a halt of %s came in", remote.ErrMoved, o.Tenant)
		}
		return nil
	})
}

// same compares orders that stand; when failures are forgiven is no part of them.
func (o Order) same(other Order) bool {
	o.UpTo, other.UpTo = nil, nil
	return o == other
}

// write appends an order to what check accepts.
func (s *Switch) write(ctx context.Context, o Order, check func(Orders) error) (after Orders, err error) {
	o = o.filled()
	if err := o.check(); err != nil {
		return Orders{}, err
	}
	err = s.o.Retry(ctx, func() error {
		after, err = s.writeOnce(ctx, o, check)
		return err
	})
	return after, err
}

func (s *Switch) writeOnce(ctx context.Context, o Order, check func(Orders) error) (Orders, error) {
	tip, err := s.fetch(ctx)
	if err != nil {
		return Orders{}, err
	}
	s.mu.Lock()
	c, err := s.reduce(ctx, tip)
	s.mu.Unlock()
	if err != nil {
		return Orders{}, err
	}
	if err := check(c); err != nil {
		return Orders{}, err
	}
	for _, x := range c.Left(o) { // a clock that lags must not keep an order from counting
		if o.At.Before(x.At) {
			o.At = x.At
		}
	}
	commit, err := s.commit(ctx, tip, o)
	if err != nil {
		return Orders{}, err
	}
	after, err := s.effect(c, commit, o)
	if err != nil {
		return Orders{}, err
	}
	return after, s.publish(ctx, commit, tip)
}

// effect is what an order would change, before anybody sees it: one that changes nothing is not written.
func (s *Switch) effect(c Orders, commit string, o Order) (Orders, error) {
	said, err := s.spoken(commit, o)
	if err != nil {
		return Orders{}, err
	}
	after := s.q.after(c, said)
	if len(c.Left(o)) == 0 { // it lifts nothing, so it adds something
		return after, nil
	}
	if !s.q.counts(said.voice) {
		return Orders{}, fmt.Errorf("%w: %s", ErrNoVoice, said.voice)
	}
	if agreements(after.Left(o)) == agreements(c.Left(o)) && len(after.Left(o)) == len(c.Left(o)) {
		return Orders{}, ErrAgreed
	}
	return after, nil
}

// agreements counts the persons who have agreed to each.
func agreements(list []Standing) (n int) {
	for _, s := range list {
		n += heads(s.Agreed)
	}
	return n
}

func (s *Switch) commit(ctx context.Context, tip string, o Order) (string, error) {
	raw, err := ledger.Encode(o)
	if err != nil {
		return "", err
	}
	about := o.Tenant
	if o.Update != "" {
		about = o.Update
	}
	return s.repo.Commit(ctx, gitrepo.CommitSpec{
		Parent: tip, Files: map[string][]byte{file: raw}, AuthorName: ledger.Author, AuthorEmail: ledger.AuthorEmail, When: o.At, Sign: s.o.Sign,
		Message: ledger.Line(fmt.Sprintf("%s %s by %s: %s", o.Kind, about, o.By, o.Reason)) + "\n",
	})
}

func (s *Switch) publish(ctx context.Context, commit, tip string) error {
	if s.o.Remote == "" {
		return s.repo.UpdateRef(ctx, ref, commit, tip)
	}
	return s.history().Push(ctx, commit)
}
