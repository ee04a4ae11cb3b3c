package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// Halt orders that nothing is started any more for h.Tenant. It returns once the remote has the order.
func (s *Switch) Halt(ctx context.Context, h Halt) error {
	h.Kind = KindHalt
	return s.write(ctx, h, func(Control) error { return nil })
}

// Unhalt lifts all halts of h.Tenant: Everyone lifts those for everyone, not those of single tenants. Without one it
// returns ErrNotHalted. A halt that comes in between is not lifted unseen: the error then wraps ErrMoved.
func (s *Switch) Unhalt(ctx context.Context, h Halt) error {
	h.Kind = KindUnhalt
	var lifted []Halt
	return s.write(ctx, h, func(c Control) error {
		standing := c.of(h.Tenant)
		if lifted == nil {
			lifted = standing
		}
		switch {
		case len(standing) == 0:
			return ErrNotHalted
		case !slices.Equal(standing, lifted):
			return fmt.Errorf("%w: a halt of %s came in", ErrMoved, h.Tenant)
		}
		return nil
	})
}

// write appends an order to what check accepts.
func (s *Switch) write(ctx context.Context, h Halt, check func(Control) error) error {
	h = h.filled()
	if err := h.check(); err != nil {
		return err
	}
	return s.o.retry(ctx, func() error { return s.writeOnce(ctx, h, check) })
}

func (s *Switch) writeOnce(ctx context.Context, h Halt, check func(Control) error) error {
	tip, err := s.fetch(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	c, err := s.reduce(ctx, tip)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if err := check(c); err != nil {
		return err
	}
	raw, err := encode(h)
	if err != nil {
		return err
	}
	commit, err := s.repo.Commit(ctx, gitrepo.CommitSpec{
		Parent: tip, Files: map[string][]byte{haltFile: raw}, AuthorName: authorName, AuthorEmail: authorEmail, When: h.At, Sign: s.o.Sign,
		Message: untrusted.Line(fmt.Sprintf("%s %s by %s: %s", h.Kind, h.Tenant, h.By, h.Reason), maxSubject) + "\n",
	})
	if err != nil {
		return err
	}
	if s.o.Remote == "" {
		return s.repo.UpdateRef(ctx, controlRef, commit, tip)
	}
	return s.shared().push(ctx, commit)
}
