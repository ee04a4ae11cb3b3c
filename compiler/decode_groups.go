package compiler

import "github.com/ringfence/ringfence/compiler/policy"

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
