package command

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/effect"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/words"
	"github.com/ringfence/ringfence/internal/gitrepo"
)

// diffSides are two commits with the tenants compiled that may differ between them.
type diffSides struct {
	*app
	at         time.Time
	base, head *workspace
	shared     policy.Settings // by which both sides' plans read the ledger
	everybody  []string        // tenants of either side
	tenants    []string        // those whose plans may differ
	untouched  int
}

// sides resolves both revisions and compiles, of each, what the edit may touch.
func (a *app) sides(ctx context.Context, f diffFlags) (*diffSides, error) {
	repo, err := a.openRepo(ctx)
	if err != nil {
		return nil, err
	}
	d := &diffSides{app: a, at: a.reading(f.at)}
	if d.base, err = a.unread(repo, f.base); err != nil {
		return nil, err
	}
	if d.head, err = a.unread(repo, f.head); err != nil {
		return nil, err
	}
	touched, err := compiler.Touched(d.base.tree, d.head.tree)
	if err != nil {
		return nil, diag.New(diag.RefusedFile, "%v", err).WithFix("move what is no policy out of the repository")
	}
	d.everybody = union(compiler.Tenants(d.base.tree), compiler.Tenants(d.head.tree))
	if f.tenant != "" && !slices.Contains(d.everybody, f.tenant) {
		return nil, diag.New(diag.UnknownTenant, "neither commit has a tenant %q%s", f.tenant, suggest.Tail(f.tenant, d.everybody)).WithFix("see the folders of tenants/")
	}
	if f.head == "HEAD" {
		a.sayDirty(ctx, repo)
	}
	d.load(ctx, touched, f.tenant)
	asked := d.tenants
	if f.tenant != "" {
		asked = []string{f.tenant}
	}
	if list := d.compiled(asked); len(list) > 0 {
		if err := siteKnown(list, f.site); err != nil {
			return nil, err
		}
	}
	if len(d.tenants) > 0 {
		d.shared, err = d.sharedSettings()
	}
	return d, err
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// unread is a revision's workspace before anything is compiled.
func (a *app) unread(repo *gitrepo.Repo, rev string) (*workspace, error) {
	commit, err := repo.Resolve(rev)
	if err != nil {
		return nil, gitError(err, a.folderName(), rev)
	}
	tree, err := repo.Tree(commit.Hash)
	if err != nil {
		return nil, gitError(err, a.folderName(), rev)
	}
	return &workspace{repo: repo, commit: commit.Hash, tree: tree, set: &policy.Set{}}, nil
}

// switched lists the tenants that one side has switched off.
func (d *diffSides) switched() map[string]bool {
	off := map[string]bool{}
	for _, w := range []*workspace{d.base, d.head} {
		for _, t := range w.set.Tenants {
			off[t.Name] = off[t.Name] || t.Disabled
		}
	}
	return off
}

// compiled are tenants, on each side on which they compile.
func (d *diffSides) compiled(names []string) (out []*policy.Tenant) {
	for _, name := range names {
		for _, w := range []*workspace{d.base, d.head} {
			if t := w.set.Tenant(name); t != nil {
				out = append(out, t)
			}
		}
	}
	return out
}

// either is the tenant at head, or at base where head has none; nil if it compiles in neither.
func (d *diffSides) either(name string) *policy.Tenant {
	return cmp.Or(d.head.set.Tenant(name), d.base.set.Tenant(name))
}

// all compares the tenants, on as many cores as there are, and answers in their order. Of several errors it is the first
// tenant's.
func (d *diffSides) all(ctx context.Context, site string) ([]compared, error) {
	d.pool() // made here, not by whoever comes first
	d.cache()
	out, errs := make([]compared, len(d.tenants)), make([]error, len(d.tenants))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(d.tenants)) {
		wg.Go(func() {
			for i := range next {
				out[i], errs[i] = d.tenant(ctx, d.tenants[i], site)
			}
		})
	}
	for i := range d.tenants {
		next <- i
	}
	close(next)
	wg.Wait()
	return out, firstError(errs)
}

func firstError(errs []error) error {
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

// compared is what an edit does to one tenant, site by site, and what its policy says otherwise.
type compared struct {
	sites   []effect.TenantDiff
	changes []words.Change
}

// tenant compares one tenant.
func (d *diffSides) tenant(ctx context.Context, name, site string) (out compared, err error) {
	one := effect.TenantDiff{Tenant: name, Site: cmp.Or(site, policy.DefaultSite), State: "error", Groups: []effect.DiffGroup{}, Unknown: []effect.Kind{}}
	was, is := d.base.set.Tenant(name), d.head.set.Tenant(name)
	switch {
	case is == nil && slices.Contains(compiler.Tenants(d.head.tree), name):
		one.Side = "head"
		return compared{sites: []effect.TenantDiff{one}}, nil
	case was == nil && slices.Contains(compiler.Tenants(d.base.tree), name):
		one.Side, one.Unknown = "base", effect.Kinds() // the edit repairs it, and may do anything
		return compared{sites: []effect.TenantDiff{one}}, nil
	case was != nil && is != nil:
		out.changes = words.Changes(was, is, d.at)
	}
	if was, is = enabled(was), enabled(is); was == nil && is == nil {
		one.State = "same" // switched off before and after
		return compared{[]effect.TenantDiff{one}, out.changes}, nil
	}
	for _, at := range sitesOf(was, is) {
		if site != "" && at != site {
			continue
		}
		one, err := d.site(ctx, was, is, at)
		if err != nil {
			return out, err
		}
		out.sites = append(out.sites, one)
	}
	return out, nil
}

// enabled is the tenant, or nil where it is switched off: nothing of it is planned then.
func enabled(t *policy.Tenant) *policy.Tenant {
	if t == nil || t.Disabled {
		return nil
	}
	return t
}

func sitesOf(was, is *policy.Tenant) []string {
	switch {
	case was == nil:
		return sites(is)
	case is == nil:
		return sites(was)
	}
	return union(sites(was), sites(is))
}

// site compares the plans of one tenant's hosts at one site.
func (d *diffSides) site(ctx context.Context, was, is *policy.Tenant, site string) (effect.TenantDiff, error) {
	one := effect.TenantDiff{Tenant: cmp.Or(is, was).Name, Site: site, State: "same", Groups: []effect.DiffGroup{}, Unknown: []effect.Kind{}}
	switch {
	case was == nil:
		one.Side = "head"
	case is == nil:
		one.Side = "base"
	default:
		one.Joined, one.Left = d.pools(was, is)
		if effect.SamePolicy(was, is) && len(one.Joined)+len(one.Left) == 0 {
			return one, nil
		}
	}
	known, err := d.known(ctx, cmp.Or(is, was), site)
	never := errors.Is(err, errNeverScanned)
	if err != nil && !never {
		return one, err
	}
	base, err := d.input(ctx, d.base, was, known)
	if err != nil {
		return one, err
	}
	head, err := d.input(ctx, d.head, is, known)
	if err != nil {
		return one, err
	}
	joined, left := one.Joined, one.Left
	if one, err = effect.Diff(base, head); err != nil {
		return one, err
	}
	one.Joined, one.Left = joined, left
	if never {
		one.State = effect.NeverScanned
	}
	return one, nil
}
