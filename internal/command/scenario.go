package command

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/package-url/packageurl-go"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/internal/canonical"
)

// playScenario sends a scenario through the rules and the planner and says what is not as expected, and in seen what of
// the policy had a say.
func (a *app) playScenario(ctx context.Context, t *policy.Tenant, s policy.Scenario, seen touched) ([]mismatch, error) {
	snapshot, err := given(t, s)
	if err != nil {
		return nil, err
	}
	answers, err := a.answers(ctx, t, decision.WithDeclared(t, s.At, snapshot.Updates))
	if err != nil {
		return nil, err
	}
	in := plan.Input{At: s.At, Policy: t, Snapshot: snapshot, Evidence: givenEvidence(s), Answers: answers, Tool: version()}
	made, err := plan.Build(in)
	if err != nil {
		return nil, err
	}
	decided, err := plan.Decisions(in)
	if err != nil {
		return nil, err
	}
	seen.note(t, s.At, answers, made)
	var wrong []mismatch
	for _, x := range s.Expect {
		if err := hasRing(t, x); err != nil {
			return nil, err
		}
		wrong = append(wrong, compare(made, decided, x)...)
	}
	return wrong, nil
}

func hasRing(t *policy.Tenant, x policy.Expectation) error {
	var known []string
	for _, r := range t.Rings {
		known = append(known, r.Name)
	}
	if slices.Contains(known, x.Ring) {
		return nil
	}
	return fmt.Errorf("%s: %s has no ring %q%s", x.Source, t.Name, x.Ring, suggest.Tail(x.Ring, known))
}

func noHost(t *policy.Tenant, source, name string) error {
	var known []string
	for _, h := range t.Hosts {
		known = append(known, h.Name)
	}
	return fmt.Errorf("%s: %s has no host %q%s", source, t.Name, name, suggest.Tail(name, known))
}

// given makes the snapshot of a scenario: the hosts that take part were scanned and lack what it says.
func given(t *policy.Tenant, s policy.Scenario) (*inventory.Snapshot, error) {
	for _, name := range s.Hosts {
		if !slices.ContainsFunc(t.Hosts, func(h policy.Host) bool { return h.Name == name }) {
			return nil, noHost(t, s.Source, name)
		}
	}
	updates := map[string]inventory.Update{}
	for _, m := range s.Missing {
		if !slices.ContainsFunc(t.Hosts, func(h policy.Host) bool { return h.Name == m.Host }) {
			return nil, noHost(t, m.Source, m.Host)
		}
		p, err := packageurl.FromString(m.Update)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Source, err)
		}
		updates[m.Update] = inventory.Update{
			PURL: m.Update, Name: p.Name, Version: p.Version, Class: inventory.Class(m.Class), Severity: m.Severity, Origin: m.Origin,
			Released: m.Released, FirstSeen: m.FirstSeen, Exploited: m.Exploited, Reboot: "unknown",
			Advisories: append([]string{}, m.Advisories...), CVEs: append([]string{}, m.CVEs...), Supersedes: []string{},
		}
	}
	out := &inventory.Snapshot{Tenant: t.Name, Site: policy.DefaultSite, TakenAt: s.At}
	index := map[string]int{}
	for i, purl := range slices.Sorted(maps.Keys(updates)) {
		index[purl] = i
		out.Updates = append(out.Updates, updates[purl])
	}
	for _, h := range t.Hosts {
		if len(s.Hosts) == 0 || slices.Contains(s.Hosts, h.Name) {
			out.Hosts = append(out.Hosts, givenHost(h.Name, s, index))
		}
	}
	return out, nil
}

func givenHost(name string, s policy.Scenario, index map[string]int) inventory.Host {
	h := inventory.Host{
		Name: name, State: inventory.Scanned, OS: "debian 12", ScannedAt: canonical.InstantPtr(s.At),
		Missing: []inventory.Missing{}, Installed: []inventory.Installed{}, Held: []string{}, Notes: []string{},
	}
	for _, m := range s.Missing {
		if m.Host == name {
			h.Missing = append(h.Missing, inventory.Missing{Update: index[m.Update], From: m.From})
		}
	}
	slices.SortFunc(h.Missing, func(a, b inventory.Missing) int { return a.Update - b.Update })
	return h
}

func givenEvidence(s policy.Scenario) decision.Evidence {
	var out decision.Evidence
	for _, e := range s.Evidence {
		ring := policy.Requirement{Tenant: e.Tenant, Ring: e.Ring}.Key()
		out = append(out, decision.RingEvidence{
			Ring: ring, Update: e.Update, Attempted: e.Attempted, Succeeded: e.Succeeded, Failed: e.Attempted - e.Succeeded,
			Missing: e.Missing, SucceededAt: e.SucceededAt, Platforms: append([]string{}, e.Platforms...), Tenants: e.Tenants,
			Healthy: e.Healthy, Unhealthy: e.Unhealthy, HealthUnknown: max(0, e.Succeeded-e.Healthy-e.Unhealthy),
			OnPlatforms: onPlatforms(e.On), Canaries: canaries(e.Canaries),
		})
	}
	return out
}

func canaries(c *policy.ScenarioCanaries) *decision.Canaries {
	if c == nil {
		return nil
	}
	return &decision.Canaries{Succeeded: c.Succeeded, Failed: c.Attempted - c.Succeeded, SucceededAt: c.SucceededAt}
}

func onPlatforms(list []policy.ScenarioPlatform) (out []decision.OnPlatform) {
	for _, p := range list {
		out = append(out, decision.OnPlatform{Platform: p.Platform, Succeeded: p.Succeeded, Tenants: p.Tenants})
	}
	return out
}
