package read

import (
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/token"

	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// index says where the fields of a package stand, by their path from the top. It follows the syntax: structs, what
// they embed, unifications, and definitions of the same or an imported package. Values that come about otherwise are
// not in it; for those CUE is asked, which costs a hundred times more.
type index map[string][]place

const maxIndexDepth = 16 // of definitions that lead to definitions

// scope is where names are looked up.
type scope struct {
	inst    *build.Instance
	imports map[string]*build.Instance // by the name that a file uses
}

func indexOf(inst *build.Instance) index {
	ix := index{}
	for _, f := range inst.Files {
		ix.decls(f.Decls, nil, scopeOf(inst, f), 0)
	}
	return ix
}

func scopeOf(inst *build.Instance, f *ast.File) scope {
	s := scope{inst, map[string]*build.Instance{}}
	for spec := range f.ImportSpecs() {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		for _, imp := range inst.Imports {
			if imp.ImportPath != target || imp.ImportPath == load.SchemaPackage {
				continue
			}
			name := imp.PkgName
			if spec.Name != nil {
				name = spec.Name.Name
			}
			s.imports[name] = imp
		}
	}
	return s
}

func indexKey(path []string) string { return strings.Join(path, "\x1f") }

func (ix index) decls(decls []ast.Decl, at []string, s scope, depth int) {
	for _, decl := range decls {
		switch d := decl.(type) {
		case *ast.EmbedDecl:
			ix.expr(d.Expr, at, s, depth)
		case *ast.Field:
			name, _, err := ast.LabelName(d.Label)
			if err != nil {
				continue
			}
			if p := placeOf(d); load.OfRepository(p.label.File) {
				below := append(at[:len(at):len(at)], name)
				ix[indexKey(below)] = append(ix[indexKey(below)], p)
				ix.expr(d.Value, below, s, depth)
			}
		}
	}
}

func (ix index) expr(e ast.Expr, at []string, s scope, depth int) {
	if depth > maxIndexDepth {
		return
	}
	switch x := e.(type) {
	case *ast.StructLit:
		ix.decls(x.Elts, at, s, depth)
	case *ast.ParenExpr:
		ix.expr(x.X, at, s, depth)
	case *ast.BinaryExpr:
		if x.Op == token.AND {
			ix.expr(x.X, at, s, depth)
			ix.expr(x.Y, at, s, depth)
		}
	case *ast.Ident:
		ix.definition(s.inst, x.Name, at, depth)
	case *ast.SelectorExpr:
		pkg, ok := x.X.(*ast.Ident)
		name, _, err := ast.LabelName(x.Sel)
		if ok && err == nil && s.imports[pkg.Name] != nil {
			ix.definition(s.imports[pkg.Name], name, at, depth)
		}
	}
}

// definition adds what a definition at the top of a package says.
func (ix index) definition(inst *build.Instance, name string, at []string, depth int) {
	if len(at) == 0 || !syntax.IsParameter(name) {
		return // at the top of a file it would be the package itself
	}
	for _, f := range inst.Files {
		for _, decl := range f.Decls {
			field, ok := decl.(*ast.Field)
			if !ok {
				continue
			}
			if label, _, err := ast.LabelName(field.Label); err == nil && label == name {
				ix.expr(field.Value, at, scopeOf(inst, f), depth+1)
			}
		}
	}
}
