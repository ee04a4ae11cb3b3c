package effect_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/effect"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
	"github.com/ringfence/ringfence/compiler/policy"
	_ "github.com/ringfence/ringfence/internal/sameseed"
)

// pairs draws two policies over one snapshot: another policy altogether, or one small edit.
func pairs() *rapid.Generator[[2]plan.Input] {
	return rapid.Custom(func(t *rapid.T) [2]plan.Input {
		base := plantest.Worlds().Draw(t, "base")
		head := base
		if rapid.Bool().Draw(t, "another policy") {
			head.Policy = plantest.Tenants().Draw(t, "head")
		} else {
			p := *base.Policy
			p.Rings = append([]policy.Ring{}, p.Rings...)
			r := &p.Rings[rapid.IntRange(0, 2).Draw(t, "ring")]
			r.Window = rapid.SampledFrom([]string{"anytime", "weekend", r.Window}).Draw(t, "window")
			r.MaxUnavailable = policy.Amount{Count: rapid.IntRange(1, 3).Draw(t, "budget")}
			head.Policy = &p
		}
		head.Answers = append([]decision.Answer{}, base.Answers...)
		for i := range head.Answers {
			if rapid.IntRange(0, 3).Draw(t, "other answer") == 0 {
				head.Answers[i] = plantest.Answers().Draw(t, "answer")
			}
		}
		switch rapid.IntRange(0, 19).Draw(t, "one side") {
		case 0:
			base.Policy = nil
		case 1:
			head.Policy = nil
		}
		return [2]plan.Input{base, head}
	})
}

// rowsOf expands a plan naively: what stands where, as text, by subject, host and update.
func rowsOf(t rapid.TB, in plan.Input) map[[3]string]string {
	out := map[[3]string]string{}
	if in.Policy == nil {
		return out
	}
	p := plantest.Built(t, in)
	outcomes := map[[2]string]decision.Decision{}
	list, err := plan.Decisions(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		outcomes[[2]string{d.Ring, d.Update}] = d
	}
	for key, f := range plantest.FactsOf(t, p) {
		standing := standing(outcomes[[2]string{f.Ring.Ring, key[1]}])
		where := fmt.Sprintf("rejected %s/%s", f.Ring.Ring, f.Ring.Lane)
		if f.Wave != nil {
			where = fmt.Sprintf("planned %s/%s %s %s", f.Ring.Ring, f.Ring.Lane, f.Wave.Window, plantest.Span(*f.Wave))
		}
		for _, w := range f.Ring.Waiting {
			if w.Update == key[1] && has(w.Hosts, key[0]) {
				where = fmt.Sprintf("waiting %s/%s for %s until %s", f.Ring.Ring, f.Ring.Lane, w.For, plantest.Short(w.Until))
			}
		}
		out[[3]string{"update", key[0], key[1]}] = where + " " + standing
	}
	for _, h := range in.Policy.Hosts {
		if r, ok := in.Policy.RingOf(h); ok {
			out[[3]string{"host", h.Name}] = "covered " + r.Name
		}
	}
	naiveReboots(in, p, out)
	return out
}

func standing(d decision.Decision) string {
	switch {
	case d.Outcome == decision.Pending && has([]string{"HOLD", "EVALUATOR_ERROR", "BREAKER_OPEN"}, d.Reasons[0].Code):
		return "held"
	case d.Outcome == decision.Pending:
		return "approved"
	}
	return string(d.Outcome)
}

func has(list []string, s string) bool {
	return strings.Contains("\n"+strings.Join(list, "\n")+"\n", "\n"+s+"\n")
}

// naiveReboots looks at every host alone.
func naiveReboots(in plan.Input, p *plan.Plan, out map[[3]string]string) {
	asks := map[string]bool{}
	for _, u := range in.Snapshot.Updates {
		asks[u.PURL] = u.Reboot != "no"
	}
	for _, h := range in.Snapshot.Hosts {
		var first *plan.Wave
		for _, r := range p.Rings {
			for _, w := range r.Reboots {
				if has(w.Hosts, h.Name) {
					out[[3]string{"reboot", h.Name}] = fmt.Sprintf("waiting %s/%s for %s until %s", r.Ring, r.Lane, w.For, plantest.Short(w.Until))
				}
			}
			for _, w := range r.Waves {
				may := h.RebootPending
				for _, u := range p.Changes[w.Change].Updates {
					may = may || asks[u.Update]
				}
				if may && has(w.Hosts, h.Name) && p.Changes[w.Change].Reboot == policy.RebootIfRequired && (first == nil || w.Opens.Before(first.Opens)) {
					first = &w
					out[[3]string{"reboot", h.Name}] = fmt.Sprintf("planned %s/%s %s %s", r.Ring, r.Lane, w.Window, plantest.Span(w))
				}
			}
		}
	}
}

// told writes a state as rowsOf does.
func told(s effect.DiffState) string {
	var out string
	switch s.State {
	case "planned":
		out = fmt.Sprintf("planned %s/%s %s %s/%s", s.Ring, s.Lane, s.Window, plantest.Short(s.Opens), plantest.Short(s.Closes))
	case "waiting":
		out = fmt.Sprintf("waiting %s/%s for %s until %s", s.Ring, s.Lane, s.For, plantest.Short(s.Until))
	case "rejected":
		out = fmt.Sprintf("rejected %s/%s", s.Ring, s.Lane)
	case "covered":
		return "covered " + s.Ring
	case "none", "uncovered":
		return ""
	}
	if s.Standing != "" {
		out += " " + string(s.Standing)
	}
	return out
}

// TestDiffIsTheDifferenceOfThePlans: 500 pairs of small policies. Every row that differs between the two plans is in
// exactly one group with the right ends, every other is in none, and the kind says what the ends say.
func TestDiffIsTheDifferenceOfThePlans(t *testing.T) {
	kinds := map[effect.Kind]int{}
	for i := range 5 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { comparePair(t, pairs().Draw(t, "pair"), kinds) })
		})
	}
	// Pairs that are the same each time show that every kind occurs at all.
	for seed := 0; len(kinds) < len(effect.Kinds()) && seed < 3000; seed++ {
		comparePair(t, pairs().Example(seed), kinds)
	}
	for _, k := range effect.Kinds() {
		if kinds[k] == 0 {
			t.Errorf("no pair had a group of kind %s", k)
		}
	}
}

func comparePair(t rapid.TB, pair [2]plan.Input, kinds map[effect.Kind]int) {
	if pair[0].Policy == nil && pair[1].Policy == nil {
		return
	}
	was, is := rowsOf(t, pair[0]), rowsOf(t, pair[1])
	want := map[[3]string]int{}
	for key, from := range was {
		if to := is[key]; to != from {
			want[[3]string{key[0], from, to}]++
		}
	}
	for key, to := range is {
		if _, both := was[key]; !both {
			want[[3]string{key[0], "", to}]++
		}
	}
	d, err := effect.Diff(pair[0], pair[1])
	if err != nil {
		t.Fatal(err)
	}
	got := map[[3]string]int{}
	for _, g := range d.Groups {
		kinds[g.Kind]++
		checkGroup(t, g, pair[0].At)
		if g.Of == effect.OfRing {
			continue
		}
		got[[3]string{string(g.Of), told(g.From), told(g.To)}] += g.Count
		for _, x := range g.Examples {
			key := [3]string{string(g.Of), x.Host, x.Update}
			if was[key] != told(g.From) || is[key] != told(g.To) {
				t.Fatalf("%v goes from %q to %q, not from %q to %q", key, was[key], is[key], told(g.From), told(g.To))
			}
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("the comparison says\n%v\nthe plans say\n%v", got, want)
	}
	if same := len(d.Groups) == 0 && d.Side == ""; same != (d.State == "same") {
		t.Fatalf("%d groups, state %s", len(d.Groups), d.State)
	}
}

// checkGroup says in other words what kinds mean.
func checkGroup(t rapid.TB, g effect.DiffGroup, at time.Time) {
	from, to := g.From.Standing, g.To.Standing
	loud := from == effect.StandsRejected && to == effect.StandsApproved
	wrong := g.Of == effect.OfUpdate && (loud != (g.Kind == effect.RejectedToApproved) ||
		(told(g.From) == "") != (g.Kind == effect.GainedCoverage) || (told(g.To) == "") != (g.Kind == effect.LostCoverage))
	if g.By != nil && g.Of == effect.OfUpdate && from == effect.StandsApproved && to == from {
		wrong = wrong || (*g.By < 0) != (g.Kind == effect.Earlier) || (*g.By > 0) != (g.Kind == effect.Later)
	}
	if wrong || g.Count < 1 || len(g.Examples) > g.Count || g.Of != effect.OfRing && len(g.Examples) != min(g.Count, 5) {
		t.Fatalf("at %s this is wrong: %+v", at, g)
	}
}

// TestDiffOfEqualPlans: a policy that says the same in other places and order has the same effect.
func TestDiffOfEqualPlans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := plantest.Worlds().Draw(t, "world")
		other := in
		p := *in.Policy
		p.Source, p.Rings, p.Windows = "elsewhere.cue:1:1", rapid.Permutation(p.Rings).Draw(t, "rings"), rapid.Permutation(p.Windows).Draw(t, "windows")
		for i := range p.Windows {
			p.Windows[i].Source = fmt.Sprintf("elsewhere.cue:%d:1", i+2)
		}
		other.Policy = &p
		d, err := effect.Diff(in, other)
		if err != nil || d.State != "same" || len(d.Groups) > 0 {
			t.Fatalf("%v, %+v", err, d)
		}
	})
}

// TestDiffNeedsOneSnapshot: what was scanned at different times cannot be told from what was edited.
func TestDiffNeedsOneSnapshot(t *testing.T) {
	in := plantest.World("2026-11-21T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved))
	for name, spoil := range map[string]func(*plan.Input){
		"another snapshot": func(in *plan.Input) { in.Snapshot = &inventory.Snapshot{Tenant: "acme"} },
		"another instant":  func(in *plan.Input) { in.At = in.At.Add(time.Hour) },
		"bad policy":       func(in *plan.Input) { p := *in.Policy; p.Timezone = "Local"; in.Policy = &p },
	} {
		other := in
		spoil(&other)
		if _, err := effect.Diff(in, other); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := effect.Diff(plan.Input{}, plan.Input{}); err == nil {
		t.Error("no policy at all: no error")
	}
}
