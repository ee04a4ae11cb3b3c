package gitrepo

import (
	"fmt"
	"path"

	"github.com/go-git/go-git/v5/plumbing"
)

// maxFiles bounds how many files PlainFiles lists.
const maxFiles = 100_000

// PlainFiles lists the files of a commit with the names of their contents, by path. It is for trees that Ringfence itself
// wrote: anything but plain files and folders is a *RefusedError.
func (r *Repo) PlainFiles(commit string) (map[string]string, error) {
	c, err := r.Header(commit)
	if err != nil {
		return nil, err
	}
	root, err := fullHash(c.Tree)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	return out, r.plainFiles(out, "", root, 0)
}

func (r *Repo) plainFiles(out map[string]string, dir string, tree plumbing.Hash, depth int) error {
	if depth > PolicyLimits.Depth {
		return &RefusedError{Path: dir, Why: "too deep"}
	}
	raw, err := r.objects.read(tree, plumbing.TreeObject, PolicyLimits.Total)
	if err != nil {
		return refuse(dir, err)
	}
	list, err := decodeTree(raw)
	if err != nil {
		return &RefusedError{Path: dir, Why: err.Error()}
	}
	for _, e := range list {
		name := path.Join(dir, e.name)
		switch {
		case e.refused != "" || e.mode.Perm()&0o111 != 0 && !e.IsDir():
			return &RefusedError{Path: name, Why: "it is no plain file"}
		case len(out) >= maxFiles:
			return &RefusedError{Path: name, Why: fmt.Sprintf("the commit has more than %d files", maxFiles)}
		case e.IsDir():
			if err := r.plainFiles(out, name, e.hash, depth+1); err != nil {
				return err
			}
		default:
			out[name] = e.hash.String()
		}
	}
	return nil
}

// Blob returns a content that PlainFiles names, of at most limit bytes.
func (r *Repo) Blob(hash string, limit int64) ([]byte, error) {
	h, err := fullHash(hash)
	if err != nil {
		return nil, err
	}
	raw, err := r.objects.read(h, plumbing.BlobObject, limit)
	return raw, refuse(hash, err)
}
