package compiler

import (
	"slices"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

const otherwise = "otherwise"

// approval reads the approval rules into t.
func (n node) approval(t *policy.Tenant) {
	t.Rules = []policy.Rule{}
	for _, f := range n.get("approval").fields() {
		rule := f.rule()
		if f.label() == otherwise {
			t.Otherwise = &rule
			continue
		}
		m := f.get("match").match()
		rule.Match = &m
		t.Rules = append(t.Rules, rule)
	}
}

func (n node) rule() policy.Rule {
	r := policy.Rule{Name: n.label(), Source: n.source()}
	approve, require := n.get("approve"), n.get("require")
	if approve.exists() {
		r.Approve = &policy.Approve{
			After:    approve.get("after").duration(),
			Anchor:   policy.Anchor(approve.get("anchor").enum(string(policy.FirstSeen), string(policy.Released))),
			Fallback: policy.Anchor(approve.get("fallback").enum(string(policy.FirstSeen))),
		}
	}
	if require.exists() {
		r.Require = &policy.Require{Approvers: require.get("approvers").integer(1, maxCount), Role: require.get("role").ref()}
	}
	switch {
	case approve.exists() && require.exists():
		n.exclude("approve", "require", "has both approve and require", "keep one of them; two rules that match are alternatives")
	case !n.has("approve") && !n.has("require"):
		n.report(diag.New(diag.MissingField, "%s says neither approve nor require", n.name()).
			WithFix("add approve: {after: \"48h\"} or require: {approvers: 1, role: \"ops\"}"))
	}
	return r
}

// match reads what a rule, lane or freeze applies to. An empty one would be everything by accident.
func (n node) match() policy.Match {
	m := policy.Match{Exploited: n.get("exploited").boolean()}
	n.get("classification").some("a class")
	for _, c := range n.get("classification").items() {
		m.Classification = append(m.Classification, c.enum(classes()...))
	}
	slices.Sort(m.Classification)
	m.Classification = slices.Compact(m.Classification)
	if n.exists() && len(n.fields()) == 0 {
		n.report(diag.New(diag.EmptyMatch, "%s names nothing", n.name()).
			WithFix("say what it applies to, for example classification: [\"security\"]"))
	}
	return m
}

func classes() []string {
	var out []string
	for _, c := range inventory.Classes {
		out = append(out, string(c))
	}
	return out
}
