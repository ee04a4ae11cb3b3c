package origin

import (
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/token"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// Published is a value that some file leaves open, such as *"22:00" | string: whoever uses it may set one of its parts.
type Published struct {
	Text  string // as written
	First string // its default, or else its first part
}

// Published is the open value of which the value at a place is one part.
func (x *Index) Published(at diag.Range) (out Published, ok bool) {
	for _, f := range x.program.Files() {
		ast.Walk(f, func(n ast.Node) bool {
			if e, is := n.(*ast.BinaryExpr); is && e.Op == token.OR && !ok {
				out, ok = publishedOf(e, at)
			}
			return !ok
		}, nil)
	}
	return out, ok
}

// publishedOf describes a disjunction, if one of its parts is the value at a place.
func publishedOf(e *ast.BinaryExpr, at diag.Range) (c Published, here bool) {
	for i, part := range parts(e) {
		value := part
		if u, ok := part.(*ast.UnaryExpr); ok && u.Op == token.MUL {
			value = u.X
		}
		if r := syntax.Range(value.Pos(), token.NoPos); r.File == at.File && r.Start == at.Start {
			here = true
		}
		if i == 0 || value != part {
			c.First = source(value)
		}
	}
	c.Text = source(e)
	return c, here && c.Text != ""
}

// parts are the operands of a disjunction.
func parts(e ast.Expr) []ast.Expr {
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.OR {
		return append(parts(b.X), parts(b.Y)...)
	}
	return []ast.Expr{e}
}

// Text is the value that begins at a place, as it is written there.
func (x *Index) Text(at diag.Range) string {
	out := ""
	for _, f := range x.program.Files() {
		ast.Walk(f, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok && out == "" {
				if here := syntax.Range(e.Pos(), token.NoPos); here.File == at.File && here.Start == at.Start {
					out = source(e)
				}
			}
			return out == ""
		}, nil)
	}
	return out
}

func source(e ast.Expr) string {
	src, err := format.Node(e, format.Simplify())
	if err != nil {
		return ""
	}
	return diag.OneLine(syntax.WrittenText(string(src)))
}
