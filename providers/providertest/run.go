package providertest

import (
	"context"
	"testing"
	"time"

	"github.com/ringfence/ringfence/providers"
)

// World is a provider and hosts of which it is known what they are. The hosts that a provider cannot have are left
// empty and the checks about them do not run.
type World struct {
	Provider providers.Provider
	At       time.Time
	// Exec connects to a host; nil for a provider without a connection.
	Exec func(providers.HostRef) providers.Exec

	// Missing lacks at least two updates; none of them needs another package, and no package is held. Nothing is wrong
	// with it.
	Missing providers.HostRef
	// PullsIn lacks an update of the package PullsInPackage that needs one that is not installed.
	PullsIn        providers.HostRef
	PullsInPackage string
	// Held lacks an update of a package that is held.
	Held providers.HostRef
	// Unreachable cannot be reached.
	Unreachable providers.HostRef
}

// Run checks that a provider keeps the contract of package providers. open is called for every check and returns
// hosts in their first state. Run the suite in process and once more through package plugin: both must pass.
func Run(t *testing.T, open func(*testing.T) World) {
	t.Helper()
	for _, check := range []struct {
		name string
		run  func(*subject)
	}{
		{"Describe is pure and valid", describeIsPure},
		{"Scan repeats itself and makes sense", scanRepeats},
		{"Preview changes nothing", previewChangesNothing},
		{"Apply reaches exactly its targets", applyIsExact},
		{"Apply is done when there is nothing to do", applyTwice},
		{"Apply refuses a host that moved on", applyRefusesMovedHost},
		{"Apply refuses what nobody offers", applyRefusesUnknown},
		{"Apply stays within the closure", applyStaysInClosure},
		{"Held packages are reported and do not move", heldStays},
		{"An unreachable host is said to be unreachable", unreachableIsSaid},
		{"A cancelled call ends and changes nothing", cancelEnds},
		{"A connection that hangs is left on cancel", cancelLeavesHanging},
		{"A reboot changes the boot id", rebootChangesBootID},
		{"Health repeats itself and makes sense", healthRepeats},
	} {
		t.Run(check.name, func(t *testing.T) {
			check.run(newSubject(t, open(t)))
		})
	}
}

// subject is one world under one check. Its methods end the check on an error.
type subject struct {
	*testing.T
	World
	desc providers.Description
}

func newSubject(t *testing.T, w World) *subject {
	t.Helper()
	desc, err := w.Provider.Describe(t.Context())
	if err != nil {
		t.Fatalf("describe: %v", err)
	}
	if (desc.Connection == providers.ConnectHost) != (w.Exec != nil) {
		t.Fatalf("the world must have an Exec if and only if the provider connects to hosts")
	}
	return &subject{T: t, World: w, desc: desc}
}

// on returns the connection of a call: guarded, so that a command outside the allow-list, or one that changes the host
// in a call that must not, fails the check.
func (s *subject) on(host providers.HostRef, mayChange bool) providers.Exec {
	if s.World.Exec == nil {
		return nil
	}
	return &guard{subject: s, to: s.World.Exec(host), mayChange: mayChange}
}

type guard struct {
	*subject
	to        providers.Exec
	mayChange bool
}

func (g *guard) Run(ctx context.Context, command string, args map[string][]string) (providers.Output, error) {
	c, err := g.desc.Command(command)
	if err == nil {
		_, err = c.Expand(args)
	}
	if err != nil {
		g.Errorf("the provider ran what it does not declare: %v", err)
		return providers.Output{}, err
	}
	if c.Mutates && !g.mayChange {
		g.Errorf("the provider ran %s, which changes the host", command)
	}
	return g.to.Run(ctx, command, args)
}

func (s *subject) scan(host providers.HostRef) providers.HostScan {
	s.Helper()
	scan, err := s.Provider.Scan(s.Context(), providers.ScanRequest{Host: host, At: s.At}, s.on(host, false))
	if err != nil {
		s.Fatalf("scan %s: %v", host.Name, err)
	}
	return scan
}

func (s *subject) change(host providers.HostRef, targets ...providers.Target) providers.ChangeRequest {
	return providers.ChangeRequest{ActionID: "check-1", Host: host, At: s.At, Targets: targets}
}

func (s *subject) preview(r providers.ChangeRequest) providers.Preview {
	s.Helper()
	r.ActionID = ""
	preview, err := s.Provider.Preview(s.Context(), r, s.on(r.Host, false))
	if err != nil {
		s.Fatalf("preview %s: %v", r.Host.Name, err)
	}
	return preview
}

func (s *subject) apply(r providers.ChangeRequest) providers.Result {
	s.Helper()
	result, err := s.Provider.Apply(s.Context(), r, s.on(r.Host, true))
	if err != nil {
		s.Fatalf("apply %s: %v", r.Host.Name, err)
	}
	return result
}

// target asks for one missing update.
func target(m providers.Missing) providers.Target {
	return providers.Target{PURL: m.Update.PURL, Name: m.Update.Name, Arch: m.Update.Arch, From: m.From, To: m.Update.Version}
}
