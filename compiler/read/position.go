package read

import (
	"cmp"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// place is one spot of the repository that contributes to a value: the field's label and what stands behind it.
type place struct {
	label, value diag.Range
	pattern      bool   // the label stands for many fields: [string]: …
	ref          string // the parameter that the value is, if it is one: #securityWait
}

// places lists where a value comes from: the files under home first, then the others, then patterns. The schema is left
// out: its lines are no help to who wrote the policy.
func places(v cue.Value, home string) []place {
	var out []place
	for _, node := range nodes(v, 0) {
		p := placeOf(node)
		if load.OfRepository(p.label.File) {
			out = append(out, p)
		}
	}
	return inOrder(out, home)
}

// inOrder sorts places by how much they help, and drops repetitions. The list stays as it is: an index keeps it.
func inOrder(list []place, home string) []place {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b place) int {
		return cmp.Or(order(a, home)-order(b, home), compareRange(a.label, b.label))
	})
	return slices.CompactFunc(list, func(a, b place) bool { return a.label == b.label })
}

// nodes returns the syntax of every conjunct. Expr takes a unification apart; one conjunct is its own source.
func nodes(v cue.Value, depth int) []ast.Node {
	if field, ok := v.Source().(*ast.Field); ok {
		return []ast.Node{field}
	}
	op, args := v.Expr()
	if op != cue.AndOp || depth > 8 {
		if src := v.Source(); src != nil {
			return []ast.Node{src}
		}
		return nil
	}
	var out []ast.Node
	for _, a := range args {
		out = append(out, nodes(a, depth+1)...)
	}
	return out
}

func placeOf(node ast.Node) place {
	field, ok := node.(*ast.Field)
	if !ok {
		r := syntax.Range(node.Pos(), node.End())
		return place{label: r, value: r}
	}
	_, pattern := field.Label.(*ast.ListLit)
	p := place{
		label: syntax.Range(field.Label.Pos(), field.Label.End()), value: syntax.Range(field.Value.Pos(), field.Value.End()), pattern: pattern,
	}
	if id, ok := field.Value.(*ast.Ident); ok && syntax.IsParameter(id.Name) {
		p.ref = id.Name
	}
	return p
}

// order puts the user's own fields first, and patterns behind the fields that they are for.
func order(p place, home string) int {
	if p.pattern {
		return 2
	}
	return rank(p.label, home)
}

func rank(r diag.Range, home string) int {
	if strings.HasPrefix(r.File, home) {
		return 0
	}
	return 1
}

func compareRange(a, b diag.Range) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Start.Line, b.Start.Line), cmp.Compare(a.Start.Column, b.Start.Column))
}
