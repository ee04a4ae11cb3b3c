package runner

import (
	"context"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/runner/ledger"
)

// Patience is how long a rebooting host is waited for in all; the pause before asking it grows from First to Most.
type Patience struct{ First, Most, Total time.Duration }

// DefaultPatience waits ten minutes.
var DefaultPatience = Patience{First: 200 * time.Millisecond, Most: 5 * time.Second, Total: 10 * time.Minute}

// Recorder keeps what happens. Intent must be durable when it returns: only then does anything start. It judges the
// wave once more, by what is known by then; where that forbids the wave its error is a *RefusedError.
type Recorder interface {
	Intent(ctx context.Context, actions []ledger.Action) error
	Outcome(ctx context.Context, actions []ledger.Action, readings []Reading) error
}

// RefusedError says why a wave that was planned may not start any more. The rest of the run is not concerned.
type RefusedError struct{ Why string }

func (e *RefusedError) Error() string { return "refused: " + e.Why }

// RefusedWave is a wave that did not start, with its actions as skipped.
type RefusedWave struct {
	Why     string
	Actions []ledger.Action
}

// Input is what a run needs. Plan is the plan to carry out; Preview, when there is one, is its closure.
type Input struct {
	Policy   *policy.Tenant
	Site     string // budgets do not cross sites
	Plan     *plan.Plan
	Preview  *plan.Preview
	Failures []plan.Failure
	InDoubt  []plan.InDoubt
	Reboots  []plan.Rebooted
	Snapshot *inventory.Snapshot // what is known of the hosts before the run; nil: nothing
	Opener   Opener
	Clock    Clock
	Recorder Recorder
	Journal  Journal // nil: the ledger alone tells what may have begun
	Parallel int
	Reboot   Patience
	Timing   Timing
	// RebootNeed is what a reboot may take: none starts that could not end inside its window.
	RebootNeed time.Duration
	// Lease renews this run's lease; nil: nobody else can be at work, so none is needed.
	Lease func(context.Context) (Lease, error)
	// Halt reads the control branch; when it cannot be read the reading it returns is the last one. Nil: there is none.
	Halt func(context.Context) Halt
	// Now is machine time, which leases and halt orders live by; Clock may be a test clock.
	Now Clock
	// Left says whether a due host still has work: a plan that is applied again leaves alone what is done. Nil: all.
	Left func(host string, c plan.Change, opens time.Time) bool
	// Stop asks for a safe point: nothing more starts, what runs goes on.
	Stop <-chan struct{}
	// Observe is told of each action as it is started and as it ends; never from two goroutines at once.
	Observe func(ledger.Action)
}

// Outcome is what a run did.
type Outcome struct {
	Actions     []ledger.Action // in the order in which they ended
	Stopped     []string        // rings that stopAtFailures stopped
	Left        int             // hosts that were due and never started
	Refused     []RefusedWave   // waves that were due when the run began, and no longer when their turn came
	Interrupted bool
	Why         Why   // what ended the run early, if anything did
	Trouble     error // why the lease was lost or an intent not recorded
	Provider    error // set when a provider was gone
}

// Count returns how many actions of a verb ended with a status.
func (o Outcome) Count(verb ledger.Verb, status ledger.Status) int {
	n := 0
	for _, a := range o.Actions {
		if a.Verb == verb && a.Status == status {
			n++
		}
	}
	return n
}
