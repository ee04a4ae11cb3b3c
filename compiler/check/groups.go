package check

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
)

// groups checks that each quorum group can move at all and is at one site. Either way nothing of it would ever start, so
// the rest of the policy stays usable.
func (c *checker) groups() {
	for _, g := range c.Tenant.Groups {
		at := map[string]bool{}
		var members []string
		for _, h := range c.Tenant.Hosts {
			if g.In(h) {
				at[h.Site()] = true
				members = append(members, h.Name)
			}
		}
		switch need := g.Healthy(len(members)); {
		case len(members) == 0:
			c.add(diag.New(diag.StuckGroup, "the group %q selects no host", g.Name).WithFix("select labels that hosts have, or remove the group"), "groups", g.Name)
		case len(at) > 1:
			c.add(diag.New(diag.SplitGroup, "the group %q has hosts at sites %s: nobody can count them all, so none of them ever starts", g.Name, sites(at)).
				WithFix("make it a group of each site, for instance with site: %q in its select", sorted(at)[0]), "groups", g.Name)
		case need >= len(members):
			c.add(diag.New(diag.StuckGroup, "of the group %q %d of %d hosts must stay healthy: none of them can ever start", g.Name, need, len(members)).
				WithFix("lower minHealthy below the number of hosts that it selects"), "groups", g.Name, "minHealthy")
		}
		c.sequence(g, members)
	}
}

func sites(at map[string]bool) string { return strings.Join(sorted(at), ", ") }

func sorted(at map[string]bool) []string {
	var out []string
	for s := range at {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}
