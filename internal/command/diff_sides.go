package command

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
)

// diffSides are two commits with the tenants compiled that may differ between them.
type diffSides struct {
	*app
	at         time.Time
	base, head *workspace
	tenants    []string
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
	if d.tenants, err = compiler.Touched(d.base.tree, d.head.tree); err != nil {
		return nil, diag.New(diag.RefusedFile, "%v", err).WithFix("move what is no policy out of the repository")
	}
	all := union(compiler.Tenants(d.base.tree), compiler.Tenants(d.head.tree))
	d.untouched = len(all) - len(d.tenants)
	if f.tenant != "" {
		if !slices.Contains(all, f.tenant) {
			return nil, diag.New(diag.UnknownTenant, "neither commit has a tenant %q%s", f.tenant, suggest.Tail(f.tenant, all)).WithFix("see the folders of tenants/")
		}
		d.tenants = slices.DeleteFunc(d.tenants, func(name string) bool { return name != f.tenant })
		d.untouched = 1 - len(d.tenants)
	}
	if f.head == "HEAD" {
		a.sayDirty(ctx, repo)
	}
	d.compile(ctx, d.base)
	d.compile(ctx, d.head)
	return d, nil
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

// compile compiles the tenants in question of one side. What is wrong with them is said; of those that only they
// require, the diagnostics are for check.
func (d *diffSides) compile(ctx context.Context, w *workspace) {
	here := compiler.Tenants(w.tree)
	only := slices.DeleteFunc(slices.Clone(d.tenants), func(name string) bool { return !slices.Contains(here, name) })
	if len(only) == 0 {
		return
	}
	options, closeAll := d.compiling()
	defer closeAll()
	options.Only = only
	w.set, w.list = compiler.Compile(ctx, w.tree, options)
	w.list.Sort()
	if slices.ContainsFunc(only, func(name string) bool { return w.set.Tenant(name) == nil }) {
		d.out.say("at commit %.12s, this does not compile:", w.commit)
		d.out.diagnostics(slices.DeleteFunc(slices.Clone(w.list), func(x diag.Diagnostic) bool { return x.Severity != diag.Error }), w.tree)
	}
}

// either is the tenant at head, or at base where head has none; nil if it compiles in neither.
func (d *diffSides) either(name string) *policy.Tenant {
	return cmp.Or(d.head.set.Tenant(name), d.base.set.Tenant(name))
}

// tenant compares one tenant, site by site.
func (d *diffSides) tenant(ctx context.Context, name, site string) ([]plan.TenantDiff, error) {
	one := plan.TenantDiff{Tenant: name, Site: cmp.Or(site, policy.DefaultSite), Groups: []plan.DiffGroup{}}
	was, is := d.base.set.Tenant(name), d.head.set.Tenant(name)
	switch {
	case is == nil && slices.Contains(compiler.Tenants(d.head.tree), name):
		one.State, one.Side = "error", "head"
		return []plan.TenantDiff{one}, nil
	case was == nil && slices.Contains(compiler.Tenants(d.base.tree), name):
		one.State, one.Side = "error", "base"
		return []plan.TenantDiff{one}, nil
	}
	var out []plan.TenantDiff
	for _, at := range sitesOf(was, is) {
		if site != "" && at != site {
			continue
		}
		one, err := d.site(ctx, was, is, at)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
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
func (d *diffSides) site(ctx context.Context, was, is *policy.Tenant, site string) (plan.TenantDiff, error) {
	one := plan.TenantDiff{Tenant: cmp.Or(is, was).Name, Site: site, State: "same", Groups: []plan.DiffGroup{}}
	switch {
	case was == nil:
		one.Side = "head"
	case is == nil:
		one.Side = "base"
	case plan.SamePolicy(was, is):
		return one, nil
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
	one, err = plan.Diff(base, head)
	if never {
		one.State = "never-scanned"
	}
	return one, err
}

// scanned is what both plans are made over.
type scanned struct {
	head     ledger.Head
	snapshot *inventory.Snapshot
	site     string
}

var errNeverScanned = errors.New("never scanned")

// known reads the newest snapshot. Without any, hosts and rings can still be compared, over one that is empty.
func (d *diffSides) known(ctx context.Context, t *policy.Tenant, site string) (scanned, error) {
	none := scanned{snapshot: &inventory.Snapshot{Tenant: t.Name, Site: site, TakenAt: d.at}, site: site}
	head, err := d.recorded(ctx, t.Name)
	if err != nil || head.Commit == "" {
		return none, cmp.Or(err, errNeverScanned)
	}
	p := &pipeline{app: d.app, ws: d.head, tenant: t, site: site, head: head, ledger: ledger.Open(d.head.repo, t.Name)}
	s, err := p.snapshot(ctx)
	var known diag.Diagnostic
	if errors.As(err, &known) && known.Code == diag.NoSnapshot {
		return none, errNeverScanned
	}
	return scanned{head, s, site}, err
}

// recorded is the newest record of a tenant's ledger that is here: of its branch, or where there is none, as in a fresh
// clone, of the remote's branch as it was fetched last.
func (d *diffSides) recorded(ctx context.Context, name string) (ledger.Head, error) {
	l := ledger.Open(d.head.repo, name)
	head, err := l.Head(ctx)
	if err == nil && head.Commit == "" {
		remote := cmp.Or(d.head.set.Settings.Ledger.Remote, d.base.set.Settings.Ledger.Remote, "origin")
		var hash string
		hash, err = d.head.repo.Ref("refs/remotes/" + remote + "/ringfence/ledger/" + name)
		if errors.Is(err, gitrepo.ErrRefNotFound) {
			return ledger.Head{}, nil
		}
		if err == nil {
			head, err = l.At(hash)
		}
	}
	if err != nil {
		return head, ledgerError(name, err)
	}
	return head, nil
}

// input is what one side's plan is made from; a side without the tenant has no policy.
func (d *diffSides) input(ctx context.Context, ws *workspace, t *policy.Tenant, known scanned) (plan.Input, error) {
	if t == nil {
		return plan.Input{At: d.at, Snapshot: known.snapshot}, nil
	}
	p := &pipeline{app: d.app, ws: ws, tenant: t, site: known.site, head: known.head}
	if err := p.knownBreaks(ctx); err != nil {
		return plan.Input{}, err
	}
	foreign := map[string]ledger.State{}
	for _, name := range p.foreign() {
		head, err := d.recorded(ctx, name)
		if err != nil {
			return plan.Input{}, err
		}
		foreign[name] = head.State
	}
	if len(known.snapshot.Updates) == 0 {
		return p.input(d.at, known.snapshot, nil), nil
	}
	answers, _, err := p.decide(ctx, known.snapshot, d.at)
	if err != nil {
		return plan.Input{}, err
	}
	in := p.input(d.at, known.snapshot, answers)
	in.Evidence = ledger.Extract(known.head.State, foreign, t)
	return in, nil
}
