package gitrepo

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// The identity of a first commit when the user has none configured.
const (
	DefaultName  = "Ringfence"
	DefaultEmail = "ringfence@localhost"
)

// Installed says with ErrNoGit that there is no git program, before something is begun that needs one.
func Installed() error {
	if _, err := exec.LookPath("git"); err != nil {
		return ErrNoGit
	}
	return nil
}

// InitRepo makes dir a repository with an unborn branch main, in the formats that Open accepts whatever the user's
// defaults are.
func InitRepo(ctx context.Context, dir string) (*Repo, error) {
	c := call{dir: dir, args: []string{"init", "--quiet", "--initial-branch=main"}}
	c.env = []string{"GIT_DEFAULT_HASH=sha1", "GIT_DEFAULT_REF_FORMAT=files"}
	if _, err := c.run(ctx); err != nil {
		return nil, err
	}
	return Open(ctx, dir)
}

// CommitAll commits everything in the working folder that is not ignored and returns the commit's hash. Author is the
// user's own identity, or DefaultName and DefaultEmail. It runs no hooks and does not sign: both could ask questions.
func (r *Repo) CommitAll(ctx context.Context, message string, when time.Time) (string, error) {
	tree := "--work-tree=" + r.root
	add := r.call(tree, "add", "--all", "--", ".")
	add.dir = r.root
	if _, err := add.run(ctx); err != nil {
		return "", fmt.Errorf("first commit: %w", err)
	}
	commit := r.call(tree, "commit", "--quiet", "--no-gpg-sign", "--cleanup=verbatim", "-F", "-")
	date := fmt.Sprintf("@%d +0000", when.Unix())
	commit.dir, commit.stdin = r.root, []byte(message)
	commit.env = []string{"GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date}
	if !r.hasIdentity(ctx) {
		commit.config = []string{"user.name=" + DefaultName, "user.email=" + DefaultEmail}
	}
	if _, err := commit.run(ctx); err != nil {
		return "", fmt.Errorf("first commit: %w", err)
	}
	return r.call("rev-parse", "--verify", "HEAD").hash(ctx)
}

// hasIdentity reports whether the user configured name and address; git would otherwise guess both from the machine.
func (r *Repo) hasIdentity(ctx context.Context) bool {
	c := r.call("var", "GIT_AUTHOR_IDENT")
	c.config = []string{"user.useConfigOnly=true"}
	out, err := c.run(ctx)
	return err == nil && strings.Contains(string(out), "<")
}
