// Package load turns the CUE of a policy repository into programs: packages that are loaded and built, and not yet
// understood. In go a repository as an fs.FS and an Overlay, which puts the schema of this binary in place of the
// repository's copy; out comes a Program, or what keeps a package from being loaded, said so that who knows no CUE can
// mend it: syntax, imports, names that lead nowhere, files that nothing reads. Nothing is fetched from anywhere, and a
// tenant never sees another's folder.
package load

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"testing/fstest"
	"unicode/utf8"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// Tree is what one tenant's compilation may see of a repository: everything but the other tenants, with the embedded
// schema mounted in place of the repository's copy. It refuses what a repository should not hold (symlinks, files
// over the limit, text that is not UTF-8) and remembers the refusals, since CUE's loader would blur them.
type Tree struct {
	repo    fs.FS
	tenant  string   // the one visible directory of tenants/; "" hides all
	batch   []string // those that are visible instead, sorted, while several are loaded at once
	overlay *Overlay
	loose   bool         // definitions are plain fields, see Permissive
	files   fstest.MapFS // of the overlay, and more, that replace or join the repository's
	mu      sync.Mutex   // the loader reads concurrently
	refused []diag.Diagnostic
}

// New shows a repository to the compilation of one tenant, or of what is no tenant if there is none.
func New(repo fs.FS, overlay *Overlay, tenant string) *Tree {
	return &Tree{repo: repo, tenant: tenant, overlay: overlay, files: overlay.strict}
}

// Permissive is the same sight of the repository without any constraint: the schema demands nothing, and definitions are
// plain fields, whose names syntax.WrittenName brings back. Values can be read in it that the schema refuses.
func (t *Tree) Permissive() *Tree {
	return &Tree{repo: t.repo, tenant: t.tenant, loose: true, overlay: t.overlay, files: t.overlay.permissive()}
}

// Tenant is the one tenant whose folder is in sight, "" if none is.
func (t *Tree) Tenant() string { return t.tenant }

// Refused are the refusals so far. What else is said of a refused file is their echo.
func (t *Tree) Refused() diag.List { return t.refused }

var _ interface {
	fs.ReadDirFS
	fs.ReadFileFS
	fs.StatFS
} = (*Tree)(nil)

// ErrRefused is what reading a refused file comes to; Refused says why.
var ErrRefused = errors.New("refused")

// Open opens a file or directory.
func (t *Tree) Open(name string) (fs.File, error) {
	if ours, err := t.source("open", name); err != nil {
		return nil, err
	} else if ours {
		return t.files.Open(name)
	}
	info, err := t.vet(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	if info.IsDir() {
		return t.repo.Open(name)
	}
	data, err := t.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return fstest.MapFS{name: {Data: data, Mode: 0o444}}.Open(name)
}

// ReadFile returns a file's content, which is valid UTF-8.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	ours, err := t.source("open", name)
	if err != nil {
		return nil, err
	}
	if ours {
		return fs.ReadFile(t.files, name)
	}
	if _, err := t.vet(name); err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	data, err := fs.ReadFile(t.repo, name)
	if err != nil {
		return nil, err
	}
	if len(data) > repository.MaxFile {
		return nil, &fs.PathError{Op: "open", Path: name, Err: t.refuse(name, "is larger than 1 MiB")}
	}
	if !utf8.Valid(data) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: t.refuse(name, "is not valid UTF-8")}
	}
	if t.loose && path.Ext(name) == ".cue" && !strings.HasPrefix(name, "cue.mod/") {
		data = syntax.Plain(data)
	}
	return data, nil
}

// Stat describes an entry; there are no links among them.
func (t *Tree) Stat(name string) (fs.FileInfo, error) {
	ours, err := t.source("stat", name)
	if err != nil {
		return nil, err
	}
	if ours {
		return fs.Stat(t.files, name)
	}
	return t.vet(name)
}

// ReadDir leaves out the other tenants. A symlink that a directory holds stays listed: opening it is what is refused.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	ours, err := t.source("readdir", name)
	if err != nil {
		return nil, err
	}
	if ours {
		return fs.ReadDir(t.files, name)
	}
	if _, err := t.vet(name); err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	all, err := fs.ReadDir(t.repo, name)
	if err != nil {
		return nil, err
	}
	var out []fs.DirEntry
	for _, e := range all {
		if !t.hidden(path.Join(name, e.Name())) {
			out = append(out, e)
		}
	}
	for added := range t.files {
		if path.Dir(added) == name && path.Base(added) == guardFile {
			if info, err := t.files.Stat(added); err == nil {
				out = append(out, fs.FileInfoToDirEntry(info))
			}
		}
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

// source says whether the overlay holds name, not the repository.
func (t *Tree) source(op, name string) (ours bool, err error) {
	if !fs.ValidPath(name) {
		return false, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if t.hidden(name) {
		return false, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	_, ours = t.files[name]
	return ours || name == schemaMount || strings.HasPrefix(name, schemaMount+"/"), nil
}

func (t *Tree) hidden(name string) bool {
	rest, ok := strings.CutPrefix(name, repository.TenantsDir+"/")
	if !ok {
		return false
	}
	first, _, _ := strings.Cut(rest, "/")
	if len(t.batch) > 0 {
		_, found := slices.BinarySearch(t.batch, first)
		return !found
	}
	return first != t.tenant
}

// vet looks at every step of the path without following symlinks.
func (t *Tree) vet(name string) (fs.FileInfo, error) {
	for i := range len(name) {
		if name[i] != '/' {
			continue
		}
		if _, err := t.vetOne(name[:i]); err != nil {
			return nil, err
		}
	}
	return t.vetOne(name)
}

func (t *Tree) vetOne(name string) (fs.FileInfo, error) {
	info, err := fs.Lstat(t.repo, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		return nil, t.refuse(name, unreadable+repository.Cause(err))
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, t.refuse(name, "is a symbolic link")
	case info.Mode()&fs.ModeIrregular != 0:
		return nil, t.refuse(name, isSubmodule)
	case !info.IsDir() && !info.Mode().IsRegular():
		return nil, t.refuse(name, "is not a regular file")
	case !info.IsDir() && info.Size() > repository.MaxFile:
		return nil, t.refuse(name, "is larger than 1 MiB")
	}
	return info, nil
}

// Refusals that have a way out of their own.
const (
	unreadable  = "cannot be read: "
	isSubmodule = "is a Git repository of its own (a submodule), of which this one holds no files"
)

// refuse remembers the refusal once per file.
func (t *Tree) refuse(name, why string) error {
	fix := "replace it with a regular UTF-8 file of at most 1 MiB, or move it out of the folders that hold policy"
	switch {
	case strings.HasPrefix(why, unreadable):
		fix = "see that this user may read it"
	case why == isSubmodule:
		fix = "keep its files in this repository, without its .git, or move it out of the folders that hold policy"
	}
	d := diag.New(diag.RefusedFile, "%s %s", path.Base(name), why).At(diag.Range{File: name}).WithFix("%s", fix)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, old := range t.refused {
		if old.Range.File == name {
			return fmt.Errorf("%w: %s", ErrRefused, d.Summary)
		}
	}
	t.refused = append(t.refused, d)
	return fmt.Errorf("%w: %s", ErrRefused, d.Summary)
}
