package compiler

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
)

// File is one entry of a repository as a compilation may see it. It travels to the process that compiles, which has
// no other sight of the repository.
type File struct {
	Path  string
	Mode  fs.FileMode // type bits only
	Size  int64
	Data  []byte // of regular files within the limit
	Fault string // why the repository does not give it
}

const (
	maxShared  = 64 << 20 // bytes that one tenant, or all that tenants share, may hold
	maxEntries = 100_000
	maxDepth   = 32
)

// errTooMuch ends a walk through a repository that holds more than policy ever needs.
var errTooMuch = errors.New("holds more than policy needs: at most 64 MiB, 100,000 entries, 32 folders deep")

// bundle collects files of a repository.
type bundle struct {
	repo  fs.FS
	files []File
	bytes int64
	seen  int
}

// sharedFiles are the files that more than one tenant can read: every CUE and calendar file outside the tenants'
// directories, the module files, the baseline's Rego. Directories whose name begins with a dot are out of sight.
func sharedFiles(repo fs.FS) ([]File, error) {
	b := &bundle{repo: repo}
	err := b.walk(".", func(name string, e fs.DirEntry) choice {
		dir, base := path.Split(name)
		switch {
		case e.IsDir():
			if base[0] == '.' || dir == tenantsDir+"/" {
				return skip
			}
			return keep
		case !e.Type().IsRegular(), path.Ext(base) == ".cue", path.Ext(base) == ".ics", dir == "cue.mod/", dir == baselineDir+"/" && isRego(base):
			return keep
		}
		return skip
	})
	return b.sorted(), err
}

// tenantFiles are all files of one tenant's directory.
func tenantFiles(repo fs.FS, name string) ([]File, error) {
	b := &bundle{repo: repo}
	dir := path.Join(tenantsDir, name)
	info, err := fs.Lstat(repo, dir)
	if err != nil || !info.IsDir() {
		b.add(dir, info, err)
		return b.files, nil
	}
	b.files = append(b.files, File{Path: dir, Mode: fs.ModeDir})
	err = b.walk(dir, func(string, fs.DirEntry) choice { return keep })
	return b.sorted(), err
}

type choice bool

const (
	skip choice = false
	keep choice = true
)

// walk adds what choose keeps of a directory and all below it. Symlinks are kept as what they are, never followed.
func (b *bundle) walk(dir string, choose func(string, fs.DirEntry) choice) error {
	if strings.Count(dir, "/") >= maxDepth {
		return &fs.PathError{Op: "read", Path: dir, Err: errTooMuch}
	}
	entries, err := fs.ReadDir(b.repo, dir)
	if err != nil {
		b.files = append(b.files, File{Path: dir, Mode: fs.ModeDir, Fault: cause(err)})
		return nil
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if b.seen++; b.seen > maxEntries {
			return &fs.PathError{Op: "read", Path: dir, Err: errTooMuch}
		}
		if choose(name, e) == skip {
			continue
		}
		if e.IsDir() {
			if err := b.descend(name, choose); err != nil {
				return err
			}
			continue
		}
		info, err := fs.Lstat(b.repo, name)
		b.add(name, info, err)
		if b.bytes > maxShared {
			return &fs.PathError{Op: "read", Path: name, Err: errTooMuch}
		}
	}
	return nil
}

// descend walks through a directory, and forgets it if there is nothing in it to keep.
func (b *bundle) descend(name string, choose func(string, fs.DirEntry) choice) error {
	before := len(b.files)
	b.files = append(b.files, File{Path: name, Mode: fs.ModeDir})
	err := b.walk(name, choose)
	if len(b.files) == before+1 {
		b.files = b.files[:before]
	}
	return err
}

// add takes one file in. What cannot be read is noted with the reason: it matters only to those who import it.
func (b *bundle) add(name string, info fs.FileInfo, err error) {
	f := File{Path: name}
	if err == nil {
		f.Mode, f.Size = info.Mode().Type(), info.Size()
		if f.Mode.IsRegular() && f.Size <= maxFile {
			f.Data, err = fs.ReadFile(b.repo, name)
			f.Size = int64(len(f.Data))
		}
	}
	if f.Size > maxFile {
		f.Data = nil
	}
	if err != nil {
		f.Fault = cause(err)
	}
	b.bytes += int64(len(f.Data))
	b.files = append(b.files, f)
}

func (b *bundle) sorted() []File {
	slices.SortFunc(b.files, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
	return b.files
}

// tooMuch is the one diagnostic of a repository, or a tenant, that cannot be read within the limits.
func tooMuch(at string, err error) diag.Diagnostic {
	var p *fs.PathError
	if errors.As(err, &p) {
		at = p.Path
	}
	return diag.New(diag.RefusedFile, "%s %s", path.Base(at), cause(err)).At(diag.Range{File: at}).
		WithFix("move what is no policy out of this folder")
}
