package transport

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ringfence/ringfence/providers"
)

// Broker is what a provider is handed for one host and one call. It runs nothing but the allow-list of the
// provider's description, one command at a time, and remembers what it ran. It may be used concurrently.
type Broker struct {
	conn Conn
	desc providers.Description
	opt  Options
	turn chan struct{} // holds one token: commands of one call may depend on each other
	mu   sync.Mutex
	ran  []Ran

	supervised *supervision // nil: every command runs directly
	denied     error
}

var _ providers.Exec = (*Broker)(nil)

// Ran is one command that was started on the host.
type Ran struct {
	Command  string // its name in the allow-list
	Argv     []string
	Mutates  bool
	ExitCode int
	Lost     bool // no exit status has come back (yet)
}

// NewBroker returns the broker of one call. Every command is bounded by opt.
func NewBroker(conn Conn, desc providers.Description, opt Options) *Broker {
	return &Broker{conn: conn, desc: desc, opt: opt, turn: make(chan struct{}, 1)}
}

// Run implements providers.Exec. Besides the errors named there it returns ErrSudo when the host's sudo does not let
// the command run.
func (b *Broker) Run(ctx context.Context, command string, args map[string][]string) (providers.Output, error) {
	c, err := b.desc.Command(command)
	if err != nil {
		return providers.Output{}, err
	}
	argv, err := c.Expand(args)
	if err != nil {
		return providers.Output{}, err
	}
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return providers.Output{}, fmt.Errorf("%w: %s: %w", ErrUnreachable, command, context.Cause(ctx))
	}
	return b.run(ctx, c, argv)
}

func (b *Broker) run(ctx context.Context, c providers.Command, argv []string) (providers.Output, error) {
	if c.Mutates && b.supervised != nil {
		return b.supervise(ctx, c, argv)
	}
	escalate := c.Root && b.conn.User() != "root"
	if escalate {
		argv = withSudo(argv)
	}
	b.started(c, argv)
	out, err := b.conn.Run(ctx, argv, b.opt)
	if err == nil && escalate {
		out, err = readSudo(out)
	}
	b.ended(out, err)
	if err != nil {
		return providers.Output{}, fmt.Errorf("%s: %w", c.Name, err)
	}
	return out, nil
}

// started writes the command down as lost before it runs, so that whoever asks meanwhile, or after a panic, learns
// of it.
func (b *Broker) started(c providers.Command, argv []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ran = append(b.ran, Ran{Command: c.Name, Argv: argv, Mutates: c.Mutates, Lost: true})
}

// ended settles the last entry. An error that does not say "nothing was started" leaves it lost.
func (b *Broker) ended(out providers.Output, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := len(b.ran) - 1
	switch {
	case err == nil:
		b.ran[last].Lost, b.ran[last].ExitCode = false, out.ExitCode
	case neverStarted(err):
		b.ran = b.ran[:last]
	}
}

func neverStarted(err error) bool {
	if errors.Is(err, providers.ErrLost) {
		return false
	}
	return errors.Is(err, providers.ErrRefused) || errors.Is(err, ErrUnreachable) || errors.Is(err, ErrSudo)
}

// Journal returns what was started so far, in order. Commands that were refused are not in it.
func (b *Broker) Journal() []Ran {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.ran)
}

// None is the Exec of providers that reach their fleet themselves: it refuses everything.
type None struct{}

var _ providers.Exec = None{}

// Run refuses.
func (None) Run(_ context.Context, command string, _ map[string][]string) (providers.Output, error) {
	return providers.Output{}, fmt.Errorf("%w: %.80q: this provider declared that it needs no connection", providers.ErrRefused, command)
}
