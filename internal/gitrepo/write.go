package gitrepo

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CommitSpec describes a commit to write. Its tree is exactly Files and Keep.
type CommitSpec struct {
	Parent      string            // full hash, "" for none
	Files       map[string][]byte // by slash path
	Keep        []string          // files of Parent that stay as they are, without being read
	Message     string
	AuthorName  string
	AuthorEmail string
	When        time.Time // author's and committer's time
	Sign        SignFunc  // nil: the commit carries no signature
}

// Commit writes a commit's objects to disk and returns its hash; it moves no ref. The same spec gives the same hash.
func (r *Repo) Commit(ctx context.Context, spec CommitSpec) (string, error) {
	rows, err := r.kept(spec)
	if err != nil {
		return "", fmt.Errorf("commit: %w", err)
	}
	if err := checkPaths(spec); err != nil {
		return "", fmt.Errorf("commit: %w", err)
	}
	dir, err := os.MkdirTemp("", "ringfence-commit-")
	if err != nil {
		return "", fmt.Errorf("commit: %w", err)
	}
	defer os.RemoveAll(dir)
	blobs, err := r.writeBlobs(ctx, dir, spec.Files)
	if err != nil {
		return "", err
	}
	tree, err := r.writeTree(ctx, filepath.Join(dir, "index"), append(rows, blobs...))
	if err != nil {
		return "", err
	}
	return r.writeCommit(ctx, tree, spec)
}

// row is one line of git update-index --index-info.
type row struct{ hash, path string }

func (r *Repo) kept(spec CommitSpec) ([]row, error) {
	if len(spec.Keep) == 0 {
		return nil, nil
	}
	tree, err := r.tree(spec.Parent, PolicyLimits)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, name := range spec.Keep {
		e, err := tree.lookup("keep", name)
		if err != nil {
			return nil, err
		}
		if !e.mode.IsRegular() {
			return nil, &RefusedError{Path: name, Why: "it is no file"}
		}
		rows = append(rows, row{e.hash.String(), name})
	}
	return rows, nil
}

// checkPaths refuses what a tree cannot hold or a checkout must not.
func checkPaths(spec CommitSpec) error {
	names := slices.Clone(spec.Keep)
	for name := range spec.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	taken := map[string]bool{}
	for _, name := range names {
		if taken[name] {
			return &RefusedError{Path: name, Why: "it is there twice"}
		}
		taken[name] = true
		if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\x00\n\r\\") {
			return &RefusedError{Path: name, Why: "it is no path within a tree"}
		}
		for part := range strings.SplitSeq(name, "/") {
			if strings.EqualFold(part, ".git") {
				return &RefusedError{Path: name, Why: "it is Git's own"}
			}
		}
	}
	for _, name := range names {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if taken[dir] {
				return &RefusedError{Path: name, Why: dir + " is a file"}
			}
		}
	}
	return nil
}

// writeBlobs hashes all files in one process, from temporary copies, without filters.
func (r *Repo) writeBlobs(ctx context.Context, dir string, files map[string][]byte) ([]row, error) {
	var rows []row
	var list bytes.Buffer
	for i, name := range slices.Sorted(maps.Keys(files)) {
		tmp := filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(tmp, files[name], 0o600); err != nil {
			return nil, fmt.Errorf("commit: %w", err)
		}
		fmt.Fprintln(&list, tmp)
		rows = append(rows, row{path: name})
	}
	if len(rows) == 0 {
		return nil, nil
	}
	c := r.call("hash-object", "-w", "--no-filters", "--stdin-paths")
	c.stdin, c.limit = list.Bytes(), 64*len(rows)
	out, err := c.run(ctx)
	if err != nil {
		return nil, err
	}
	hashes := strings.Fields(string(out))
	if len(hashes) != len(rows) {
		return nil, fmt.Errorf("commit: git hash-object named %d objects of %d", len(hashes), len(rows))
	}
	for i, h := range hashes {
		rows[i].hash = h
	}
	return rows, nil
}

// writeTree builds the folders in an index of its own; the user's index is never touched.
func (r *Repo) writeTree(ctx context.Context, index string, rows []row) (string, error) {
	var in bytes.Buffer
	for _, e := range rows {
		fmt.Fprintf(&in, "100644 %s\t%s\x00", e.hash, e.path)
	}
	env := []string{"GIT_INDEX_FILE=" + index}
	c := r.call("update-index", "-z", "--index-info")
	c.stdin, c.env = in.Bytes(), env
	if _, err := c.run(ctx); err != nil {
		return "", err
	}
	c = r.call("write-tree")
	c.env = env
	return c.hash(ctx)
}

// hash runs a call that answers with one object name.
func (c call) hash(ctx context.Context) (string, error) {
	out, err := c.run(ctx)
	if err != nil {
		return "", err
	}
	h, err := fullHash(strings.TrimSpace(string(out)))
	if err != nil {
		return "", fmt.Errorf("git %s: %w", c.verb(), err)
	}
	return h.String(), nil
}
