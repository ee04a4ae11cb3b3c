// Package compiler turns a tree of policy files into typed policies. It is where CUE begins and ends: what leaves it
// is plain data (package policy) and diagnostics.
//
// Compile reads nothing but the file system it is given: no clock, no process, no connection, no file beside it. What
// runs CUE is an Evaluator, which may be a pool of child processes with limits; what it answered is kept in a Cache.
// Both are the caller's.
//
// This package is the front door: it knows what is to be compiled, what of that a cache answers, and what all tenants must
// agree on. The way through the rooms below it leads from repository (files) over load (CUE programs, with syntax for their
// text) and read (values of the policy model) to worker (tasks and their answers).
package compiler

import (
	"context"
	"io/fs"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/check"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/read"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/worker"
)

// Options are what a caller adds to the tree.
type Options struct {
	// CheckModules compiles one tenant's Rego modules and returns what is wrong with them. Nil accepts all: the
	// compiler knows no Rego. It is not asked where an Evaluator is set: that has its own.
	CheckModules func([]policy.Module) diag.List

	// Only names the tenants to compile; those whose rings they require are compiled too. None means all.
	Only []string

	// Evaluator runs CUE. Nil runs it here, without limits.
	Evaluator Evaluator

	// Cache keeps answers from one compilation to the next; nil keeps none. Tool names the exact program and the
	// Evaluator's limits: another one must not see its answers.
	Cache Cache
	Tool  string
}

// Compile compiles the tenants of a policy repository; repo is its root, a working folder or a commit's tree.
//
// It returns the tenants that can be planned and the diagnostics of all, sorted by place. An error of one tenant never
// changes another's result, whether they are evaluated together or alone. A tenant is left out of the set if its own
// files are in error; hosts that no ring or several rings claim are errors to a check, but they keep the tenant in the
// set, since a run only quarantines those hosts. Equal trees give equal sets and equal diagnostics, with a cache or
// without.
func Compile(ctx context.Context, repo fs.FS, options Options) (*policy.Set, diag.List) {
	s, err := newSession(repo, options)
	if err != nil {
		return &policy.Set{}, diag.List{repository.TooMuch(".", err)}
	}
	settings := s.one(ctx, worker.Task{Kind: worker.SettingsTask, Name: repository.SettingsFile})
	diags := settings.Diags
	set := &policy.Set{}
	switch {
	case settings.NoModule:
		return set, diags
	case settings.Settings == nil:
		s.known = read.Builtin
	default:
		s.known = settings.Known
		if !diags.HasErrors() {
			set.Settings = settings.Settings
		}
	}
	names, list := tenants(repo)
	diags = append(append(diags, list...), load.Astray(repo, s.shared)...)
	diags = append(diags, gather(set, names, s.compile(ctx, names, options.Only))...)
	if err := ctx.Err(); err != nil {
		diags = append(diags, diag.New(diag.EvaluatorFailed, "compiling was interrupted: %v", err))
	}
	return set, diags.Tidy()
}

// Scenarios reads the tests of a policy repository, tests/*.cue, sorted by name. It returns those that can be run and
// what is wrong with the others; a repository without the folder has none. Running them is the caller's.
func Scenarios(ctx context.Context, repo fs.FS, options Options) ([]policy.Scenario, diag.List) {
	s, err := newSession(repo, options)
	if err != nil {
		return nil, diag.List{repository.TooMuch(repository.ScenariosDir, err)}
	}
	a := s.one(ctx, worker.Task{Kind: worker.ScenariosTask, Name: repository.ScenariosDir})
	return a.Scenarios, a.Diags.Tidy()
}

// Tenants names the tenants of a repository, sorted, whether they compile or not.
func Tenants(repo fs.FS) []string {
	names, _ := tenants(repo)
	return names
}

// tenants lists by name the directories of tenants/, and what stands in the place of one and is refused: a symlink, a
// submodule.
func tenants(repo fs.FS) ([]string, diag.List) {
	entries, err := fs.ReadDir(repo, repository.TenantsDir)
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && (e.IsDir() || !e.Type().IsRegular()) {
			names = append(names, e.Name())
		}
	}
	if err != nil || len(names) == 0 {
		return nil, diag.List{diag.New(diag.NoTenants, "there is no tenant in this repository").At(diag.Range{File: repository.TenantsDir}).
			WithFix("add tenants/<name>/tenant.cue, or begin with `ringfence init`")}
	}
	slices.Sort(names)
	return names, nil
}

// gather fills the set with what compiled and what the cross checks leave standing.
func gather(set *policy.Set, known []string, results []*worker.Answer) diag.List {
	var diags diag.List
	var subjects []check.Subject
	var places []worker.PackedPlaces
	for _, r := range results {
		diags = append(diags, r.Diags...)
		if r.Policy != nil {
			subjects = append(subjects, check.Subject{Tenant: r.Policy, Places: check.Places{}})
			places = append(places, r.Places)
		}
	}
	for _, f := range findings(subjects, places, known) {
		diags = append(diags, f.Diags...)
		if f.Usable {
			set.Tenants = append(set.Tenants, f.Tenant)
		}
	}
	return diags
}

// findings checks the tenants. Positions are unpacked only if something is wrong: most of the time nothing is, and
// they are most of what a cache holds.
func findings(subjects []check.Subject, places []worker.PackedPlaces, known []string) []check.Finding {
	list := check.Tenants(subjects, known)
	if !slices.ContainsFunc(list, func(f check.Finding) bool { return len(f.Diags) > 0 }) {
		return list
	}
	for i := range subjects {
		subjects[i].Places = places[i].Unpack()
	}
	return check.Tenants(subjects, known)
}
