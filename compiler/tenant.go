package compiler

import (
	"fmt"
	"maps"
	"path"
	"testing/fstest"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/parser"

	"github.com/ringfence/ringfence/compiler/check"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/repository"
)

// compiled is one tenant's result. Policy is nil if there is none.
type compiled struct {
	policy *policy.Tenant
	places check.Places
	diags  diag.List
}

// tenant compiles one directory of tenants/. Whatever it holds, the answer is a policy or diagnostics, never a panic.
func (c *compilation) tenant(name string) (out compiled) {
	dir := repository.TenantDir(name)
	defer func() {
		if p := recover(); p != nil {
			out = compiled{diags: diag.List{gaveUp(dir, p)}}
		}
	}()
	if !repository.IsTenantName(name) {
		return compiled{diags: diag.List{diag.New(diag.WrongValue, "%q cannot be a tenant's name", name).At(diag.Range{File: dir}).
			WithFix("rename the directory: lower-case letters, digits and -, at most 63")}}
	}
	t := &tree{repo: c.repo, tenant: name, overlay: c.overlay}
	if list := t.inspect(dir); len(list) > 0 {
		return compiled{diags: list}
	}
	t.overlay = t.guarded(dir)
	p, list := t.load(dir)
	if len(list) > 0 {
		return compiled{diags: list}
	}
	return c.build(t, p, dir, name)
}

func gaveUp(at string, cause any) diag.Diagnostic {
	return diag.New(diag.EvaluatorFailed, "CUE gave up on this: %s", diag.OneLine(fmt.Sprint(cause))).At(diag.Range{File: at}).
		WithFix("undo the last change here; if the policy is right, please report this as a bug of ringfence")
}

// inspect refuses symlinks and the like before the loader passes over them.
func (t *tree) inspect(dir string) diag.List {
	entries, err := t.ReadDir(dir)
	if err == nil {
		for _, e := range entries {
			if !e.IsDir() && !e.Type().IsRegular() {
				_, _ = t.vet(path.Join(dir, e.Name())) // remembers the refusal
			}
		}
	}
	return t.refused
}

// guardFile joins a tenant's package: it unifies every tenant with the closed definition, so that a forgotten import
// or an embedded definition changes nothing.
const guardFile = "guard.ringfence-schema.cue"

// guarded returns the overlay with the guard of one tenant. Files without a package clause get none; the loader says
// what they lack.
func (t *tree) guarded(dir string) fstest.MapFS {
	guard := t.guard(dir)
	if guard == nil {
		return t.overlay
	}
	out := maps.Clone(t.overlay)
	out[path.Join(dir, guardFile)] = guard
	return out
}

// guard is the guard of the package in a directory, nil if no file names the package.
func (t *tree) guard(dir string) *fstest.MapFile {
	entries, err := t.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if name := e.Name(); path.Ext(name) == ".cue" && name[0] != '_' && name[0] != '.' {
			data, err := t.ReadFile(path.Join(dir, name))
			f, parseErr := parser.ParseFile(name, data, parser.PackageClauseOnly)
			if err != nil || parseErr != nil || f.PackageName() == "" {
				continue
			}
			return memFile([]byte("package " + f.PackageName() + "\n\nimport \"" + schemaPackage + "\"\n\ntenant: [string]: policy.#Tenant\n"))
		}
	}
	return nil
}

// build reads the tenant out of a program. The first try is the strict one. Only if that fails is the package loaded
// again with a schema that allows everything, to find every mistake and say it well.
func (c *compilation) build(t *tree, p *program, dir, name string) compiled {
	r := &reader{home: dir + "/"}
	unread := t.unread(p, dir)
	if list := r.top(p, name, dir); len(list) > 0 {
		return compiled{diags: append(list, unread...)}
	}
	s := subject{arg: dir, definition: "#Tenant", path: []string{"tenant", name}}
	strict := r.root(s.value(p), p, s.path...)
	if failure := strict.v.Validate(cue.Concrete(true)); failure != nil {
		r.diagnose(c, t, s, strict, failure, func(n node) { n.tenant(name) })
		return compiled{diags: append(r.diags, unread...)}
	}
	r.use(p)
	r.diags = append(r.diags, unread...)
	return c.read(t, strict, name, dir)
}

// read turns a tenant that the schema accepts into plain values, and joins its hosts and modules.
func (c *compilation) read(t *tree, n node, name, dir string) compiled {
	r := n.r
	out, files := n.tenant(name)
	r.parameters(n)
	hosts, list := t.hosts(dir, files, c.known)
	r.diags = append(r.diags, list...)
	r.diags = append(r.diags, t.calendars(dir, r.calendars, out)...)
	modules, list := t.modules(dir)
	r.diags = append(r.diags, list...)
	if c.checkModules != nil && len(modules) > 0 {
		r.diags = append(r.diags, c.checkModules(modules)...)
	}
	if r.diags.HasErrors() {
		return compiled{diags: r.diags}
	}
	out.Hosts, out.Modules = hosts, modules
	return compiled{policy: out, places: r.places, diags: r.diags}
}
