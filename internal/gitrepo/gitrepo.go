// Package gitrepo is Ringfence's only door to Git. It reads commits, trees and blobs straight from the object
// database through go-git, with limits, and never through a working folder. It writes objects and refs only through
// the git program, which locks, compares and syncs to disk; go-git never writes here.
//
// A repository is somebody else's data: whatever its configuration, attributes or hooks say, nothing of it is run.
// The user's own configuration is kept, so that credential helpers and proxies keep working. Only to reach a remote, and
// only then, what that configuration names is run: CI checkouts keep their SSH command and credentials in .git/config.
package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Repo is one repository. It is safe for concurrent use.
type Repo struct {
	gitDir    string // of this working folder
	commonDir string // shared by linked working folders: objects, refs, config
	root      string
	objects   *store
	now       func() time.Time // for the age of lock files alone
	patience  time.Duration    // with a remote, for one question
}

// Open finds the repository that dir belongs to, as git does: dir itself or the nearest folder above it with .git.
// A bare repository is opened only when dir names it, so that one hidden below a working folder is never picked up.
// It returns ErrNotRepository, or an *UnsupportedError for reftable and SHA-256 repositories.
func Open(ctx context.Context, dir string) (*Repo, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open repository: %w", err)
	}
	if _, err := os.Stat(abs); err != nil {
		return nil, fmt.Errorf("open repository: %w", err)
	}
	r, err := discover(ctx, abs)
	if err != nil {
		return nil, err
	}
	if err := supported(r.commonDir); err != nil {
		return nil, err
	}
	r.objects, err = openStore(filepath.Join(r.commonDir, "objects"))
	if err != nil {
		return nil, fmt.Errorf("open repository %s: %w", r.commonDir, err)
	}
	return r, nil
}

// Root is the working folder's path, or "" for a bare repository.
func (r *Repo) Root() string { return r.root }

// discover asks git, because git also refuses repositories that another user owns.
func discover(ctx context.Context, dir string) (*Repo, error) {
	args := []string{
		"rev-parse", "--path-format=absolute", "--absolute-git-dir", "--git-common-dir",
		"--is-inside-work-tree", "--show-object-format", "--show-toplevel",
	}
	c := call{dir: dir, args: args}
	if looksBare(dir) {
		c.config = []string{"safe.bareRepository=all"}
	}
	out, err := c.run(ctx)
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) < 4 { // without a working folder only the last question fails
		return nil, notOpened(dir, err)
	}
	if len(lines) > 5 {
		return nil, &UnsupportedError{Dir: dir, What: "its path contains a line break"}
	}
	if lines[3] != "sha1" {
		return nil, &UnsupportedError{Dir: lines[1], What: "objects are named by " + lines[3]}
	}
	r := &Repo{gitDir: lines[0], commonDir: lines[1], now: time.Now, patience: remotePatience}
	if lines[2] == "true" && len(lines) == 5 {
		r.root = filepath.FromSlash(lines[4])
	}
	return r, nil
}

func looksBare(dir string) bool {
	for _, name := range []string{"HEAD", "objects", "refs"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

func notOpened(dir string, err error) error {
	var failed *GitError
	if !errors.As(err, &failed) {
		return fmt.Errorf("open repository: %w", err)
	}
	switch msg := failed.Stderr; {
	case strings.Contains(msg, "not a git repository"):
		return fmt.Errorf("%s: %w", dir, ErrNotRepository)
	case strings.Contains(msg, "unknown repository extension"), strings.Contains(msg, "Expected git repo version"),
		strings.Contains(msg, "unsupported"), strings.Contains(msg, "invalid value for 'extensions."):
		return &UnsupportedError{Dir: dir, What: firstLine(msg)}
	}
	return fmt.Errorf("open repository: %w", err)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
