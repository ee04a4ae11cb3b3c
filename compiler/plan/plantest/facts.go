package plantest

import (
	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/plan"
)

// Built is the plan of an input that Build must take.
func Built(t rapid.TB, in plan.Input) *plan.Plan {
	t.Helper()
	p, err := plan.Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Fact is where the plan puts one missing update of one host.
type Fact struct {
	Ring *plan.Ring
	Wave *plan.Wave
}

// FactsOf reads a plan row by row, by host and purl. One that stands twice fails the test.
func FactsOf(t rapid.TB, p *plan.Plan) map[[2]string]Fact {
	t.Helper()
	out := map[[2]string]Fact{}
	add := func(hosts []string, update string, f Fact) {
		for _, h := range hosts {
			if _, dup := out[[2]string{h, update}]; dup {
				t.Fatalf("%s on %s stands twice", update, h)
			}
			out[[2]string{h, update}] = f
		}
	}
	for i := range p.Rings {
		r := &p.Rings[i]
		for j := range r.Waves {
			for _, u := range p.Changes[r.Waves[j].Change].Updates {
				add(r.Waves[j].Hosts, u.Update, Fact{r, &r.Waves[j]})
			}
		}
		for _, w := range r.Waiting {
			add(w.Hosts, w.Update, Fact{Ring: r})
		}
		for _, w := range r.Rejected {
			add(w.Hosts, w.Update, Fact{Ring: r})
		}
	}
	return out
}
