package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// Ref returns the hash that a full ref name ("refs/heads/main") points at, or ErrRefNotFound. A ref whose file is
// empty, cut short or symbolic is ErrBrokenRef: it must never be taken for one that does not exist, or for the older
// value that packed-refs still holds.
func (r *Repo) Ref(name string) (string, error) {
	if err := checkRefName(name); err != nil {
		return "", err
	}
	line, err := loose(filepath.Join(r.commonDir, filepath.FromSlash(name)))
	if errors.Is(err, os.ErrNotExist) {
		return r.packedRef(name)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if _, err := fullHash(line); err != nil {
		return "", fmt.Errorf("%s: %w: it holds %q; see git fsck", name, ErrBrokenRef, line)
	}
	return line, nil
}

// Refs lists the refs of this repository below a prefix such as "refs/ringfence/lease/", by name.
func (r *Repo) Refs(ctx context.Context, prefix string) (map[string]string, error) {
	if err := checkRefName(prefix + "x"); err != nil {
		return nil, err
	}
	c := r.call("for-each-ref", "--format=%(objectname)%09%(refname)", prefix)
	c.limit = remoteOutput
	out, err := c.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("list refs: %w", err)
	}
	return below(parseRefs(out), prefix), nil
}

// HeadRef returns the branch that HEAD stands on ("" when detached) and its commit ("" when it has none yet).
func (r *Repo) HeadRef() (name, hash string, err error) {
	line, err := loose(filepath.Join(r.gitDir, "HEAD"))
	if err != nil {
		return "", "", fmt.Errorf("HEAD: %w", err)
	}
	name, symbolic := strings.CutPrefix(line, "ref: ")
	if !symbolic {
		_, err := fullHash(line)
		return "", line, err
	}
	hash, err = r.Ref(name)
	if errors.Is(err, ErrRefNotFound) {
		return name, "", nil
	}
	return name, hash, err
}

// loose reads a ref's own file. Symlinks are refused: an old form of symbolic refs that leads anywhere.
func loose(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", orNotExist(err)
	}
	if info.IsDir() {
		return "", os.ErrNotExist
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%w: it is no regular file", ErrBrokenRef)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", orNotExist(err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, 4096))
	return strings.TrimSuffix(string(raw), "\n"), err
}

// orNotExist treats a file in the place of a folder (refs/heads/a for refs/heads/a/b) like a missing one.
func orNotExist(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return os.ErrNotExist
	}
	return err
}

func (r *Repo) packedRef(name string) (string, error) {
	ref, err := dotgit.New(osfs.New(r.commonDir)).Ref(plumbing.ReferenceName(name))
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return "", fmt.Errorf("%s: %w", name, ErrRefNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w: %w", name, ErrBrokenRef, err)
	}
	return ref.Hash().String(), nil
}

// checkRefName accepts what git check-ref-format does below refs/, and of that only plain ASCII.
func checkRefName(name string) error {
	bad := fmt.Errorf("%q is no ref name", name)
	if !strings.HasPrefix(name, "refs/") || len(name) > 255 {
		return bad
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || part[0] == '-' || strings.HasSuffix(part, ".") ||
			strings.HasSuffix(part, ".lock") || strings.Contains(part, "..") || strings.Contains(part, "@{") || part == "@" {
			return bad
		}
		if strings.ContainsFunc(part, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune(`~^:?*[\`, c) }) {
			return bad
		}
	}
	return nil
}
