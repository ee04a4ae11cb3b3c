package gitrepo

import "io/fs"

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
	if isNotExist(err) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// Files names every file of a commit with the hash of its content, by slash path. Nothing but folders is read.
func (r *Repo) Files(commit string) (map[string]string, error) {
	t, err := r.tree(commit, PolicyLimits)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	return out, fs.WalkDir(t, ".", func(name string, d fs.DirEntry, err error) error {
		if e, ok := d.(dirEntry); err == nil && ok && e.mode.IsRegular() {
			out[name] = e.hash.String()
		}
		return err
	})
}
