package plan_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
)

// planned are the host-updates in a plan's waves.
func planned(p *plan.Plan) map[[2]string]bool {
	out := map[[2]string]bool{}
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			for _, h := range w.Hosts {
				for _, u := range p.Changes[w.Change].Updates {
					out[[2]string{h, u.Update}] = true
				}
			}
		}
	}
	return out
}

// TestABreakOnlyTightens: what the breaker holds is in no wave, and nothing gets into one for it. A tenant that does not
// share the breaker, and one that lacks no such update, keeps its plan to the byte.
func TestABreakOnlyTightens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := plantest.Worlds().Draw(t, "world")
		var broken []decision.Break
		for _, u := range in.Snapshot.Updates {
			if rapid.Bool().Draw(t, "broken") {
				broken = append(broken, decision.Break{Update: u.PURL, Hosts: 3, At: in.At.Add(-time.Hour)})
			}
		}
		others, shares := *in.Policy, *in.Policy
		others.Breaker, shares.Breaker = false, true
		in.Policy = &others
		free := encoded(t, plantest.Built(t, in))
		in.Breaks = broken
		if got := encoded(t, plantest.Built(t, in)); !bytes.Equal(got, free) {
			t.Fatalf("a tenant that does not share the breaker has\n%s\nnot\n%s", got, free)
		}
		in.Policy, in.Breaks = &shares, nil
		was := plantest.Built(t, in)
		in.Breaks = []decision.Break{{Update: "pkg:deb/debian/elsewhere@1", Hosts: 3, At: in.At}}
		if got := encoded(t, plantest.Built(t, in)); !bytes.Equal(got, encoded(t, was)) {
			t.Fatalf("for a break of something else it is\n%s", got)
		}
		in.Breaks = broken
		is := plantest.Built(t, in)
		before := planned(was)
		for at := range planned(is) {
			if !before[at] {
				t.Fatalf("%v is planned now", at)
			}
			if slices.ContainsFunc(broken, func(b decision.Break) bool { return b.Update == at[1] }) {
				t.Fatalf("%v is planned, and the breaker holds it", at)
			}
		}
		if len(broken) > 0 && is.Parents.Evidence == was.Parents.Evidence {
			t.Fatal("the parents do not name the breaks")
		}
	})
}
