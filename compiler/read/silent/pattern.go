package silent

import (
	"regexp"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/read/origin"
	"github.com/ringfence/ringfence/compiler/suggest"
)

// matchesNone tells of a pattern in brackets that no field beside it has. What cannot be told is let pass.
func (w *walk) matchesNone(f *ast.Field) (diag.Diagnostic, bool) {
	brackets, _ := f.Label.(*ast.ListLit)
	fields, ok := w.beside()
	if !ok || len(brackets.Elts) != 1 {
		return diag.Diagnostic{}, false
	}
	pattern := brackets.Elts[0]
	for _, name := range fields {
		if matches(pattern, name) {
			return diag.Diagnostic{}, false
		}
	}
	d := diag.New(diag.SaysNothing, "the pattern [%s] is for fields that are there, and none has such a name", text(pattern)).At(origin.OfNode(f).Label)
	if lit, ok := pattern.(*ast.BasicLit); ok {
		name, _ := literal.Unquote(lit.Value)
		d.Summary += suggest.Phrase(suggest.Word(name, fields))
		return d.WithFix("write %s: … without brackets to add the field", lit.Value), true
	}
	return d.WithFix("write the name of each field that is to be added, without brackets"), true
}

// beside lists the fields that stand where the path leads.
func (w *walk) beside() (out []string, ok bool) {
	var to []cue.Selector
	for _, l := range w.path {
		if l.name == "" || strings.HasPrefix(l.name, "…") {
			return nil, false
		}
		to = append(to, cue.Str(l.name))
	}
	it, err := w.program.Root.LookupPath(cue.MakePath(to...)).Fields()
	if err != nil {
		return nil, false
	}
	for it.Next() {
		if it.Selector().LabelType() == cue.StringLabel {
			out = append(out, it.Selector().Unquoted())
		}
	}
	return out, true
}

// matches reports whether a name may be one that a pattern is for.
func matches(pattern ast.Expr, name string) bool {
	switch x := pattern.(type) {
	case *ast.BasicLit:
		s, err := literal.Unquote(x.Value)
		return err != nil || s == name
	case *ast.ParenExpr:
		return matches(x.X, name)
	case *ast.BinaryExpr:
		a, b := matches(x.X, name), matches(x.Y, name)
		return x.Op == token.AND && a && b || x.Op == token.OR && (a || b) || x.Op != token.AND && x.Op != token.OR
	case *ast.UnaryExpr:
		return satisfies(x, name)
	}
	return true
}

func satisfies(x *ast.UnaryExpr, name string) bool {
	lit, ok := x.X.(*ast.BasicLit)
	if !ok {
		return true
	}
	s, err := literal.Unquote(lit.Value)
	if err != nil {
		return true
	}
	switch x.Op {
	case token.NEQ:
		return s != name
	case token.MAT, token.NMAT:
		re, err := regexp.Compile(s)
		return err != nil || re.MatchString(name) == (x.Op == token.MAT)
	}
	return true
}

func text(e ast.Expr) string {
	src, err := format.Node(e)
	if err != nil {
		return "…"
	}
	return diag.OneLine(string(src))
}
