package decision

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

// gates are the conditions that the ring's requirements make. Those that hold say nothing, except that one which is
// waived because nobody can test the update is told.
func gates(q Query) (out []condition) {
	for _, r := range q.Ring.Requires {
		out = append(out, q.gate(r).conditions()...)
	}
	return append(out, alternatives(q)...)
}

// alternatives are the conditions of the alternative that ends first: the others need not hold. Which one that is does
// not depend on their order.
func alternatives(q Query) []condition {
	var nearest []condition
	for i, alternative := range q.Ring.RequiresAny {
		var own []condition
		for _, r := range alternative {
			own = append(own, q.gate(r).conditions()...)
		}
		slices.SortStableFunc(own, lastFirst)
		if i == 0 || nearer(own, nearest) {
			nearest = own
		}
	}
	for i := range nearest {
		if n := len(q.Ring.RequiresAny); n > 1 && nearest[i].outcome != Approved {
			nearest[i].msg += fmt.Sprintf("; none of %d alternatives holds, this one is nearest", n)
		}
	}
	return nearest
}

// nearer compares two sorted lists of conditions by what ends last in each: a known instant is nearer than what people
// can do, and that than what nobody knows. One without conditions holds.
func nearer(a, b []condition) bool {
	if c := compareLasts(a, b); c != 0 {
		return c < 0
	}
	for i := range min(len(a), len(b)) {
		if c := lastFirst(a[i], b[i]); c != 0 {
			return c > 0
		}
	}
	return len(a) < len(b)
}

func compareLasts(a, b []condition) int {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	beyond := func(list []condition) int {
		if slices.ContainsFunc(list, func(c condition) bool { return c.outcome == Pending && c.until == nil }) {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(a[0].weight(), b[0].weight()), compareEnds(a[0].until, b[0].until), cmp.Compare(beyond(a), beyond(b)))
}

// gate gathers what is known of a requirement.
func (q Query) gate(r policy.Requirement) gate {
	g := gate{Requirement: r, key: r.Key(), at: q.At}
	g.e, _ = q.Evidence.Of(g.key, q.Update.PURL)
	all, known := q.Evidence.Of(g.key, AnyUpdate)
	switch {
	case r.Foreign():
		g.e.Missing += all.Missing
		g.reports = Reports{Reached: all.Reported, Hosts: all.Hosts}
		g.counted = known && all.Hosts > 0
	case q.Reported != nil && r.MinReported != (policy.Amount{}):
		g.reports, g.counted = q.Reported(g.key), true
	}
	if !r.Foreign() && q.Missing != nil {
		g.e.Missing = q.Missing(g.key)
	}
	if r.Healthy && !r.Foreign() && q.Unwell != nil {
		g.failing, g.unknown = q.Unwell(g.key, inventory.HealthFailing), q.Unwell(g.key, inventory.HealthUnknown)
		g.e.Unhealthy, g.e.HealthUnknown = max(g.e.Unhealthy, len(g.failing)), max(g.e.HealthUnknown, len(g.unknown))
	}
	if q.Lane != nil && q.Lane.Soak != nil {
		g.Soak = *q.Lane.Soak
	}
	g.wanted = r.Platforms
	if r.SamePlatform {
		g.wanted = []string{""}
		if q.Platforms != nil {
			g.wanted = q.Platforms()
		}
	}
	return g
}
