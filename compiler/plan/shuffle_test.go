package plan_test

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
)

// shuffled says the same in another order.
func shuffled(t *rapid.T, in plan.Input) plan.Input {
	p := *in.Policy
	p.Rings = slices.Clone(p.Rings)
	for i := range p.Rings {
		p.Rings[i].Requires = again(t, p.Rings[i].Requires)
	}
	p.Rings, p.Windows, p.Lanes, p.Hosts, p.Freezes = again(t, p.Rings), again(t, p.Windows), again(t, p.Lanes), again(t, p.Hosts), again(t, p.Freezes)
	in.Policy = &p
	in.Evidence, in.Failures, in.InDoubt = again(t, in.Evidence), again(t, in.Failures), again(t, in.InDoubt)
	in.Snapshot, in.Answers = reordered(t, in)
	return in
}

func again[S ~[]E, E any](t *rapid.T, list S) S { return rapid.Permutation(list).Draw(t, "order") }

func reordered(t *rapid.T, in plan.Input) (*inventory.Snapshot, []decision.Answer) {
	s := *in.Snapshot
	order := make([]int, len(s.Updates)) // old index by new
	for i := range order {
		order[i] = i
	}
	order = again(t, order)
	updates, answers, moved := []inventory.Update{}, []decision.Answer{}, make([]int, len(order))
	for now, was := range order {
		updates, answers, moved[was] = append(updates, s.Updates[was]), append(answers, in.Answers[was]), now
	}
	s.Updates, s.Hosts = updates, again(t, s.Hosts)
	for i, h := range s.Hosts {
		h.Missing, h.Installed = slices.Clone(h.Missing), slices.Clone(h.Installed)
		for j := range h.Missing {
			h.Missing[j].Update = moved[h.Missing[j].Update]
		}
		for j := range h.Installed {
			h.Installed[j].Update = moved[h.Installed[j].Update]
		}
		s.Hosts[i] = h
	}
	return &s, answers
}
