package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// remoteOutput bounds what a remote may list: a ref for every tenant and site of a large provider fits.
const remoteOutput = 32 << 20

// plainRemote is what a remote may be called here: its name becomes part of refs, settings and arguments.
var plainRemote = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)

// RemoteRef asks a remote where a ref is; without the ref it returns ErrRefNotFound.
func (r *Repo) RemoteRef(ctx context.Context, remote, ref string) (string, error) {
	if err := checkRefName(ref); err != nil {
		return "", err
	}
	refs, err := r.listRemote(ctx, remote, ref)
	if err != nil {
		return "", err
	}
	if refs[ref] == "" {
		return "", fmt.Errorf("%s of %s: %w", ref, remote, ErrRefNotFound)
	}
	return refs[ref], nil
}

// RemoteRefs asks a remote for all refs below a prefix such as "refs/ringfence/lease/", by name. Names that this
// package would not accept are left out.
func (r *Repo) RemoteRefs(ctx context.Context, remote, prefix string) (map[string]string, error) {
	if err := checkRefName(prefix + "x"); err != nil {
		return nil, err
	}
	refs, err := r.listRemote(ctx, remote, prefix+"*")
	return below(refs, prefix), err
}

func below(refs map[string]string, prefix string) map[string]string {
	maps.DeleteFunc(refs, func(name, _ string) bool { return !strings.HasPrefix(name, prefix) })
	return refs
}

func (r *Repo) listRemote(ctx context.Context, remote, pattern string) (map[string]string, error) {
	out, err := r.talk(ctx, remote, talk{verb: "ls-remote", args: []string{"--quiet", "--upload-pack=git-upload-pack"}, specs: []string{pattern}})
	if err != nil {
		return nil, err
	}
	return parseRefs(out), nil
}

// parseRefs reads lines of hash, tab and name; those that this package would not accept are left out.
func parseRefs(out []byte) map[string]string {
	refs := map[string]string{}
	for line := range strings.Lines(string(out)) {
		hash, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if _, err := fullHash(hash); err == nil && checkRefName(name) == nil {
			refs[name] = hash
		}
	}
	return refs
}

// Fetch brings objects here, and moves the refs that refspecs with a target name ("+refs/a:refs/b"). Without a target
// no ref is written, so no lock can be left behind; the objects stay for git's usual two weeks. It brings no tags, no
// submodules and no partial objects. A ref that the remote does not have is ErrRefNotFound, one that would lose commits
// is ErrRefMoved; see Push for the others.
func (r *Repo) Fetch(ctx context.Context, remote string, refspecs ...string) error {
	for _, s := range refspecs {
		if err := checkRefspec(s); err != nil {
			return err
		}
	}
	_, err := r.talk(ctx, remote, talk{
		verb: "fetch",
		args: []string{
			"--no-write-fetch-head", "--no-tags", "--refmap=", "--no-recurse-submodules", "--no-prune", "--no-filter",
			"--no-auto-maintenance", "--upload-pack=git-upload-pack",
		},
		specs: refspecs,
	})
	var failed *GitError
	switch {
	case !errors.As(err, &failed):
		return err
	case strings.Contains(failed.Stderr, "couldn't find remote ref"):
		return fmt.Errorf("fetch from %s: %w: %s", remote, ErrRefNotFound, gist(failed.Stderr))
	case strings.Contains(failed.Stderr, "[rejected]"), strings.Contains(failed.Stderr, "cannot lock ref"):
		return fmt.Errorf("fetch from %s: %w: %s", remote, ErrRefMoved, gist(failed.Stderr))
	}
	return err
}

func checkRefspec(s string) error {
	source, target, hasTarget := strings.Cut(strings.TrimPrefix(s, "+"), ":")
	names := []string{source}
	if hasTarget {
		names = append(names, target)
	}
	for _, name := range names {
		if err := checkRefName(strings.Replace(name, "*", "x", 1)); err != nil {
			return err
		}
	}
	return nil
}
