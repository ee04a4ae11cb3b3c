package read

import (
	"strings"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/read/origin"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// undecided reports a value that is none yet: nobody set it, or several were left to choose from.
func (n node) undecided(v cue.Value) {
	p := n.place()
	if declared := n.r.index.Parameter(p.Ref); len(declared) > 0 && origin.Rank(p.Label, n.r.home) > 0 {
		name := syntax.WrittenName(p.Ref)
		if len(declared) > 1 && defaults(n.root().parameter(p.Ref)) > 1 {
			n.r.clash(diag.New(diag.Conflict, "the parameter %s has more than one default, and so none", name).At(declared[0].Label).
				WithRelated(declared[1].Value, "another default").WithFix(oneDefault))
			return
		}
		n.r.diags = append(n.r.diags, diag.New(diag.MissingField, "the parameter %s has no value", name).At(n.root().where()).
			WithRelated(declared[0].Label, "declared here").WithFix("add %s: … here, or give it a default where it is declared", name))
		return
	}
	if defaults(n.v) > 1 {
		d := diag.New(diag.Conflict, "%s has more than one default, and so none", n.name()).WithFix(oneDefault)
		if list := n.places(); len(list) > 1 {
			d = d.WithRelated(list[1].Value, "another default")
		}
		n.report(d)
		return
	}
	if op, _ := v.Expr(); op == cue.OrOp {
		n.report(diag.New(diag.MissingField, "%s is left open: %s", n.name(), n.text()).
			WithFix("keep one of them, or mark one as the default with a *"))
		return
	}
	n.report(diag.New(diag.MissingField, "%s has no value yet", n.name()).
		WithFix("set it, or give it a default where it is declared"))
}

// oneDefault is the way out of two defaults.
const oneDefault = "set a plain value here, or leave it out: a default gives way to a value, not to another default"

// defaults counts the parts of a value that each bring a default.
func defaults(v cue.Value) int {
	op, parts := v.Expr()
	if op != cue.AndOp {
		if _, ok := v.Default(); ok {
			return 1
		}
		return 0
	}
	n := 0
	for _, p := range parts {
		n += defaults(p)
	}
	return n
}

// parameter is what stands for a parameter of the node, by its name in the program that is read.
func (n node) parameter(name string) cue.Value {
	if strings.HasPrefix(name, "#") {
		return n.v.LookupPath(cue.MakePath(cue.Def(name)))
	}
	return n.v.LookupPath(cue.MakePath(cue.Str(name)))
}
