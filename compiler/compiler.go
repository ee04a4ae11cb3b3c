// Package compiler turns a tree of policy files into typed policies. It is where CUE begins and ends: what leaves it
// is plain data (package policy) and diagnostics.
//
// Compile reads nothing but the file system it is given: no clock, no process, no connection, no file beside it.
package compiler

import (
	"context"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing/fstest"

	"github.com/ringfence/ringfence/compiler/check"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// Options are what a caller adds to the tree.
type Options struct {
	// CheckModules compiles one tenant's Rego modules and returns what is wrong with them. Nil accepts all: the
	// compiler knows no Rego.
	CheckModules func([]policy.Module) diag.List
}

// compilation is one run over a tree.
type compilation struct {
	repo     fs.FS
	options  Options
	overlay  fstest.MapFS
	settings policy.Settings
	known    []string // providers that hosts may name

	once  sync.Once
	loose fstest.MapFS
}

// builtin lists the providers that need no entry in ringfence.cue.
var builtin = []string{"apt", "sim"}

// Compile compiles every tenant of a policy repository; repo is its root, a working folder or a commit's tree.
//
// It returns the tenants that can be planned and the diagnostics of all, sorted by place. Each tenant is compiled
// alone: an error of one never hides another's result. A tenant is left out of the set if its own files are in error;
// hosts that no ring or several rings claim are errors to a check, but they keep the tenant in the set, since a run
// only quarantines those hosts. Equal trees give equal sets and equal diagnostics.
func Compile(ctx context.Context, repo fs.FS, options Options) (*policy.Set, diag.List) {
	c := &compilation{repo: repo, options: options, known: builtin}
	overlay, err := newOverlay(repo)
	if err != nil {
		return &policy.Set{}, diag.List{moduleError(err)}
	}
	c.overlay = overlay
	diags := c.readSettings()
	names, list := c.tenants()
	diags = append(diags, list...)
	results := c.compileAll(ctx, names)
	set := &policy.Set{Settings: c.settings}
	diags = append(diags, gather(set, names, results)...)
	if err := ctx.Err(); err != nil {
		diags = append(diags, diag.New(diag.EvaluatorFailed, "compiling was interrupted: %v", err))
	}
	return set, tidy(diags)
}

// tenants lists the directories of tenants/ by name.
func (c *compilation) tenants() ([]string, diag.List) {
	entries, err := fs.ReadDir(c.repo, tenantsDir)
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && (e.IsDir() || e.Type()&fs.ModeSymlink != 0) {
			names = append(names, e.Name())
		}
	}
	if err != nil || len(names) == 0 {
		return nil, diag.List{diag.New(diag.NoTenants, "there is no tenant in this repository").At(diag.Range{File: tenantsDir}).
			WithFix("add tenants/<name>/tenant.cue, or begin with `ringfence init`")}
	}
	slices.Sort(names)
	return names, nil
}

// compileAll compiles the tenants on as many cores as there are. A cancelled context leaves the rest empty.
func (c *compilation) compileAll(ctx context.Context, names []string) []compiled {
	out := make([]compiled, len(names))
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), len(names)) {
		wg.Go(func() {
			for i := range next {
				if ctx.Err() == nil {
					out[i] = c.tenant(names[i])
				}
			}
		})
	}
	for i := range names {
		next <- i
	}
	close(next)
	wg.Wait()
	return out
}

// gather fills the set with what compiled and what the cross checks leave standing.
func gather(set *policy.Set, names []string, results []compiled) diag.List {
	var diags diag.List
	var subjects []check.Subject
	for _, r := range results {
		diags = append(diags, r.diags...)
		if r.policy != nil {
			subjects = append(subjects, check.Subject{Tenant: r.policy, Places: r.places})
		}
	}
	for _, f := range check.Tenants(subjects, names) {
		diags = append(diags, f.Diags...)
		if f.Usable {
			set.Tenants = append(set.Tenants, f.Tenant)
		}
	}
	return diags
}

// permissive is the overlay with the permissive schema, made when the first tenant needs it.
func (c *compilation) permissive() fstest.MapFS {
	c.once.Do(func() { c.loose = permissive(c.overlay) })
	return c.loose
}

// tidy sorts, and drops what several tenants say of one shared file.
func tidy(diags diag.List) diag.List {
	diags.Sort()
	return slices.CompactFunc(diags, func(a, b diag.Diagnostic) bool {
		return a.Code == b.Code && a.Summary == b.Summary && a.Range != nil && b.Range != nil && *a.Range == *b.Range
	})
}
