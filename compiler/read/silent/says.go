package silent

import (
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// says reports whether an expression holds values and nothing but values. A type, which leaves something open, is what a
// definition may well say of a field that need not be there.
func says(e ast.Expr) bool {
	values, open := weigh(e)
	return values && !open
}

// weigh looks for values and for types in an expression. A reference may be either.
func weigh(e ast.Expr) (values, open bool) {
	switch x := e.(type) {
	case *ast.BasicLit, *ast.Interpolation:
		return true, false
	case *ast.ParenExpr:
		return weigh(x.X)
	case *ast.Ident:
		return false, types[x.Name]
	case *ast.UnaryExpr:
		number := x.Op == token.SUB || x.Op == token.ADD
		return number, !number
	case *ast.BinaryExpr:
		if x.Op == token.AND {
			return says(x.X) || says(x.Y), false
		}
		return false, x.Op == token.OR
	case *ast.ListLit:
		return together(x.Elts)
	case *ast.StructLit:
		return together(fieldsOf(x))
	case *ast.Ellipsis:
		return false, true
	}
	return false, false
}

var types = map[string]bool{"_": true, "string": true, "bytes": true, "int": true, "uint": true, "float": true, "number": true, "bool": true}

func together(list []ast.Expr) (values, open bool) {
	for _, e := range list {
		v, o := weigh(e)
		values, open = values || v, open || o
	}
	return values, open
}

// fieldsOf are the values of a struct's fields and what it embeds.
func fieldsOf(s *ast.StructLit) (out []ast.Expr) {
	for _, decl := range s.Elts {
		switch d := decl.(type) {
		case *ast.Field:
			out = append(out, d.Value)
		case *ast.EmbedDecl:
			out = append(out, d.Expr)
		case *ast.Ellipsis:
			out = append(out, d)
		}
	}
	return out
}
