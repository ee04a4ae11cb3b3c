// Package runner turns a plan into a record. Scan asks every host through its provider and assembles a snapshot; Run
// carries out what is due of a plan, driven by the pure core in step.go; both hand what they learnt to a Recorder.
//
// The runner reaches hosts only through sessions that its caller opens, so it knows no SSH, no plugin process and no
// Git; time comes from the Clock it is given.
package runner

import (
	"context"
	"errors"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/providers"
)

// Clock tells the time of a run. A tenant with testClock runs on a clock that starts where the caller says.
type Clock func() time.Time

// Opener opens a session with a host. Errors say why there is none: ErrQuarantined, ErrUnreachable, ErrProvider. What
// changes the host in the session happens under the claim; a session that only reads has the zero Claim.
type Opener interface {
	Open(ctx context.Context, host policy.Host, claim Claim) (Session, error)
}

// Claim is what a change to a host is done under: the action's id, which a host runs at most once, and the fencing
// number of the run's lease, below which a host refuses once it has seen a higher one.
type Claim struct {
	ID    string
	Fence int
	By    time.Time // the last instant of the clock Now at which the change may begin; zero: any
	Now   Clock
}

// Why a host refuses an action.
var (
	ErrClaimed = errors.New("the host says that this action was started before")
	ErrLate    = errors.New("the start came too late: what allowed it may not hold any more")
	ErrFenced  = errors.New("the host has seen a newer lease than this run's")
)

// Standing is how an action stands on its host, whoever started it.
type Standing string

// The standings. StandingUntold is that of providers whose hosts keep no account of actions: only a scan tells.
const (
	StandingUntold  Standing = ""
	StandingNone    Standing = "none" // it was never started, and under an older lease it cannot start any more
	StandingRunning Standing = "running"
	StandingEnded   Standing = "ended"
	StandingLost    Standing = "lost" // it began and is gone without an exit code
)

// Asker is implemented by openers whose hosts keep account of actions. Asking also tells the host the claim's fencing
// number, so that a start under an older one, still on its way, is refused.
type Asker interface {
	Ask(ctx context.Context, host policy.Host, claim Claim) (Standing, error)
}

// Session is one host with its provider and the broker that serves the provider's commands.
type Session struct {
	Provider providers.Provider
	Exec     providers.Exec
	// Started reports whether a command that may change the host was started in this session.
	Started func() bool
	// Denied is ErrClaimed or ErrFenced if the host refused the action, however the provider put it, else nil.
	Denied func() error
	Close  func() error
}

// ref names a host to its provider.
func ref(tenant string, h policy.Host) providers.HostRef {
	return providers.HostRef{Tenant: tenant, Name: h.Name}
}
