package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/transport"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner"
)

// several is one host's way to more than one provider, seen as one provider: the runner's rules of starting, re-reading
// and settling hold as they stand. Calls go to one provider after the other, in the order of their names.
type several struct {
	set     []string
	members []*member
	owners  *owners
	refused error // the host let nothing of the action begin
}

var (
	_ providers.Provider = (*several)(nil)
	_ providers.Examiner = (*several)(nil)
)

// member is one provider within a session.
type member struct {
	*started
	guard  *guarded
	way    providers.Provider
	reads  providers.Exec
	writes func() *transport.Broker // nil: it reaches its fleet itself
	broker *transport.Broker        // of its change, once there is one
}

// openSeveral opens a session with all of a host's providers over one connection, if any of them needs one.
func (f *Fleet) openSeveral(ctx context.Context, h policy.Host, claim runner.Claim) (runner.Session, error) {
	s := &several{set: h.Providers, owners: &f.owners}
	for _, name := range h.Providers {
		p, err := f.provider(ctx, name)
		if err != nil {
			return runner.Session{}, err
		}
		m := &member{started: p, reads: transport.None{}}
		m.guard, m.way = p.session()
		s.members = append(s.members, m)
	}
	closing, err := f.connect(ctx, h, claim, s)
	if err != nil {
		return runner.Session{}, err
	}
	out := runner.Session{Provider: s, Exec: transport.None{}, Started: func() bool { return s.begun() > 0 }, Denied: func() error { return s.refused }, Close: closing}
	if s.rebooter() != nil {
		out.Provider = rebootingSeveral{s}
	}
	return out, nil
}

// connect gives members that need a connection their brokers. Those of changes share one action: a host counts its
// commands whoever asks for them.
func (f *Fleet) connect(ctx context.Context, h policy.Host, claim runner.Claim, s *several) (func() error, error) {
	if !slices.ContainsFunc(s.members, func(m *member) bool { return m.desc.Connection != providers.ConnectNone }) {
		return noClose, nil
	}
	conn, err := f.dial(ctx, h)
	if err != nil {
		return nil, err
	}
	action := f.broker(conn, providers.Description{}, h, claim)
	for _, m := range s.members {
		if m.desc.Connection != providers.ConnectNone {
			m.reads = transport.NewBroker(conn, m.desc, limits)
			m.writes = func() *transport.Broker { return action.Another(m.desc) }
		}
	}
	return conn.Close, nil
}

// begun counts the members that may have changed the host.
func (s *several) begun() int {
	n := 0
	for _, m := range s.members {
		if m.began() {
			n++
		}
	}
	return n
}

func (m *member) began() bool {
	if m.writes == nil {
		return m.guard.changes.Load()
	}
	return m.broker != nil && mutated(m.broker)
}

// exec is what a change of the member runs through.
func (m *member) exec() providers.Exec {
	if m.writes == nil {
		return transport.None{}
	}
	m.broker = m.writes()
	return m.broker
}

func (m *member) denied() error {
	if m.broker == nil {
		return nil
	}
	return denied(m.broker.Denied())
}

// Describe says of the providers together what can be said: the core reads each one's own.
func (s *several) Describe(context.Context) (providers.Description, error) {
	return providers.Description{Name: strings.Join(s.set, "+"), CanReboot: s.rebooter() != nil}, nil
}

// Scan joins what all providers see. One that cannot see its part makes the host unscanned: a list without that part
// would be a false "nothing missing".
func (s *several) Scan(ctx context.Context, r providers.ScanRequest, _ providers.Exec) (providers.HostScan, error) {
	var out providers.HostScan
	for _, m := range s.byAuthority() {
		scan, err := m.way.Scan(ctx, r, m.reads)
		if err != nil { // it names its provider
			return providers.HostScan{}, err
		}
		s.owners.learn(s.set, m.name, scan.Missing)
		if out, err = joined(out, scan); err != nil {
			return providers.HostScan{}, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return out, nil
}

// byAuthority puts whoever reboots the host first: its boot id is the one that counts.
func (s *several) byAuthority() []*member {
	out := slices.Clone(s.members)
	slices.SortStableFunc(out, func(a, b *member) int {
		switch {
		case a.desc.CanReboot == b.desc.CanReboot:
			return 0
		case a.desc.CanReboot:
			return -1
		}
		return 1
	})
	return out
}

// joined adds a scan to those before it. A package of one name in two versions is nobody's word: what the host has could
// not be told.
func joined(a, b providers.HostScan) (providers.HostScan, error) {
	have := map[[2]string]string{}
	for _, p := range a.Installed {
		have[[2]string{p.Name, p.Arch}] = p.Version
	}
	for _, p := range b.Installed {
		if v, ok := have[[2]string{p.Name, p.Arch}]; ok && v != p.Version {
			return a, fmt.Errorf("another provider of the host lists %.80q too, at another version", p.Name)
		}
	}
	a.OS, a.BootID, a.Kernel = cmp.Or(a.OS, b.OS), cmp.Or(a.BootID, b.BootID), cmp.Or(a.Kernel, b.Kernel)
	a.RebootPending = a.RebootPending || b.RebootPending
	a.RebootWhy = append(a.RebootWhy, b.RebootWhy...)
	a.Installed = append(a.Installed, b.Installed...)
	a.Missing = append(a.Missing, b.Missing...)
	a.Held = append(a.Held, b.Held...)
	a.Notes = append(a.Notes, b.Notes...)
	return a, nil
}

// Health joins what all providers know, each check under its provider's name. A host is as well as its providers know
// together: one that says nothing leaves a check that nobody made.
func (s *several) Health(ctx context.Context, r providers.HealthRequest, _ providers.Exec) ([]providers.Check, error) {
	var out []providers.Check
	for _, m := range s.members {
		var checks []providers.Check
		if examiner, ok := m.way.(providers.Examiner); ok {
			var err error
			if checks, err = examiner.Health(ctx, r, m.reads); err != nil {
				return nil, err
			}
		}
		if len(checks) == 0 {
			checks = []providers.Check{{Name: "health", State: providers.CheckUnknown, Detail: "the provider knows nothing of it"}}
		}
		for _, c := range checks {
			c.Name = m.name + " " + c.Name
			out = append(out, c)
		}
	}
	return out, nil
}

func (s *several) rebooter() *member {
	for _, m := range s.members {
		if m.desc.CanReboot {
			return m
		}
	}
	return nil
}

// rebootingSeveral is several for a host of which some provider can reboot it.
type rebootingSeveral struct{ *several }

func (s rebootingSeveral) Reboot(ctx context.Context, host providers.HostRef, _ providers.Exec) error {
	m := s.rebooter()
	err := m.way.(providers.Rebooter).Reboot(ctx, host, m.exec())
	s.refused = m.denied()
	return err
}

var errNobody = errors.New("no provider of the host lists it")

// nobody names targets that no provider is asked for.
func nobody(targets []providers.Target) error {
	var names []string
	for _, t := range targets {
		names = append(names, t.Name)
	}
	return fmt.Errorf("%w: %s", errNobody, strings.Join(names[:min(len(names), 3)], ", "))
}
