package fleet

import (
	"context"
	"errors"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/transport"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner"
)

// Ask implements runner.Asker through the host's supervisor. It keeps account of what goes through connections alone:
// where one provider of several needs none, "it was never started" is not known.
func (f *Fleet) Ask(ctx context.Context, h policy.Host, claim runner.Claim) (runner.Standing, error) {
	told := 0
	for _, name := range h.Providers {
		p, err := f.provider(ctx, name)
		if err != nil {
			return "", err
		}
		if p.desc.Connection != providers.ConnectNone {
			told++
		}
	}
	if told == 0 {
		return runner.StandingUntold, nil
	}
	conn, err := f.dial(ctx, h)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if claim.Fence > 0 {
		if err := transport.Fence(ctx, conn, transport.Action{Scope: f.scope(h), Fence: claim.Fence}); err != nil {
			return "", err
		}
	}
	st, err := transport.Ask(ctx, conn, claim.ID)
	if err != nil {
		return "", err
	}
	standing := standings[st.State]
	if standing != runner.StandingRunning && told < len(h.Providers) {
		return runner.StandingUntold, nil
	}
	return standing, nil
}

var standings = map[transport.State]runner.Standing{
	transport.StateNone: runner.StandingNone, transport.StateClaimed: runner.StandingRunning, transport.StateRunning: runner.StandingRunning,
	transport.StateEnded: runner.StandingEnded, transport.StateLost: runner.StandingLost,
}

// denied puts the host's refusal in the runner's words.
func denied(err error) error {
	switch {
	case errors.Is(err, transport.ErrFenced):
		return runner.ErrFenced
	case errors.Is(err, transport.ErrLate):
		return runner.ErrLate
	case err != nil:
		return runner.ErrClaimed
	}
	return nil
}
