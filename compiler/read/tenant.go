// Package read turns CUE programs into the policy model: tenants, settings, scenarios and traits as plain values. In goes
// a load.Tree or one of its Programs; out come values of package policy and diagnostics. It reads on after a mistake, so
// that one run shows them all, and says each where the user wrote it, in words of the policy instead of CUE's. Whatever a
// program holds, the answer is a value or diagnostics, never a panic.
//
// A value is read strictly first, against the closed schema. Only if that fails is it read once more without any
// constraint, to find every mistake (see diagnose). The files decode*.go say what each part of a policy means; node.go,
// values.go and message.go are what they are written with.
package read

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/check"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/read/silent"
	"github.com/ringfence/ringfence/compiler/repository"
)

// Checks are what a tenant's files are held against beside the schema.
type Checks struct {
	Providers []string                        // that hosts may name
	Modules   func([]policy.Module) diag.List // compiles the Rego that decides for the tenant; nil accepts all
}

// Compiled is one tenant's result. Policy is nil if there is none; Places are for the checks that look at all of it.
type Compiled struct {
	Policy *policy.Tenant
	Places check.Places
	Diags  diag.List
}

// Tenant loads and reads the tenant that a tree shows, with its hosts, calendars and modules.
func Tenant(t *load.Tree, checks Checks) (out Compiled) {
	name := t.Tenant()
	dir := repository.TenantDir(name)
	defer func() {
		if p := recover(); p != nil {
			out = Compiled{Diags: diag.List{gaveUp(dir, p)}}
		}
	}()
	if !repository.IsTenantName(name) {
		why := ""
		if repository.IsDevice(name) {
			why = ": CUE takes no package in a folder of that name, which Windows keeps for a device"
		}
		return Compiled{Diags: diag.List{diag.New(diag.WrongValue, "%q cannot be a tenant's name%s", name, why).At(diag.Range{File: dir}).
			WithFix("rename the directory: lower-case letters, digits and -, at most 63")}}
	}
	p, list := t.LoadTenant()
	if len(list) > 0 {
		return Compiled{Diags: list}
	}
	return fromProgram(t, p, checks)
}

func gaveUp(at string, cause any) diag.Diagnostic {
	return diag.New(diag.EvaluatorFailed, "CUE gave up on this: %s", diag.OneLine(fmt.Sprint(cause))).At(diag.Range{File: at}).
		WithFix("undo the last change here; if the policy is right, please report this as a bug of ringfence")
}

// fromProgram reads the tenant out of a program. The first try is the strict one. Only if that fails is the package loaded
// again with a schema that allows everything, to find every mistake and say it well.
func fromProgram(t *load.Tree, p *load.Program, checks Checks) Compiled {
	name := t.Tenant()
	dir := repository.TenantDir(name)
	r := &reader{home: dir + "/"}
	unread := append(t.Unread(p, dir), r.silent(p, "tenant", name)...)
	if list := r.top(p, name, dir); len(list) > 0 {
		unread = append(list, unread...)
		if !onlyBeside(list) || !p.Value("tenant", name).Exists() {
			return Compiled{Diags: unread}
		}
	}
	s := subject{arg: dir, definition: "#Tenant", path: []string{"tenant", name}}
	strict := r.root(p.Value(s.path...), p, s.path...)
	if failure := strict.v.Validate(cue.Concrete(true)); failure != nil {
		r.diagnose(loosen(t, s, r.home), s, strict, failure, func(n node) { n.tenant(name) })
		return Compiled{Diags: append(r.withoutEcho(), unread...)}
	}
	r.used = usedIn(p, r.home)
	r.diags = append(r.diags, unread...)
	return join(t, strict, checks)
}

// onlyBeside reports whether what is wrong at the top of the files stands beside the tenant, so that it says nothing of what
// the tenant lacks. A misspelt tenant does, and a definition that is embedded there.
func onlyBeside(list diag.List) bool {
	return !slices.ContainsFunc(list, func(d diag.Diagnostic) bool {
		beside := d.Code == diag.UnknownField || d.Code == diag.DuplicateTenant || d.Code == diag.NotAtTopLevel
		return !beside || d.Summary == embeddedAtTop || strings.Contains(d.Summary, "did you mean")
	})
}

// silent lists the fields of which nothing comes, and notes them: what they were meant to be is not missing as well.
func (r *reader) silent(p *load.Program, under ...string) (list diag.List) {
	known := func(field string) bool { return shapeOf(p.Definition("#Tenant")).has(field) }
	for _, l := range silent.Find(p, silent.Place{Home: r.home, Under: under, Known: known}) {
		r.lost = append(r.lost, l)
		list = append(list, l.Diag)
	}
	return list
}

// withoutEcho drops what only repeats that a field sets nothing.
func (r *reader) withoutEcho() diag.List {
	return slices.DeleteFunc(r.diags, func(d diag.Diagnostic) bool {
		return d.Range != nil && slices.ContainsFunc(r.lost, func(l silent.Lost) bool { return l.Echo.Holds(d.Range.Start, d.Range.File) })
	})
}

// join turns a tenant that the schema accepts into plain values, and joins its hosts and modules.
func join(t *load.Tree, n node, checks Checks) Compiled {
	name := t.Tenant()
	dir := repository.TenantDir(name)
	r := n.r
	out, files := n.tenant(name)
	r.parameters(n)
	r.diags = append(r.diags, readCalendars(t, dir, r.calendars, out)...)
	sound := !r.diags.HasErrors()
	hosts, list := hostsOf(t, dir, files, checks.Providers)
	r.diags = append(r.diags, list...)
	modules, list := modulesOf(t, dir)
	r.diags = append(r.diags, list...)
	if checks.Modules != nil && len(modules) > 0 {
		r.diags = append(r.diags, checks.Modules(modules)...)
	}
	if r.diags.HasErrors() {
		if sound {
			r.diags = append(r.diags, check.Alone(check.Subject{Tenant: out, Places: r.places})...)
		}
		return Compiled{Diags: r.diags}
	}
	out.Hosts, out.Modules = hosts, modules
	return Compiled{Policy: out, Places: r.places, Diags: r.diags}
}

// Flawless reads the tenant that a tree shows out of a program that was loaded together with others. Only what CUE finds
// flawless counts: ok is false for anything else, and whatever there is to say of it is for Tenant to say, which loads the
// tenant alone, so that no neighbour can colour it.
func Flawless(t *load.Tree, p *load.Program, checks Checks) (out Compiled, ok bool) {
	defer func() {
		if recover() != nil {
			out, ok = Compiled{}, false
		}
	}()
	name := t.Tenant()
	dir := repository.TenantDir(name)
	if !p.Build() {
		return Compiled{}, false
	}
	r := &reader{home: dir + "/"}
	if len(r.top(p, name, dir)) > 0 || len(t.Unread(p, dir)) > 0 || len(r.silent(p, "tenant", name)) > 0 {
		return Compiled{}, false
	}
	strict := r.root(p.Value("tenant", name), p, "tenant", name)
	if strict.v.Validate(cue.Concrete(true)) != nil {
		return Compiled{}, false
	}
	r.used = usedIn(p, r.home)
	out = join(t, strict, checks)
	return out, !blames(out.Diags)
}

// blames reports whether something is wrong that CUE has to explain; hosts files and modules speak for themselves.
func blames(list diag.List) bool {
	return slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.Range == nil || path.Ext(d.Range.File) == ".cue" })
}
