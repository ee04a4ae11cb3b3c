package compiler

import (
	"context"
	"errors"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/mod/modconfig"
	"cuelang.org/go/mod/modfile"
	"cuelang.org/go/mod/module"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/policies"
)

// program is one CUE package, built in a context of its own.
type program struct {
	ctx    *cue.Context
	inst   *build.Instance
	root   cue.Value
	schema cue.Value // the package ringfence.dev/policy that inst was built against
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

// load builds the package in the directory arg, or the one file arg. Diagnostics mean that there is no program.
func (t *tree) load(arg string) (*program, diag.List) {
	inst := load.Instances([]string{"./" + arg}, &load.Config{FS: t, Registry: noRegistry{}})[0]
	if list := t.loadErrors(arg, inst); len(list) > 0 {
		return nil, list
	}
	p := &program{ctx: cuecontext.New(), inst: inst}
	p.root = p.ctx.BuildInstance(inst)
	if list := t.buildErrors(inst, p.root); len(list) > 0 {
		return nil, list
	}
	p.schema = p.ctx.BuildInstance(schemaOf(inst))
	return p, nil
}

// schemaOf returns the schema package that inst was loaded with, so that both sides of a unification are the same
// nodes; a package that does not import it gets one loaded for it.
func schemaOf(inst *build.Instance) *build.Instance {
	if found := findImport(inst, map[*build.Instance]bool{}); found != nil {
		return found
	}
	return load.Instances([]string{"./policy"}, &load.Config{FS: policies.Schema(), Registry: noRegistry{}})[0]
}

func findImport(inst *build.Instance, seen map[*build.Instance]bool) *build.Instance {
	if seen[inst] {
		return nil
	}
	seen[inst] = true
	for _, imp := range inst.Imports {
		if imp.ImportPath == schemaPackage {
			return imp
		}
		if found := findImport(imp, seen); found != nil {
			return found
		}
	}
	return nil
}

func (p *program) definition(name string) cue.Value {
	return p.schema.LookupPath(cue.MakePath(cue.Def(name)))
}
