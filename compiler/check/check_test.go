package check

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// TestCycleIffNoOrder: a cycle is reported exactly when the rings cannot be put in an order in which each stands
// behind what it requires.
func TestCycleIffNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "rings")
		tenant := &policy.Tenant{Name: "a", Timezone: "UTC", Windows: []policy.Window{{Name: "w", Always: true}}}
		for i := range n {
			r := policy.Ring{Name: fmt.Sprint(i), Window: "w"}
			for _, to := range rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, 2, rapid.ID[int]).Draw(t, "requires") {
				r.Requires = append(r.Requires, policy.Requirement{Ring: fmt.Sprint(to)})
			}
			tenant.Rings = append(tenant.Rings, r)
		}
		f := Tenants([]Subject{{Tenant: tenant, Places: Places{}}}, []string{"a"})[0]
		got := slices.ContainsFunc(f.Diags, func(d diag.Diagnostic) bool { return d.Code == diag.RingCycle })
		if want := !orderable(tenant.Rings); got != want || got == f.Usable {
			t.Fatalf("cycle reported: %v, usable: %v; %v", got, f.Usable, tenant.Rings)
		}
	})
}

// orderable takes rings away whose requirements are all gone, until none is left or none can go.
func orderable(rings []policy.Ring) bool {
	gone := map[string]bool{}
	for range rings {
		for _, r := range rings {
			if !slices.ContainsFunc(r.Requires, func(q policy.Requirement) bool { return !gone[q.Ring] }) {
				gone[r.Name] = true
			}
		}
	}
	return len(gone) == len(rings)
}

// TestTieIffSomeUpdateMatchesBoth compares the proof with every update that there can be.
func TestTieIffSomeUpdateMatchesBoth(t *testing.T) {
	classes := []string{"security", "bugfix", "definition"}
	match := rapid.Custom(func(t *rapid.T) policy.Match {
		m := policy.Match{Classification: rapid.SliceOfNDistinct(rapid.SampledFrom(classes), 0, 3, rapid.ID[string]).Draw(t, "classes")}
		if rapid.Bool().Draw(t, "says exploited") {
			b := rapid.Bool().Draw(t, "exploited")
			m.Exploited = &b
		}
		return m
	})
	takes := func(m policy.Match, class string, exploited bool) bool {
		return (m.Exploited == nil || *m.Exploited == exploited) && (len(m.Classification) == 0 || slices.Contains(m.Classification, class))
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := match.Draw(t, "a"), match.Draw(t, "b")
		both := false
		for _, c := range classes {
			for _, e := range []bool{true, false} {
				both = both || takes(a, c, e) && takes(b, c, e)
			}
		}
		if disjoint(a, b) == both {
			t.Fatalf("%+v and %+v: disjoint %v", a, b, !both)
		}
	})
}

// TestOverlapIsReportedOnce: a thousand hosts in two rings are one mistake, at the later ring's select.
func TestOverlapIsReportedOnce(t *testing.T) {
	label := []policy.Label{{Key: "k", Value: "v"}}
	tenant := &policy.Tenant{Name: "a", Timezone: "UTC", Windows: []policy.Window{{Name: "w", Always: true}}}
	tenant.Rings = []policy.Ring{{Name: "a", Window: "w", Select: label}, {Name: "b", Window: "w", Select: label}}
	for i := range 1000 {
		tenant.Hosts = append(tenant.Hosts, policy.Host{Name: fmt.Sprintf("h-%04d", i), Labels: label})
	}
	places := Places{}
	places.Set(diag.Range{File: "f", Start: diag.Pos{Line: 9, Column: 1}}, "rings", "a", "select")
	places.Set(diag.Range{File: "f", Start: diag.Pos{Line: 3, Column: 1}}, "rings", "b", "select")
	f := Tenants([]Subject{{Tenant: tenant, Places: places}}, []string{"a"})[0]
	if len(f.Diags) != 1 || f.Diags[0].Range.Start.Line != 9 || !f.Usable {
		t.Errorf("%v, usable %v", f.Diags, f.Usable)
	}
	if want := `the rings "b" and "a" both select 1000 hosts: h-0000, h-0001, h-0002, h-0003, h-0004 and 995 more`; f.Diags[0].Summary != want {
		t.Error(f.Diags[0].Summary)
	}
}
