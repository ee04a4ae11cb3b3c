package check

import (
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/policy"
)

// shop is a tenant with so many hosts in a ring that waits for nothing, and one host in a ring behind gates.
func shop(name string, free int, shares bool, gates ...policy.Requirement) *policy.Tenant {
	tier := func(v string) []policy.Label { return []policy.Label{{Key: "tier", Value: v}} }
	t := &policy.Tenant{Name: name, SharesEvidence: shares, Rings: []policy.Ring{
		{Name: "free", Select: tier("free")}, {Name: "gated", Select: tier("gated"), Requires: gates},
	}}
	for range free {
		t.Hosts = append(t.Hosts, policy.Host{Name: "h", Labels: tier("free")})
	}
	t.Hosts = append(t.Hosts, policy.Host{Name: "g", Labels: tier("gated")})
	return t
}

func pool(hosts, tenants int) policy.Requirement {
	return policy.Requirement{
		Tenant: policy.AllTenants, Ring: policy.PoolRing, MinSucceeded: hosts, Tenants: tenants, IfUntested: policy.UntestedWait,
	}
}

func TestPoolsThatNeverOpen(t *testing.T) {
	off := shop("c", 9, true)
	off.Disabled = true
	either := shop("a", 1, false)
	either.Rings[1].RequiresAny = [][]policy.Requirement{{pool(99, 1)}, {{Ring: "free", IfUntested: policy.UntestedWait}}}
	for name, c := range map[string]struct {
		tenants []*policy.Tenant
		want    string // paths of the findings
	}{
		"enough":                    {[]*policy.Tenant{shop("a", 2, false, pool(4, 2)), shop("b", 1, true)}, ""},
		"too few tenants share":     {[]*policy.Tenant{shop("a", 2, false, pool(2, 2)), shop("b", 9, false)}, "a rings.gated.requires.pool"},
		"too few hosts":             {[]*policy.Tenant{shop("a", 2, false, pool(5, 2)), shop("b", 1, true)}, "a rings.gated.requires.pool"},
		"one is switched off":       {[]*policy.Tenant{shop("a", 2, false, pool(3, 2)), off}, "a rings.gated.requires.pool"},
		"all wait for the pool":     {[]*policy.Tenant{shop("a", 0, true, pool(1, 1)), shop("b", 0, true, pool(1, 1))}, "a rings.gated.requires.pool, b rings.gated.requires.pool"},
		"one goes, the other after": {[]*policy.Tenant{shop("a", 1, true, pool(3, 2)), shop("b", 1, true, pool(2, 2))}, ""},
		"another way is enough":     {[]*policy.Tenant{either}, "a rings.gated.requires.anyOf.[0].pool"},
	} {
		var subjects []Subject
		var known []string
		for _, x := range c.tenants {
			subjects, known = append(subjects, Subject{x, Places{}}), append(known, x.Name)
		}
		w := world{known: known, tenants: map[string]*policy.Tenant{}}
		for _, x := range c.tenants {
			w.tenants[x.Name] = x
		}
		var got []string
		found := w.pools(subjects)
		for _, x := range c.tenants {
			for _, d := range found[x.Name] {
				got = append(got, x.Name+" "+d.Path)
			}
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: got %q, want %q", name, s, c.want)
		}
		w.known = append(w.known, "broken")
		if got := w.pools(subjects); len(got) > 0 {
			t.Errorf("%s: of a tenant that does not compile nobody knows what it shares: %v", name, got)
		}
	}
}
