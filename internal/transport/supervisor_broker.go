package transport

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/providers"
)

// supervision is what a broker needs to run changing commands under the host's supervisor. The broker's turn guards
// its count.
type supervision struct {
	action Action
	dir    string // see supervisor
	count  int    // commands that were started
	over   error  // why no further changing command may run in this call
}

// NewSupervisedBroker returns a broker that runs commands which may change the host under the supervisor there: each
// at most once, and on to its end when the connection breaks. The error is then providers.ErrLost as ever, and Ask
// says later how it went. The action's first such command has the action's id, further ones a number behind it.
//
// After a command that was lost, or refused with ErrClaimed, ErrFenced or ErrLate, the broker runs no other changing command:
// what a provider does next presumes that it knows what came before.
func NewSupervisedBroker(conn Conn, desc providers.Description, opt Options, a Action) *Broker {
	b := NewBroker(conn, desc, opt)
	b.supervised = &supervision{action: a}
	return b
}

// Another returns the broker of another provider that works on the same action once b's call is over: its commands are
// numbered on, and where b may run no further changing command, neither may it.
func (b *Broker) Another(desc providers.Description) *Broker {
	next := NewBroker(b.conn, desc, b.opt)
	next.supervised = b.supervised
	return next
}

// Denied returns an error that wraps ErrClaimed, ErrFenced or ErrLate if the host refused a command of this call, however the
// provider put it, and nil otherwise.
func (b *Broker) Denied() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.denied
}

// supervise runs a command under the supervisor and settles the journal: only a start that the host confirmed, or
// whose answer was lost, is in it afterwards.
func (b *Broker) supervise(ctx context.Context, c providers.Command, argv []string) (providers.Output, error) {
	over := b.supervised.over
	if over != nil {
		return providers.Output{}, fmt.Errorf("%s: %w: %v", c.Name, errOver, over)
	}
	b.started(c, argv)
	out, err := b.supervised.run(ctx, supervisor{conn: b.conn, root: c.Root, dir: b.supervised.dir, max: b.opt.MaxOutput}, b.opt, argv)
	b.ended(out, err)
	if err == nil {
		return out, nil
	}
	err = fmt.Errorf("%s: %w", c.Name, err)
	if errors.Is(err, ErrClaimed) || errors.Is(err, ErrFenced) || errors.Is(err, ErrLate) {
		b.mu.Lock()
		b.denied = err
		b.mu.Unlock()
	}
	if !neverStarted(err) || b.Denied() != nil {
		b.supervised.over = err
	}
	return providers.Output{}, err
}

var errOver error = refusal("an earlier command of this action did not end well")

func (v *supervision) run(ctx context.Context, s supervisor, opt Options, argv []string) (providers.Output, error) {
	id, err := hostID(v.action.ID, v.count+1)
	if err != nil {
		return providers.Output{}, err
	}
	opt = opt.withDefaults()
	ctx, cancel := context.WithTimeoutCause(ctx, opt.Timeout, fmt.Errorf("no end within %s: %w", opt.Timeout, context.DeadlineExceeded))
	defer cancel()
	a := v.action
	if v.count > 0 {
		a.By = time.Time{} // the action is under way
	}
	if err := s.start(ctx, id, a, argv); err != nil {
		return providers.Output{}, err
	}
	v.count++
	return s.wait(ctx, id)
}
