package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
)

// normal returns the input in the order that its types promise, so that a plan depends on what an input says and
// never on how it was put together. What is in order already, as decoded inputs are, is not copied.
func normal(in Input) (Input, error) {
	if in.Policy == nil || in.Snapshot == nil {
		return in, fmt.Errorf("a plan needs a policy and a snapshot")
	}
	if in.Snapshot.Tenant != in.Policy.Name {
		return in, fmt.Errorf("the snapshot is of tenant %q, the policy of %q", in.Snapshot.Tenant, in.Policy.Name)
	}
	if len(in.Answers) != len(in.Snapshot.Updates) {
		return in, fmt.Errorf("%d answers for %d updates", len(in.Answers), len(in.Snapshot.Updates))
	}
	if in.Horizon <= 0 {
		in.Horizon = DefaultHorizon
	}
	in.At = canonical.Instant(in.At)
	in.Policy = normalPolicy(in.Policy)
	in.Evidence = inOrder(in.Evidence, func(a, b decision.RingEvidence) int {
		return cmp.Or(cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Update, b.Update))
	})
	in.Failures = inOrder(in.Failures, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Update, b.Update), a.At.Compare(b.At), cmp.Compare(a.Ring, b.Ring))
	})
	in.InDoubt = inOrder(in.InDoubt, func(a, b InDoubt) int { return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.ID, b.ID)) })
	in.Reboots = inOrder(in.Reboots, by(func(r Rebooted) string { return r.Host }))
	in.Away = inOrder(in.Away, func(a, b Away) int { return cmp.Or(cmp.Compare(a.Host, b.Host), a.Since.Compare(b.Since)) })
	if !in.Policy.Breaker { // whoever does not share the breaker is not to be reached through it
		in.Breaks = nil
	}
	in.Breaks = inOrder(in.Breaks, func(a, b decision.Break) int { return cmp.Or(cmp.Compare(a.Update, b.Update), a.At.Compare(b.At)) })
	return normalSnapshot(in)
}

// inOrder returns the list sorted, itself if it is already.
func inOrder[T any](list []T, compare func(a, b T) int) []T {
	if slices.IsSortedFunc(list, compare) {
		return list
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, compare)
	return list
}

func by[T any](key func(T) string) func(a, b T) int {
	return func(a, b T) int { return strings.Compare(key(a), key(b)) }
}

func normalPolicy(t *policy.Tenant) *policy.Tenant {
	n := *t
	n.Rings = inOrder(t.Rings, by(func(r policy.Ring) string { return r.Name }))
	for i, r := range n.Rings {
		requires := inOrder(r.Requires, by(policy.Requirement.Key))
		if len(requires) > 0 && &requires[0] != &r.Requires[0] {
			n.Rings = slices.Clone(n.Rings)
			n.Rings[i].Requires = requires
		}
	}
	n.Windows = inOrder(t.Windows, by(func(w policy.Window) string { return w.Name }))
	n.Lanes = inOrder(t.Lanes, by(func(l policy.Lane) string { return l.Name }))
	n.Freezes = inOrder(t.Freezes, by(func(f policy.Freeze) string { return f.Name }))
	n.Rules = inOrder(t.Rules, by(func(r policy.Rule) string { return r.Name }))
	n.Exploited = inOrder(t.Exploited, by(func(d policy.Declared) string { return d.CVE }))
	n.Hosts = inOrder(t.Hosts, by(func(h policy.Host) string { return h.Name }))
	n.Modules = inOrder(t.Modules, by(func(m policy.Module) string { return m.Path }))
	return &n
}

// normalSnapshot sorts updates and hosts, moves the answers along and renames the indices.
func normalSnapshot(in Input) (Input, error) {
	s := *in.Snapshot
	for _, h := range s.Hosts {
		for _, m := range h.Missing {
			if m.Update < 0 || m.Update >= len(s.Updates) {
				return in, fmt.Errorf("host %q lacks update %d, which is not in the snapshot's table", h.Name, m.Update)
			}
		}
	}
	if !slices.IsSortedFunc(s.Updates, by(purl)) {
		in.Answers = sortUpdates(&s, in.Answers)
	}
	s.Hosts = inOrder(s.Hosts, by(func(h inventory.Host) string { return h.Name }))
	in.Snapshot = &s
	return in, nil
}

func purl(u inventory.Update) string { return u.PURL }

func sortUpdates(s *inventory.Snapshot, answers []decision.Answer) []decision.Answer {
	order := make([]int, len(s.Updates))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(s.Updates[a].PURL, s.Updates[b].PURL) })
	updates, moved, index := make([]inventory.Update, len(order)), make([]decision.Answer, len(order)), make([]int, len(order))
	for to, from := range order {
		updates[to], moved[to], index[from] = s.Updates[from], answers[from], to
	}
	s.Updates, s.Hosts = updates, slices.Clone(s.Hosts)
	for i := range s.Hosts {
		s.Hosts[i] = renamed(s.Hosts[i], index)
	}
	return moved
}

func renamed(h inventory.Host, index []int) inventory.Host {
	h.Missing, h.Installed = slices.Clone(h.Missing), slices.Clone(h.Installed)
	for i := range h.Missing {
		h.Missing[i].Update = index[h.Missing[i].Update]
	}
	for i, in := range h.Installed {
		if in.Update >= 0 && in.Update < len(index) {
			h.Installed[i].Update = index[in.Update]
		}
	}
	slices.SortStableFunc(h.Missing, func(a, b inventory.Missing) int { return a.Update - b.Update })
	slices.SortStableFunc(h.Installed, func(a, b inventory.Installed) int { return a.Update - b.Update })
	return h
}

// upTo rounds an end up to the second in which documents keep time: a wait is never over too early.
func upTo(t time.Time) time.Time {
	whole := canonical.Instant(t)
	if whole.Before(t) {
		whole = whole.Add(time.Second)
	}
	return whole
}
