package load

import (
	"context"
	"errors"
	"slices"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/mod/modconfig"
	"cuelang.org/go/mod/modfile"
	"cuelang.org/go/mod/module"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/policies"
)

// Program is one CUE package of a repository, loaded and built.
type Program struct {
	Inst   *build.Instance // the package's files, and those that it imports
	Root   cue.Value       // its value
	ctx    *cue.Context
	schema cue.Value // the package ringfence.dev/policy that Inst was built against
}

// noRegistry answers for CUE's module registry: compiling never opens a connection.
type noRegistry struct{}

var _ modconfig.Registry = noRegistry{}

var errNoRegistry = errors.New("modules are not fetched from a registry; keep the package in this repository")

// ModFile refuses.
func (noRegistry) ModFile(context.Context, module.Version) (*modfile.File, error) {
	return nil, errNoRegistry
}

// Fetch refuses.
func (noRegistry) Fetch(context.Context, module.Version) (module.SourceLoc, error) {
	return module.SourceLoc{}, errNoRegistry
}

// ModuleVersions refuses.
func (noRegistry) ModuleVersions(context.Context, string) ([]string, error) {
	return nil, errNoRegistry
}

// LoadTenant builds the package of the one visible tenant, which is unified with the closed definition of a tenant,
// whatever its files import. Diagnostics mean that there is no program.
func (t *Tree) LoadTenant() (*Program, diag.List) {
	dir := repository.TenantDir(t.tenant)
	if list := t.inspect(dir); len(list) > 0 {
		return nil, list
	}
	t.files = t.guarded(dir)
	return t.Load(dir)
}

// LoadFolder builds the package in another directory. Diagnostics mean that there is no program.
func (t *Tree) LoadFolder(dir string) (*Program, diag.List) {
	if list := t.inspect(dir); len(list) > 0 {
		return nil, list
	}
	return t.Load(dir)
}

// Load builds the package in a directory, or of one file, without a look at what else lies there. Diagnostics mean that
// there is no program.
func (t *Tree) Load(arg string) (*Program, diag.List) {
	inst := load.Instances([]string{"./" + arg}, &load.Config{FS: t, Registry: noRegistry{}})[0]
	if list := t.loadErrors(arg, inst); len(list) > 0 {
		return nil, list
	}
	p := &Program{ctx: cuecontext.New(), Inst: inst}
	p.Root = p.ctx.BuildInstance(inst)
	if list := t.buildErrors(inst, p.Root); len(list) > 0 {
		return nil, list
	}
	p.schema = p.ctx.BuildInstance(schemaOf(inst))
	return p, nil
}

// Build builds a package that was loaded together with others, and reports whether nothing is wrong with it.
func (p *Program) Build() bool {
	p.Root = p.ctx.BuildInstance(p.Inst)
	if p.Root.Err() != nil {
		return false
	}
	p.schema = p.ctx.BuildInstance(schemaOf(p.Inst))
	return true
}

// schemaOf returns the schema package that inst was loaded with, so that both sides of a unification are the same
// nodes; a package that does not import it gets one loaded for it.
func schemaOf(inst *build.Instance) *build.Instance {
	if found := findImport(inst, map[*build.Instance]bool{}); found != nil {
		return found
	}
	return embeddedSchema()
}

func embeddedSchema() *build.Instance {
	return load.Instances([]string{"./policy"}, &load.Config{FS: policies.Schema(), Registry: noRegistry{}})[0]
}

func findImport(inst *build.Instance, seen map[*build.Instance]bool) *build.Instance {
	if seen[inst] {
		return nil
	}
	seen[inst] = true
	for _, imp := range inst.Imports {
		if imp.ImportPath == SchemaPackage {
			return imp
		}
		if found := findImport(imp, seen); found != nil {
			return found
		}
	}
	return nil
}

// Definition is a definition of the schema that the package was built against.
func (p *Program) Definition(name string) cue.Value {
	return p.schema.LookupPath(cue.MakePath(cue.Def(name)))
}

// Closed is a definition of the embedded schema, also in a program whose own schema is the permissive one.
func (p *Program) Closed(name string) cue.Value {
	return p.ctx.BuildInstance(embeddedSchema()).LookupPath(cue.MakePath(cue.Def(name)))
}

// Value is what stands at a path of field names.
func (p *Program) Value(path ...string) cue.Value {
	var sel []cue.Selector
	for _, name := range path {
		sel = append(sel, cue.Str(name))
	}
	return p.Root.LookupPath(cue.MakePath(sel...))
}

// Files are those of the package and of the repository's packages that it imports.
func (p *Program) Files() []*ast.File {
	out := slices.Clone(p.Inst.Files)
	for _, imp := range imported(p.Inst, map[*build.Instance]bool{}) {
		out = append(out, imp.Files...)
	}
	return out
}
