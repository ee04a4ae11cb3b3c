package command

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
)

// patience is how a verb with --wait goes on. It is level-triggered: each look reads policy, ledger and hosts anew, so
// a missed one costs nothing.
type patience struct {
	wait  bool
	every time.Duration
}

func (p *patience) flags(c *cobra.Command, until string) {
	c.Flags().BoolVar(&p.wait, "wait", false, "look again every --every "+until)
	c.Flags().DurationVar(&p.every, "every", time.Minute, "with --wait: the `DURATION` between two looks")
}

// lasting says of which errors no later look can be free: they are in how this process was started. All others may pass:
// a remote that is down, a lease that is held, a policy that does not compile.
func lasting(err error) bool {
	return exitOf(err).code == ExitUsage || hasCode(err, diag.NotARepository, diag.UnsupportedRepo, diag.UnknownTenant, diag.WrongTenant)
}

func hasCode(err error, codes ...diag.Code) bool {
	var d diag.Diagnostic
	return errors.As(err, &d) && slices.Contains(codes, d.Code)
}

// again runs look until it says that it is over, or somebody interrupts. A look that fails is told and tried again,
// unless it says that this is of no use.
func (a *app) again(ctx context.Context, p patience, look func() (over bool, err error)) error {
	if !p.wait {
		_, err := look()
		return err
	}
	stop := a.signals.safely()
	said := ""
	for {
		over, err := look()
		interrupted := a.signals.code()
		if over && interrupted == ExitOK {
			return err
		}
		said = a.sayOnce(err, said)
		if interrupted != ExitOK {
			return done(interrupted) // whatever the look came to: who waits was told to stop waiting
		}
		a.out.emit("progress", "waiting", event{"every": p.every.String()})
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-stop:
			return done(a.signals.code())
		case <-time.After(p.every):
		}
	}
}

// sayOnce tells how a look ended, unless the look before ended the same way: who waits for a window of next week is not
// told every minute that it is not yet open.
func (a *app) sayOnce(err error, said string) string {
	if err == nil {
		return ""
	}
	x := exitOf(err)
	if errors.Is(x.err, errSaid) {
		return ""
	}
	if x.Error() != said {
		a.out.failure(x)
	}
	return x.Error()
}
