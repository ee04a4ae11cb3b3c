package decide

import (
	"path"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/policies"
)

func someOf(values ...string) *rapid.Generator[[]string] {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(values), 0, 2, rapid.ID[string])
}

func wholeMatch() *rapid.Generator[policy.Match] {
	return rapid.Custom(func(t *rapid.T) policy.Match {
		m := policy.Match{
			Classification: someOf("security", "bugfix", "unknown").Draw(t, "classes"),
			Severity:       someOf(inventory.Severities...).Draw(t, "severities"),
			Package:        someOf("vim", "linux-*", "li?ux-[a-h]*", "*").Draw(t, "packages"),
			Origin:         someOf("Debian", "Deb*", "*").Draw(t, "origins"),
			Advisory:       someOf("DSA-1-1", "DSA-*").Draw(t, "advisories"),
			PURL:           someOf("pkg:deb/debian/vim@1").Draw(t, "purls"),
		}
		if rapid.Bool().Draw(t, "says exploited") {
			m.Exploited = new(rapid.Bool().Draw(t, "exploited"))
		}
		return m
	}).Filter(func(m policy.Match) bool { return !m.Empty() })
}

func anyRule(name string) *rapid.Generator[policy.Rule] {
	return rapid.Custom(func(t *rapid.T) policy.Rule {
		m := wholeMatch().Draw(t, "match")
		r := policy.Rule{Name: name, Match: &m}
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			r.Approve = &policy.Approve{Anchor: policy.FirstSeen}
		case 1:
			r.Require = &policy.Require{Approvers: 1, Role: "ops"}
		case 2:
			r.Reject = &policy.Reject{Reason: "broken", Expires: "2026-11-30"}
		default:
			r.Hold = &policy.Hold{Reason: "later"}
		}
		return r
	})
}

func wholeUpdate() *rapid.Generator[inventory.Update] {
	return rapid.Custom(func(t *rapid.T) inventory.Update {
		u := update(rapid.SampledFrom([]string{"vim", "linux-image", "linux-perf", "x-linux-image"}).Draw(t, "name"),
			rapid.SampledFrom([]inventory.Class{"security", "bugfix", ""}).Draw(t, "class"), rapid.Bool().Draw(t, "exploited"))
		u.Severity = rapid.SampledFrom(append([]string{""}, inventory.Severities...)).Draw(t, "severity")
		u.Origin = rapid.SampledFrom([]string{"", "Debian", "Debian-Security", "Other"}).Draw(t, "origin")
		u.Advisories = someOf("DSA-1-1", "DSA-2-1", "USN-1").Draw(t, "advisories")
		return u
	})
}

// takes says anew what a match means.
func takes(m policy.Match, u inventory.Update) bool {
	in := func(list []string, text string) bool { return len(list) == 0 || slices.Contains(list, text) }
	glob := func(list []string, texts ...string) bool {
		return len(list) == 0 || slices.ContainsFunc(list, func(g string) bool {
			return slices.ContainsFunc(texts, func(s string) bool { ok, _ := path.Match(g, s); return ok && s != "" })
		})
	}
	known := func(s string) string {
		if s == "" {
			return "unknown"
		}
		return s
	}
	return (m.Exploited == nil || *m.Exploited == u.Exploited) && in(m.Classification, known(string(u.Class))) &&
		in(m.Severity, known(u.Severity)) && in(m.PURL, u.PURL) && glob(m.Package, u.Name) && glob(m.Origin, u.Origin) &&
		glob(m.Advisory, u.Advisories...)
}

// TestRulesSayWhatTheyMatch compares the rules with their meaning written down anew, in every order of them, and holds
// that one rule more that blocks takes no block away and adds no grant.
func TestRulesSayWhatTheyMatch(t *testing.T) {
	engine, err := Load(t.Context(), policies.Decide)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		rules := []policy.Rule{anyRule("a").Draw(t, "a"), anyRule("b").Draw(t, "b"), anyRule("c").Draw(t, "c")}
		updates := rapid.SliceOfN(wholeUpdate(), 1, 5).Draw(t, "updates")
		ask := func(rules []policy.Rule) []decision.Answer {
			v, err := engine.Evaluator(t.Context(), &policy.Tenant{Name: "acme", Rules: rules, Otherwise: tenant().Otherwise})
			if err != nil {
				t.Fatal(err)
			}
			answers, _ := v.Answers(t.Context(), updates)
			return answers
		}
		got := ask(rules)
		if again := ask(rapid.Permutation(rules).Draw(t, "order")); !reflect.DeepEqual(got, again) {
			t.Fatalf("got %+v, in another order %+v", got, again)
		}
		extra := anyRule("d").Filter(func(r policy.Rule) bool { return !r.Grants() }).Draw(t, "one more that blocks")
		more := ask(append(slices.Clone(rules), extra))
		for i, u := range updates {
			check(t, u, rules, got[i])
			rest := slices.DeleteFunc(slices.Clone(more[i].Blocks), func(b decision.Block) bool { return b.Rule == "d" })
			if !reflect.DeepEqual(more[i].Grants, got[i].Grants) || len(rest) != len(got[i].Blocks) {
				t.Fatalf("from %+v to %+v", got[i], more[i])
			}
		}
	})
}

func check(t *rapid.T, u inventory.Update, rules []policy.Rule, a decision.Answer) {
	var grants, blocks []string
	for _, r := range rules {
		switch {
		case !takes(*r.Match, u):
		case r.Grants():
			grants = append(grants, r.Name)
		default:
			blocks = append(blocks, r.Name)
		}
	}
	if len(grants) == 0 {
		grants = []string{"otherwise"}
	}
	var gotGrants, gotBlocks []string
	for _, g := range a.Grants {
		gotGrants = append(gotGrants, g.Rule)
	}
	for _, b := range a.Blocks {
		gotBlocks = append(gotBlocks, b.Rule)
	}
	if !slices.Equal(gotGrants, grants) || !slices.Equal(gotBlocks, blocks) {
		t.Fatalf("%+v: got %v and %v, want %v and %v", u, gotGrants, gotBlocks, grants, blocks)
	}
}
