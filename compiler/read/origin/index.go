package origin

import (
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/token"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// Index answers for one value of a program: the one that stands at a path of field names. The files under home are those of
// whoever reads the answers.
type Index struct {
	program *load.Program
	home    string
	prefix  []string
	fields  index
}

// NewIndex indexes a program.
func NewIndex(p *load.Program, home string, prefix ...string) *Index {
	return &Index{p, home, prefix, indexOf(p.Inst)}
}

// Below answers for another value of the same program, without indexing it again.
func (x *Index) Below(prefix ...string) *Index { return &Index{x.program, x.home, prefix, x.fields} }

// At lists where a value below the indexed one comes from; path leads to it.
func (x *Index) At(v cue.Value, path ...string) []Place {
	key := indexKey(append(x.prefix[:len(x.prefix):len(x.prefix)], path...))
	if p := x.fields[key]; len(p) > 0 {
		return inOrder(p, x.home)
	}
	return Of(v, x.home)
}

// Parameter lists where a parameter of the indexed value stands, the user's own files first.
func (x *Index) Parameter(name string) []Place {
	if name == "" {
		return nil
	}
	return inOrder(x.fields[indexKey(append(slices.Clone(x.prefix), name))], x.home)
}

// Whole is the whole value that begins at a place, as far as it is in the index.
func (x *Index) Whole(at diag.Range) diag.Range {
	for _, list := range x.fields {
		for _, p := range list {
			if p.Value.File == at.File && p.Value.Start == at.Start {
				return p.Value
			}
		}
	}
	return at
}

// ParameterSet is the parameter of the user's that a place is the value of, "" if it is of none.
func (x *Index) ParameterSet(at diag.Range) string {
	for key, list := range x.fields {
		path := strings.Split(key, "\x1f")
		name := path[len(path)-1]
		if !syntax.IsParameter(name) || len(path) != len(x.prefix)+1 {
			continue
		}
		for _, p := range list {
			if p.Value.File == at.File && p.Value.Start == at.Start && Rank(p.Label, x.home) == 0 {
				return syntax.WrittenName(name)
			}
		}
	}
	return ""
}

// index says where the fields of a package stand, by their path from the top. It follows the syntax: structs, what
// they embed, unifications, and definitions of the same or an imported package. Values that come about otherwise are
// not in it; for those CUE is asked, which costs a hundred times more.
type index map[string][]Place

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
			if p := OfNode(d); load.OfRepository(p.Label.File) {
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
