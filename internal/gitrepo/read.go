package gitrepo

import (
	"errors"
	"io/fs"
)

// ReadFile returns one file of a commit, of at most limit bytes. Unlike Tree it is for files that Ringfence itself
// wrote, such as snapshots, which may be large.
func (r *Repo) ReadFile(commit, name string, limit int64) ([]byte, error) {
	t, err := r.tree(commit, Limits{Blob: limit, Total: limit + PolicyLimits.Total, Depth: PolicyLimits.Depth})
	if err != nil {
		return nil, err
	}
	return t.ReadFile(name)
}

// List names what a folder of a commit holds, sorted. A folder that does not exist holds nothing.
func (r *Repo) List(commit, dir string) ([]string, error) {
	t, err := r.tree(commit, PolicyLimits)
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(t, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}
