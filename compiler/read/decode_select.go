package read

import (
	"slices"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// selector reads the labels that a ring or group asks for: those that must be equal, and those with other conditions. An empty
// selector would take every host by accident.
func (n node) selector() (equal []policy.Label, by []policy.Choice) {
	equal = []policy.Label{}
	for _, f := range n.fields() {
		if v, _ := f.v.Default(); v.IncompleteKind() == cue.StructKind {
			by = append(by, f.choice())
			continue
		}
		if v, _ := f.v.Default(); v.Err() == nil && v.IncompleteKind() == cue.ListKind {
			f.rejectWith(diag.New(diag.WrongValue, "%s must be a string, as labels are, not %s", f.name(), f.text()).
				WithFix("write {in: %s}", f.text()))
			continue
		}
		equal = append(equal, policy.Label{Key: f.label(), Value: f.str("a string, as labels are")})
	}
	if n.exists() && n.isStruct() && len(n.fields()) == 0 {
		n.report(diag.New(diag.EmptyMatch, "%s selects nothing", n.name()).WithFix("name at least one label, such as tier: %q", "prod"))
	}
	return equal, by
}

// choice reads a condition on one label.
func (n node) choice() policy.Choice {
	for _, f := range n.fields() {
		if s := choiceShape; !s.has(f.label()) {
			f.unknown(s, n)
		}
	}
	c := policy.Choice{Key: n.label(), In: n.get("in").texts(), Not: n.get("not").texts(), Glob: n.get("glob").glob()}
	if !n.has("in") && !n.has("not") && !n.has("glob") {
		n.report(diag.New(diag.EmptyMatch, "%s asks for nothing", n.name()).
			WithFix("say a value, or {in: [%q, %q]}, {not: %q}, {glob: %q}", "a", "b", "a", "web-*"))
	}
	return c
}

// choiceShape is what #Choice has: it stands in a disjunction, where the structural pass does not look.
var choiceShape = shape{fields: map[string]cue.Value{"in": {}, "not": {}, "glob": {}}}

func (s shape) has(field string) bool {
	_, ok := s.fields[field]
	return ok
}

// texts reads one string or several; they are sorted, and each is there once.
func (n node) texts() []string {
	switch v, _ := n.v.Default(); {
	case n.exists() && v.IncompleteKind() == cue.StringKind:
		return []string{n.str("a string")}
	case n.exists() && v.Err() == nil && v.IncompleteKind() != cue.ListKind:
		n.wrongKind("a string or a list of strings", nil)
		return nil
	}
	n.some("one value")
	var out []string
	for _, item := range n.items() {
		out = append(out, item.str("a string"))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// share reads a stable part of the hosts; nil if the ring has none.
func (n node) share() *policy.Share {
	if !n.exists() {
		return nil
	}
	s := &policy.Share{From: n.get("from").integer(0, 99), To: n.get("to").integer(1, 100)}
	if s.To > 0 && s.From >= s.To && n.get("to").exists() {
		n.report(diag.New(diag.EmptyMatch, "%s takes no host: from %d is not below to %d", n.name(), s.From, s.To).
			WithFix("shares are percentages: {from: 0, to: 10} is the first tenth, {from: 10, to: 100} all others"))
	}
	return s
}

// groups reads the quorum groups of a tenant.
func (n node) groups() []policy.Group {
	var out []policy.Group
	for _, f := range n.fields() {
		out = append(out, f.mark().group())
	}
	return out
}

func (n node) group() policy.Group {
	g := policy.Group{Name: n.label(), MinHealthy: n.get("minHealthy").mark().amount(), Source: n.source()}
	g.Select, g.SelectBy = n.get("select").selector()
	for _, f := range n.get("sequence").mark().items() {
		g.Sequence = append(g.Sequence, f.mark().str("a host's name"))
	}
	return g
}
