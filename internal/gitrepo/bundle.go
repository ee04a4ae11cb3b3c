package gitrepo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Draft is a repository of its own, on top of another one's objects, in which a bundle is put together: the other
// repository gets no ref and no object from it.
type Draft struct {
	*Repo
	dir string
}

// Draft makes an empty draft. Close removes it.
func (r *Repo) Draft(ctx context.Context) (*Draft, error) {
	dir, err := os.MkdirTemp("", "ringfence-bundle-")
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	d := &Draft{dir: dir}
	if d.Repo, err = initBare(ctx, dir, filepath.Join(r.commonDir, "objects")); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return d, nil
}

// Close removes the draft.
func (d *Draft) Close() error { return os.RemoveAll(d.dir) }

// Bundle writes what git clone understands: the branches with all their history, the first of which a clone checks out.
// Commits are by branch name. Git makes the file within the draft, since it would put one in the place of a device or of
// a link.
func (d *Draft) Bundle(ctx context.Context, w io.Writer, branches []string, commits map[string]string) error {
	file := filepath.Join(d.dir, "ringfence.bundle")
	args := []string{"bundle", "create", "--quiet", file, "HEAD"}
	for _, b := range branches {
		ref := "refs/heads/" + b
		if err := d.UpdateRef(ctx, ref, commits[b], ""); err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
		args = append(args, ref)
	}
	if _, err := d.call("symbolic-ref", "HEAD", "refs/heads/"+branches[0]).run(ctx); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	if _, err := d.call(args...).run(ctx); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	made, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	defer made.Close()
	_, err = io.Copy(w, made)
	return err
}

// OpenBundle unpacks a bundle into a new bare repository in dir, which must be empty, and returns its refs with their
// commits. No ref is set. A bundle that leaves out history is an error. Objects are compared with their names as they
// are read, so a bundle may come from anybody.
func OpenBundle(ctx context.Context, file, dir string) (*Repo, map[string]string, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, nil, fmt.Errorf("open bundle: %w", err)
	}
	r, err := initBare(ctx, dir, "")
	if err != nil {
		return nil, nil, fmt.Errorf("open bundle: %w", err)
	}
	out, err := r.call("bundle", "unbundle", file).run(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("open bundle %s: %w", file, err)
	}
	refs := map[string]string{}
	for line := range strings.Lines(string(out)) {
		hash, ref, ok := strings.Cut(strings.TrimSpace(line), " ")
		if _, err := fullHash(hash); !ok || err != nil {
			return nil, nil, fmt.Errorf("open bundle %s: git names %q", file, line)
		}
		refs[ref] = hash
	}
	return r, refs, nil
}

// initBare makes a bare repository, with another one's objects within reach.
func initBare(ctx context.Context, dir, objects string) (*Repo, error) {
	c := call{dir: dir, args: []string{"init", "--quiet", "--bare", "--template=", "--initial-branch=main"}}
	c.env = []string{"GIT_DEFAULT_HASH=sha1", "GIT_DEFAULT_REF_FORMAT=files"}
	if _, err := c.run(ctx); err != nil {
		return nil, err
	}
	if objects != "" {
		info := filepath.Join(dir, "objects", "info")
		if err := os.MkdirAll(info, 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(info, "alternates"), []byte(objects+"\n"), 0o600); err != nil {
			return nil, err
		}
	}
	return Open(ctx, dir)
}
