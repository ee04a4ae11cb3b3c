package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// maxCommit bounds a commit object: longer messages are not ours.
const maxCommit = 1 << 20

// resolveTime ends a search such as ":/text" through an endless history.
const resolveTime = time.Minute

// Commit is the header of one commit. Its text comes from whoever wrote it: neutralise it before printing.
type Commit struct {
	Hash       string
	Tree       string
	Parents    []string
	Author     string // name
	AuthorTime time.Time
	CommitTime time.Time
	Subject    string
	Body       string // without subject and trailers
	Trailers   Trailers
	Signed     bool // it carries a signature, which nobody has checked
}

// Resolve returns the commit that a revision names in any of git's ways: HEAD, a branch, a short hash, main~3. It
// returns ErrEmpty for the HEAD of a repository without commits and ErrUnknownRevision otherwise.
func (r *Repo) Resolve(rev string) (Commit, error) {
	if strings.ContainsFunc(rev, unicode.IsControl) {
		return Commit{}, fmt.Errorf("%q: %w", rev, ErrUnknownRevision)
	}
	ctx, cancel := context.WithTimeout(context.Background(), resolveTime)
	defer cancel()
	out, err := r.call("rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}").run(ctx)
	var failed *GitError
	switch {
	case errors.As(err, &failed) && rev == "HEAD":
		return Commit{}, r.whyNoHead()
	case errors.As(err, &failed):
		return Commit{}, fmt.Errorf("%q: %w", rev, ErrUnknownRevision)
	case err != nil:
		return Commit{}, err
	}
	return r.Header(strings.TrimSpace(string(out)))
}

func (r *Repo) whyNoHead() error {
	name, hash, err := r.HeadRef()
	if err != nil {
		return err
	}
	if hash == "" {
		return fmt.Errorf("branch %s: %w", strings.TrimPrefix(name, "refs/heads/"), ErrEmpty)
	}
	return fmt.Errorf("HEAD is %s: %w", hash, ErrUnknownRevision)
}

// Header reads one commit by its full hash.
func (r *Repo) Header(hash string) (Commit, error) {
	h, err := fullHash(hash)
	if err != nil {
		return Commit{}, err
	}
	raw, err := r.objects.read(h, plumbing.CommitObject, maxCommit)
	if err != nil {
		return Commit{}, err
	}
	return namedCommit(hash, raw)
}

// namedCommit decodes what was found under a hash.
func namedCommit(hash string, raw []byte) (Commit, error) {
	c, err := decodeCommit(raw)
	if err != nil {
		return Commit{}, fmt.Errorf("commit %s: %w: %w", hash, ErrCorrupt, err)
	}
	c.Hash = hash
	return c, nil
}

func decodeCommit(raw []byte) (Commit, error) {
	mem := &plumbing.MemoryObject{}
	mem.SetType(plumbing.CommitObject)
	if _, err := mem.Write(raw); err != nil {
		return Commit{}, err
	}
	var c object.Commit
	if err := c.Decode(mem); err != nil {
		return Commit{}, err
	}
	out := Commit{
		Tree: c.TreeHash.String(), Author: c.Author.Name,
		AuthorTime: c.Author.When.UTC(), CommitTime: c.Committer.When.UTC(), Signed: c.PGPSignature != "",
	}
	for _, p := range c.ParentHashes {
		out.Parents = append(out.Parents, p.String())
	}
	out.Subject, out.Body, out.Trailers = ParseMessage(c.Message)
	return out, nil
}

// Walk calls visit with a commit and then with each first parent until visit returns false or there is no parent. It
// reads headers only. At the edge of a shallow clone it ends without an error.
func (r *Repo) Walk(from string, visit func(Commit) bool) error {
	shallow, err := r.shallow()
	if err != nil {
		return err
	}
	defer r.objects.hold()()
	w := walker{repo: r}
	defer w.close()
	for next := from; next != ""; {
		c, err := w.header(next)
		if err != nil {
			return err
		}
		if !visit(c) || len(c.Parents) == 0 || slices.Contains(shallow, c.Hash) {
			return nil
		}
		next = c.Parents[0]
	}
	return nil
}

// shallow lists the commits whose parents a shallow clone left out.
func (r *Repo) shallow() ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(r.commonDir, "shallow"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return strings.Fields(string(raw)), err
}

// fullHash accepts nothing but 40 lower-case hexadecimal digits: go-git would turn anything else into zeros.
func fullHash(s string) (plumbing.Hash, error) {
	h := plumbing.NewHash(s)
	if len(s) != 40 || h.String() != s {
		return plumbing.ZeroHash, fmt.Errorf("%q is no full object name: %w", s, ErrUnknownRevision)
	}
	return h, nil
}
