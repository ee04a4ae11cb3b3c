package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
	"github.com/ringfence/ringfence/compiler/policy"
)

// racked gives hosts labels, and rings bounds by them.
func racked(t *rapid.T, in *plan.Input) {
	for i, h := range in.Policy.Hosts {
		for _, key := range []string{"rack", "zone"} {
			if v := rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, key); v != "" {
				h.Labels = append(h.Labels, policy.Label{Key: key, Value: v})
			}
		}
		slices.SortFunc(h.Labels, func(a, b policy.Label) int { return slices.Compare([]string{a.Key}, []string{b.Key}) })
		in.Policy.Hosts[i] = h
	}
	for i := range in.Policy.Rings {
		in.Policy.Rings[i].MaxUnavailable = policy.Amount{Count: rapid.IntRange(1, 4).Draw(t, "most")}
		for _, key := range []string{"rack", "zone"} {
			if rapid.Bool().Draw(t, "bounded") {
				most := policy.Amount{Count: rapid.IntRange(1, 2).Draw(t, "most of "+key)}
				if rapid.Bool().Draw(t, "percent") {
					most = policy.Amount{Percent: rapid.IntRange(1, 100).Draw(t, "percent of "+key)}
				}
				in.Policy.Rings[i].UnavailablePer = append(in.Policy.Rings[i].UnavailablePer, policy.LabelAmount{Label: key, Most: most})
			}
		}
	}
}

// TestTogether: the hosts of a wave are never more than any bound of their ring allows, counted in the plainest way; the
// bounds cost no host its place; and the worst case is no better than a wave.
func TestTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := plantest.Worlds().Draw(t, "world")
		planned := plantest.Built(t, in).Summary.Planned
		racked(t, &in)
		p := plantest.Built(t, in)
		if p.Summary.Planned != planned {
			t.Fatalf("%d updates are planned with bounds, %d without", p.Summary.Planned, planned)
		}
		for _, r := range p.Rings {
			i := slices.IndexFunc(in.Policy.Rings, func(x policy.Ring) bool { return x.Name == r.Ring })
			for wave, hosts := range together(r) {
				for _, l := range in.Policy.Rings[i].UnavailablePer {
					for value, n := range valuesOf(in.Policy, r.Ring, l.Label, func(h string) bool { return hosts[h] }) {
						all := valuesOf(in.Policy, r.Ring, l.Label, func(string) bool { return true })[value]
						most := max(l.Most.Count, all*l.Most.Percent/100, 1)
						name := fmt.Sprintf("%s/%s=%s", r.Ring, l.Label, value)
						if n > most {
							t.Fatalf("wave %s has %d hosts of %s, %d may go", wave, n, name, most)
						}
						if p.WorstCase.PerGroup[name] < n {
							t.Fatalf("wave %s has %d hosts of %s, the worst case is %v", wave, n, name, p.WorstCase.PerGroup)
						}
					}
				}
			}
		}
	})
}

// together are the hosts of each wave, over its rows.
func together(r plan.Ring) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, w := range r.Waves {
		key := fmt.Sprint(w.Opens, w.Wave)
		if out[key] == nil {
			out[key] = map[string]bool{}
		}
		for _, h := range w.Hosts {
			out[key][h] = true
		}
	}
	return out
}

func valuesOf(t *policy.Tenant, ring, label string, which func(string) bool) map[string]int {
	out := map[string]int{}
	for _, h := range t.Hosts {
		if h.Label("tier") == ring && which(h.Name) {
			out[h.Label(label)]++
		}
	}
	return out
}

// TestRacks: one host of a rack in a wave, and those without a rack are taken to share one.
func TestRacks(t *testing.T) {
	in := plantest.World("2026-11-28T19:30:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved))
	in.Evidence = plantest.Tested(plantest.OpenSSL, "2026-11-20T12:00:00Z")
	for i, rack := range []string{"r1", "r1", "", ""} { // db-1 to db-4
		if rack != "" {
			in.Policy.Hosts[i].Labels = append([]policy.Label{{Key: "rack", Value: rack}}, in.Policy.Hosts[i].Labels...)
		}
	}
	in.Policy.Rings[0].MaxUnavailable = policy.Amount{Count: 3}
	in.Policy.Rings[0].UnavailablePer = []policy.LabelAmount{{Label: "rack", Most: policy.Amount{Percent: 50}}}
	p := plantest.Built(t, in)
	broad := p.Rings[slices.IndexFunc(p.Rings, func(r plan.Ring) bool { return r.Ring == "broad" })]
	var got [][]string
	for _, w := range broad.Waves {
		got = append(got, w.Hosts)
	}
	if want := "[[db-1 db-3] [db-2 db-4]]"; fmt.Sprint(got) != want {
		t.Errorf("waves %v, want %s", got, want)
	}
	want := map[string]int{"broad": 2, "pilot": 3, "broad/rack=": 1, "broad/rack=r1": 1}
	if !maps.Equal(p.WorstCase.PerGroup, want) {
		t.Errorf("worst case %v, want %v", p.WorstCase.PerGroup, want)
	}
}
