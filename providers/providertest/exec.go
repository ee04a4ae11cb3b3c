// Package providertest checks any implementation of providers.Provider: Run is the suite that every provider must
// pass, Exec is a host made of recorded outputs.
package providertest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/ringfence/ringfence/providers"
)

// Exec is a scripted host. It refuses what the broker would refuse, answers what was recorded and remembers every
// call. It is safe for concurrent use.
type Exec struct {
	desc  providers.Description
	mu    sync.Mutex
	rules []rule
	calls []Call
}

var _ providers.Exec = (*Exec)(nil)

// Call is one command that a provider ran. Err is what it was answered with.
type Call struct {
	Command string
	Args    map[string][]string
	Argv    []string // nil when the command was refused
	Err     error
}

// Match says whether an answer belongs to a call with these arguments.
type Match func(args map[string][]string) bool

// Answer is a scripted reaction to one call.
type Answer func(ctx context.Context, args map[string][]string) (providers.Output, error)

type rule struct {
	command string
	match   Match
	answer  Answer
}

// NewExec returns a host that knows the description's commands and has an answer to none.
func NewExec(desc providers.Description) *Exec { return &Exec{desc: desc} }

// Any matches every call.
func Any(map[string][]string) bool { return true }

// Exactly matches calls with these arguments and no others.
func Exactly(want map[string][]string) Match {
	return func(args map[string][]string) bool { return maps.EqualFunc(args, want, slices.Equal) }
}

// On answers matching calls with out; a nil match is Any. A later rule wins over an earlier one, so a test can change
// the host between two calls.
func (e *Exec) On(command string, match Match, out providers.Output) *Exec {
	return e.Do(command, match, func(context.Context, map[string][]string) (providers.Output, error) { return out, nil })
}

// Fail answers matching calls with an error, such as providers.ErrLost.
func (e *Exec) Fail(command string, match Match, err error) *Exec {
	return e.Do(command, match, func(context.Context, map[string][]string) (providers.Output, error) {
		return providers.Output{}, err
	})
}

// Do answers matching calls by calling answer, which may keep a state of its own. Calls of answer are not serialised.
func (e *Exec) Do(command string, match Match, answer Answer) *Exec {
	if match == nil {
		match = Any
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rules = append(e.rules, rule{command, match, answer})
	return e
}

// Calls returns every call so far, in order.
func (e *Exec) Calls() []Call {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls)
}

// Run implements providers.Exec.
func (e *Exec) Run(ctx context.Context, command string, args map[string][]string) (providers.Output, error) {
	argv, err := e.expand(command, args)
	var out providers.Output
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		out, err = e.find(command, args)(ctx, args)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, Call{Command: command, Args: maps.Clone(args), Argv: argv, Err: err})
	return out, err
}

func (e *Exec) expand(command string, args map[string][]string) ([]string, error) {
	c, err := e.desc.Command(command)
	if err != nil {
		return nil, err
	}
	return c.Expand(args)
}

func (e *Exec) find(command string, args map[string][]string) Answer {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range slices.Backward(e.rules) {
		if r.command == command && r.match(args) {
			return r.answer
		}
	}
	return func(context.Context, map[string][]string) (providers.Output, error) {
		return providers.Output{}, fmt.Errorf("providertest: no answer is recorded for %s %v", command, args)
	}
}
