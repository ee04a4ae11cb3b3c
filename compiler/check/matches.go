package check

import (
	"slices"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// matches looks for lanes that claim the same update with the same priority.
func (c *checker) matches() {
	for i, a := range c.Tenant.Lanes {
		for _, b := range c.Tenant.Lanes[i+1:] {
			if a.Priority != b.Priority || disjoint(a.Match, b.Match) {
				continue
			}
			c.add(diag.New(diag.LaneTie, "the lanes %q and %q can match the same update with the same priority %d", a.Name, b.Name, a.Priority).
				WithRelated(c.Places.At("lanes", a.Name), "the other lane").
				WithFix("give the one that should win a higher priority"), "lanes", b.Name)
		}
	}
}

// disjoint reports whether no update can satisfy both.
func disjoint(a, b policy.Match) bool {
	if a.Exploited != nil && b.Exploited != nil && *a.Exploited != *b.Exploited {
		return true
	}
	if len(a.Classification) == 0 || len(b.Classification) == 0 {
		return false
	}
	return !slices.ContainsFunc(a.Classification, func(c string) bool { return slices.Contains(b.Classification, c) })
}
