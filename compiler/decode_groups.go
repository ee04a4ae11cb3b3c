package compiler

import (
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

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
	for _, f := range n.get("select").fields() {
		g.Select = append(g.Select, policy.Label{Key: f.label(), Value: f.str("a string, as labels are")})
	}
	if len(g.Select) == 0 && n.has("select") {
		n.get("select").report(diag.New(diag.EmptyMatch, "%s selects nothing", n.get("select").name()).WithFix("name at least one label, such as role: %q", "db"))
	}
	for _, f := range n.get("sequence").mark().items() {
		g.Sequence = append(g.Sequence, f.str("a host's name"))
	}
	return g
}
