package command

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/policies"
)

func newInit(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "init DIR",
		Short: "Make a policy repository that compiles as it stands",
		Long: `Writes a policy repository into DIR, which must be empty or new, and commits it: a baseline, two tenants with hosts
files, a Rego module with its test, a scenario, a CI workflow and CODEOWNERS.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.init(c.Context(), args[0]) },
	}
}

func (a *app) init(ctx context.Context, name string) error {
	dir := join(a.Dir, name)
	if err := mustBeEmpty(dir, name); err != nil {
		return err
	}
	if err := gitrepo.Installed(); err != nil {
		return err
	}
	if err := writeTree(dir, policies.ScaffoldOf(version())); err != nil {
		return notWritten(name, err)
	}
	repo, err := gitrepo.InitRepo(ctx, dir)
	if err != nil {
		return diag.New(diag.WriteFailed, "%v", err).WithFix("see that git is installed and works: git --version")
	}
	commit, err := repo.CommitAll(ctx, "Start the patch policy\n\nWritten by ringfence init.", canonical.Instant(a.Now()))
	if err != nil {
		return diag.New(diag.WriteFailed, "the first commit was not made: %v", err).WithFix("the files are there: commit them yourself")
	}
	if !policies.IsRelease(version()) {
		a.out.say("ringfence %s is no release: set one where .github/workflows/ringfence.yml says SET-A-RELEASE", version())
	}
	a.out.event("progress", event{"dir": dir, "commit": commit}, "made a policy repository in %s, first commit %s\nnext: cd %s && ringfence check", name, short(commit), phrase.Word(name))
	return nil
}

func mustBeEmpty(dir, name string) error {
	list, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return diag.New(diag.Exists, "%s is no folder that can be used: %s", name, plainly(err)).WithFix("name a new folder")
	case len(list) > 0:
		return diag.New(diag.Exists, "%s is not empty; nothing was written", name).WithFix("name a new or empty folder")
	}
	return nil
}

func writeTree(dir string, tree fs.FS) error {
	return fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(path))
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		raw, err := fs.ReadFile(tree, path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, raw, 0o644)
	})
}
