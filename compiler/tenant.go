package compiler

import (
	"fmt"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/check"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
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
	t := load.New(c.repo, c.overlay, name)
	p, list := t.LoadTenant()
	if len(list) > 0 {
		return compiled{diags: list}
	}
	return c.build(t, p, dir, name)
}

func gaveUp(at string, cause any) diag.Diagnostic {
	return diag.New(diag.EvaluatorFailed, "CUE gave up on this: %s", diag.OneLine(fmt.Sprint(cause))).At(diag.Range{File: at}).
		WithFix("undo the last change here; if the policy is right, please report this as a bug of ringfence")
}

// build reads the tenant out of a program. The first try is the strict one. Only if that fails is the package loaded
// again with a schema that allows everything, to find every mistake and say it well.
func (c *compilation) build(t *load.Tree, p *load.Program, dir, name string) compiled {
	r := &reader{home: dir + "/"}
	unread := t.Unread(p, dir)
	if list := r.top(p, name, dir); len(list) > 0 {
		return compiled{diags: append(list, unread...)}
	}
	s := subject{arg: dir, definition: "#Tenant", path: []string{"tenant", name}}
	strict := r.root(p.Value(s.path...), p, s.path...)
	if failure := strict.v.Validate(cue.Concrete(true)); failure != nil {
		r.diagnose(t, s, strict, failure, func(n node) { n.tenant(name) })
		return compiled{diags: append(r.diags, unread...)}
	}
	r.use(p)
	r.diags = append(r.diags, unread...)
	return c.read(t, strict, name, dir)
}

// read turns a tenant that the schema accepts into plain values, and joins its hosts and modules.
func (c *compilation) read(t *load.Tree, n node, name, dir string) compiled {
	r := n.r
	out, files := n.tenant(name)
	r.parameters(n)
	hosts, list := hostsOf(t, dir, files, c.known)
	r.diags = append(r.diags, list...)
	r.diags = append(r.diags, readCalendars(t, dir, r.calendars, out)...)
	modules, list := modulesOf(t, dir)
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
