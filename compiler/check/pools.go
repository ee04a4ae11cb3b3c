package check

import (
	"slices"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// bounds checks that each label by which a ring is bounded is there: else all its hosts share one bound, which stays
// safe and is hardly meant.
func (c *checker) bounds() {
	for _, r := range c.Tenant.Rings {
		for _, l := range r.UnavailablePer {
			in := func(h policy.Host) bool { of, ok := c.Tenant.RingOf(h); return ok && of.Name == r.Name }
			has := func(h policy.Host) bool { return in(h) && h.Label(l.Label) != "" }
			if slices.ContainsFunc(c.Tenant.Hosts, has) || !slices.ContainsFunc(c.Tenant.Hosts, in) {
				continue
			}
			d := diag.New(diag.UnknownLabel, "no host of the ring %q has the label %q: all of them share one bound", r.Name, l.Label).
				WithFix("give the hosts the label in their hosts file, or remove maxUnavailablePer")
			d.Severity = diag.Warning
			c.add(d, "rings", r.Name, "maxUnavailablePer", l.Label)
		}
	}
}
