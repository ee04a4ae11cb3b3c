// Package runner turns a plan into a record. Scan asks every host through its provider and assembles a snapshot; Run
// carries out what is due of a plan, driven by the pure core in step.go; both hand what they learnt to a Recorder.
//
// The runner reaches hosts only through sessions that its caller opens, so it knows no SSH, no plugin process and no
// Git; time comes from the Clock it is given.
package runner

import (
	"context"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/providers"
)

// Clock tells the time of a run. A tenant with testClock runs on a clock that starts where the caller says.
type Clock func() time.Time

// Opener opens a session with a host. Errors say why there is none: ErrQuarantined, ErrUnreachable, ErrProvider.
type Opener interface {
	Open(ctx context.Context, host policy.Host) (Session, error)
}

// Session is one host with its provider and the broker that serves the provider's commands.
type Session struct {
	Provider providers.Provider
	Exec     providers.Exec
	// Started reports whether a command that may change the host was started in this session.
	Started func() bool
	Close   func() error
}

// Ref names a host to its provider.
func ref(tenant string, h policy.Host) providers.HostRef {
	return providers.HostRef{Tenant: tenant, Name: h.Name}
}
