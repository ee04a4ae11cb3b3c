package load

import (
	"path"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"github.com/ringfence/ringfence/compiler/repository"
)

// settingsSchema is the part of the schema that settings need; it stands on its own.
const settingsSchema = schemaMount + "/policy/settings.cue"

// LoadSettings builds settings that import nothing but the schema without CUE's loader, which would read and build all of
// the schema and three module files for a few lines. Nothing is said of what is wrong with them: ok is false for anything
// that may not be flawless, and is for Load to build.
func (t *Tree) LoadSettings() (p *Program, ok bool) {
	file, err := t.parse(repository.SettingsFile)
	if err != nil || !readsOnlySettings(file) {
		return nil, false
	}
	schema, err := t.parse(settingsSchema)
	if err != nil {
		return nil, false
	}
	files := build.NewContext()
	imported := instance(files, schema, nil)
	imported.ImportPath = SchemaPackage
	inst := instance(files, file, func(token.Pos, string) *build.Instance { return imported })
	if imported.Complete() != nil || inst.Complete() != nil {
		return nil, false
	}
	p = &Program{ctx: cuecontext.New(), Inst: inst}
	p.Root, p.schema = p.ctx.BuildInstance(inst), p.ctx.BuildInstance(imported)
	return p, true
}

// parse reads a file of the tree; positions name it as CUE's loader would.
func (t *Tree) parse(name string) (*ast.File, error) {
	data, err := t.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return parser.ParseFile("/"+name, data, parser.ParseComments)
}

// readsOnlySettings reports whether a file imports nothing but the schema, and names nothing of it that settingsSchema
// does not declare: even to ask whether something is there would be answered otherwise.
func readsOnlySettings(f *ast.File) bool {
	names := map[string]bool{}
	for spec := range f.ImportSpecs() {
		if spec.Path.Value != `"`+SchemaPackage+`"` {
			return false
		}
		names[path.Base(SchemaPackage)] = true
		if spec.Name != nil {
			names[spec.Name.Name] = true
		}
	}
	ok := true
	ast.Walk(f, func(n ast.Node) bool {
		if s, is := n.(*ast.SelectorExpr); is {
			x, plain := s.X.(*ast.Ident)
			name, _ := s.Sel.(*ast.Ident)
			if plain && name != nil && names[x.Name] {
				ok = ok && (name.Name == "#Settings" || name.Name == "#Providers")
				return false
			}
		}
		if _, is := n.(*ast.ImportSpec); is {
			return false
		}
		x, is := n.(*ast.Ident)
		ok = ok && !(is && names[x.Name])
		return true
	}, nil)
	return ok
}

func instance(files *build.Context, f *ast.File, load build.LoadFunc) *build.Instance {
	inst := files.NewInstance("", load)
	inst.PkgName = f.PackageName()
	_ = inst.AddSyntax(f) // its errors are those of Complete
	return inst
}
