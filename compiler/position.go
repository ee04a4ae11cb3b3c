package compiler

import (
	"cmp"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/ringfence/ringfence/compiler/diag"
)

// place is one spot of the repository that contributes to a value: the field's label and what stands behind it.
type place struct {
	label, value diag.Range
}

// places lists where a value comes from, the files under home first, then in file order. The schema is left out: its
// lines are no help to who wrote the policy.
func places(v cue.Value, home string) []place {
	var out []place
	for _, node := range nodes(v, 0) {
		p := placeOf(node)
		if p.label.File != "" && !strings.HasPrefix(p.label.File, schemaMount) {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b place) int {
		return cmp.Or(rank(a.label, home)-rank(b.label, home), compareRange(a.label, b.label))
	})
	return slices.CompactFunc(out, func(a, b place) bool { return a.label == b.label })
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
		r := rangeOf(node.Pos(), node.End())
		return place{r, r}
	}
	return place{rangeOf(field.Label.Pos(), field.Label.End()), rangeOf(field.Value.Pos(), field.Value.End())}
}

// rangeOf turns CUE's positions into a range of the repository; End is Start if CUE does not know it.
func rangeOf(start, end token.Pos) diag.Range {
	if !start.IsValid() {
		return diag.Range{}
	}
	p := start.Position()
	r := diag.Range{File: strings.TrimPrefix(p.Filename, "/"), Start: diag.Pos{Line: p.Line, Column: p.Column}}
	r.End = r.Start
	if e := end.Position(); end.IsValid() && e.Filename == p.Filename {
		r.End = diag.Pos{Line: e.Line, Column: e.Column}
	}
	return r
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
