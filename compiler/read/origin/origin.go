// Package origin says where a value of a program comes from: which lines of which files contribute to it, whose they are,
// and what they say. In go a load.Program and a value or a place in it; out come places of the repository, the most helpful
// first. The schema's lines are none of them: they are no help to who wrote the policy.
package origin

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// Place is one spot of the repository that contributes to a value: the field's label and what stands behind it.
type Place struct {
	Label, Value diag.Range
	Ref          string // the parameter that the value is, if it is one: #securityWait
	pattern      bool   // the label stands for many fields: [string]: …
}

// Of lists where a value comes from, by taking it apart: the files under home first, then the others, then patterns. An
// Index knows most of it for a hundredth of the price.
func Of(v cue.Value, home string) []Place {
	var out []Place
	for _, node := range nodes(v, 0) {
		p := OfNode(node)
		p.Label, p.Value = Embedded(p.Label, home), Embedded(p.Value, home)
		if load.OfRepository(p.Label.File) {
			out = append(out, p)
		}
	}
	return inOrder(out, home)
}

// Embedded is a place with its file as the repository calls it. CUE names a file of data that @embed brings in as the
// attribute does: from the folder of the package, which is home.
func Embedded(r diag.Range, home string) diag.Range {
	if r.File != "" && path.Ext(r.File) != ".cue" && strings.HasSuffix(home, "/") && !strings.HasPrefix(r.File, home) {
		r.File = home + r.File
	}
	return r
}

// inOrder sorts places by how much they help, and drops repetitions. The list stays as it is: an index keeps it.
func inOrder(list []Place, home string) []Place {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Place) int {
		return cmp.Or(order(a, home)-order(b, home), compareRange(a.Label, b.Label))
	})
	return slices.CompactFunc(list, func(a, b Place) bool { return a.Label == b.Label })
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

// OfNode is the place of a field, or of anything else in a file.
func OfNode(node ast.Node) Place {
	field, ok := node.(*ast.Field)
	if !ok {
		r := syntax.Range(node.Pos(), node.End())
		return Place{Label: r, Value: r}
	}
	_, pattern := field.Label.(*ast.ListLit)
	p := Place{
		Label: syntax.Range(field.Label.Pos(), field.Label.End()), Value: syntax.Range(field.Value.Pos(), field.Value.End()), pattern: pattern,
	}
	if id, ok := field.Value.(*ast.Ident); ok && syntax.IsParameter(id.Name) {
		p.Ref = id.Name
	}
	return p
}

// order puts the user's own fields first, and patterns behind the fields that they are for.
func order(p Place, home string) int {
	if p.pattern {
		return 2
	}
	return Rank(p.Label, home)
}

// Rank is 0 for a place in the files under home, which are the user's own, and 1 for any other.
func Rank(r diag.Range, home string) int {
	if strings.HasPrefix(r.File, home) {
		return 0
	}
	return 1
}

func compareRange(a, b diag.Range) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Start.Line, b.Start.Line), cmp.Compare(a.Start.Column, b.Start.Column))
}
