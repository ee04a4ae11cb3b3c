package command

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/runner/ledger/control"
)

// workspace is the policy repository as one verb reads it.
type workspace struct {
	repo   *gitrepo.Repo
	commit string // "" when the working folder was read
	tree   fs.FS
	set    *policy.Set
	list   diag.List
	orders *control.Switch // the control branch, once it was asked for
}

// policyPaths are what the compiler reads; anything else in the folder may differ freely.
var policyPaths = []string{"baseline", "tenants", "trust", "cue.mod", "ringfence.cue", "ringfence.lock.json", "tests"}

// folder compiles the working folder.
func (a *app) folder(ctx context.Context) (*workspace, error) {
	a.ahead()
	repo, err := a.openRepo(ctx)
	if err != nil {
		return nil, err
	}
	if repo.Root() == "" {
		return nil, diag.New(diag.NotARepository, "this repository is bare: it has no working folder").WithFix("name a commit: --rev HEAD")
	}
	w := &workspace{repo: repo, tree: os.DirFS(repo.Root())}
	a.compile(ctx, w)
	return w, nil
}

// at compiles a revision from the object database; nothing is checked out.
func (a *app) at(ctx context.Context, rev string) (*workspace, error) {
	a.ahead()
	repo, err := a.openRepo(ctx)
	if err != nil {
		return nil, err
	}
	commit, err := repo.Resolve(rev)
	if err != nil {
		return nil, gitError(err, a.folderName(), rev)
	}
	tree, err := repo.Tree(commit.Hash)
	if err != nil {
		return nil, gitError(err, a.folderName(), rev)
	}
	w := &workspace{repo: repo, commit: commit.Hash, tree: tree}
	a.compile(ctx, w)
	return w, nil
}

// head compiles HEAD for the verbs that act on it, and says so when the folder differs.
func (a *app) head(ctx context.Context) (*workspace, error) {
	w, err := a.at(ctx, "HEAD")
	if err != nil {
		return nil, err
	}
	a.sayDirty(ctx, w.repo)
	return w, nil
}

// sayDirty says that the folder differs from HEAD, if it does.
func (a *app) sayDirty(ctx context.Context, repo *gitrepo.Repo) {
	dirty, ignored, err := repo.Dirty(ctx, policyPaths...)
	ignored = slices.DeleteFunc(ignored, func(name string) bool { return !repository.MayBePolicy(name) })
	if err != nil || len(dirty)+len(ignored) == 0 {
		return
	}
	fix := "commit the change to make it count"
	if len(ignored) > 0 {
		fix += "; what .gitignore covers takes git add -f: " + strings.Join(phrase.First(ignored, 5), ", ")
	}
	a.out.diagnostics(diag.List{{
		Code: diag.FolderDiffers, Severity: diag.Info,
		Summary: "the folder differs from HEAD, which is what was read: " + strings.Join(phrase.First(append(dirty, ignored...), 5), ", "),
		Fix:     fix,
	}}, nil)
}

// folderName is the working folder as the person named it.
func (a *app) folderName() string { return cmp.Or(a.chdir, "this folder") }

func (a *app) openRepo(ctx context.Context) (*gitrepo.Repo, error) {
	repo, err := gitrepo.Open(ctx, a.Dir)
	if err != nil {
		return nil, gitError(err, a.folderName(), "")
	}
	return repo, nil
}

// tenant returns the tenant to work on. A tenant that did not compile stops with its own diagnostics only.
func (a *app) tenant(w *workspace, name string) (*policy.Tenant, error) {
	if name == "" && len(w.set.Tenants) == 1 && !w.list.HasErrors() {
		name = w.set.Tenants[0].Name
	}
	if name == "" {
		if err := w.list.Err(); err != nil && len(w.set.Tenants) <= 1 {
			a.out.diagnostics(w.list, w.tree)
			return nil, done(ExitError)
		}
		return nil, diag.New(diag.TenantNeeded, "the repository has several tenants: %s", strings.Join(names(w.set), ", ")).
			WithFix("name one: --tenant NAME")
	}
	if t := w.set.Tenant(name); t != nil {
		return t, nil
	}
	if list := about(w.list, name); list.HasErrors() {
		a.out.diagnostics(list, w.tree)
		return nil, done(ExitError)
	}
	known := compiler.Tenants(w.tree)
	return nil, diag.New(diag.UnknownTenant, "there is no tenant %q%s", name, suggest.Tail(name, known)).
		WithFix("name one of: %s", strings.Join(known, ", "))
}

// about picks the diagnostics that can concern a tenant: those of its folder and of what all tenants share.
func about(list diag.List, tenant string) diag.List {
	var out diag.List
	for _, d := range list {
		if d.Range == nil || !strings.HasPrefix(d.Range.File, "tenants/") || strings.HasPrefix(d.Range.File, "tenants/"+tenant+"/") {
			out = append(out, d)
		}
	}
	if out.HasErrors() {
		return out
	}
	return list
}

func names(s *policy.Set) []string {
	var out []string
	for _, t := range s.Tenants {
		out = append(out, t.Name)
	}
	return out
}

// gitError gives Git's own failures their codes and a way out.
func gitError(err error, dir, rev string) error {
	switch {
	case errors.Is(err, gitrepo.ErrNotRepository):
		return diag.New(diag.NotARepository, "%s is not in a Git repository", dir).WithFix("go to the policy repository (-C DIR), or make one: ringfence init DIR")
	case errors.Is(err, gitrepo.ErrEmpty):
		return diag.New(diag.EmptyRepository, "the repository has no commit yet").WithFix("commit the policy, or start from a scaffold: ringfence init DIR")
	case errors.Is(err, gitrepo.ErrUnknownRevision):
		return diag.New(diag.UnknownRevision, "there is no revision %q", rev).WithFix("see: git log --oneline")
	case errors.Is(err, gitrepo.ErrUnsupported):
		return diag.New(diag.UnsupportedRepo, "%v", err)
	}
	return err
}

// partialClone is of an object that a clone made with --filter lacks. Nothing is broken, and nothing is fetched behind
// somebody's back.
func partialClone(err error) error {
	return diag.New(diag.UnsupportedRepo, "%v", err).
		WithFix("fetch the rest: git fetch --refetch --no-filter REMOTE; or clone anew without --filter")
}
