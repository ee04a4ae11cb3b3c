// Package repository is what a compilation may see of a policy repository: where its folders are, which files one tenant
// and all of them can read, and those files as a file system. In goes an fs.FS, the working folder or a commit's tree; out
// come Files, plain data that can be sent to the process that compiles. It knows no CUE.
package repository

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// Where things stand in a repository.
const (
	TenantsDir   = "tenants"       // one folder a tenant
	BaselineDir  = "baseline"      // what tenants share, and the Rego that decides for all
	ScenariosDir = "tests"         // scenarios
	SettingsFile = "ringfence.cue" // the tool's settings
)

// What policy never needs more of.
const (
	MaxFile    = 1 << 20  // bytes of one file
	MaxDepth   = 32       // folders within each other
	maxShared  = 64 << 20 // bytes that one tenant, or all that tenants share, may hold
	maxEntries = 100_000
)

// TenantDir is the folder of one tenant.
func TenantDir(name string) string { return path.Join(TenantsDir, name) }

// A tenant's name becomes part of Git refs, so it is flat and plain.
var tenantGrammar = lazyregexp.New(`^[a-z0-9][a-z0-9-]{0,62}$`)

// IsTenantName reports whether a folder's name can be that of a tenant.
func IsTenantName(name string) bool { return tenantGrammar.MatchString(name) && !IsDevice(name) }

// IsDevice reports whether Windows keeps a name for a device. CUE takes no package in a folder of that name, on any system.
func IsDevice(name string) bool { return deviceNames.MatchString(name) }

var deviceNames = lazyregexp.New(`^(?i:con|prn|aux|nul|com[1-9]|lpt[1-9])(\.|$)`)

// File is one entry of a repository as a compilation may see it. It travels to the process that compiles, which has
// no other sight of the repository.
type File struct {
	Path  string
	Mode  fs.FileMode // type bits only
	Size  int64
	Data  []byte // of regular files within the limit
	Fault string // why the repository does not give it
}

// errTooMuch ends a walk through a repository that holds more than policy ever needs.
var errTooMuch = errors.New("holds more than policy needs: at most 64 MiB, 100,000 entries, 32 folders deep")

// bundle collects files of a repository.
type bundle struct {
	repo  fs.FS
	files []File
	bytes int64
	seen  int
}

// Shared are the files that more than one tenant can read: every CUE and calendar file outside the tenants'
// directories, the module files, the baseline's Rego. Directories whose name begins with a dot are out of sight.
// They are sorted by path; the error of a repository that holds more than policy needs is for TooMuch.
func Shared(repo fs.FS) ([]File, error) {
	b := &bundle{repo: repo}
	err := b.walk(".", func(name string, e fs.DirEntry) choice {
		dir, base := path.Split(name)
		switch {
		case e.IsDir():
			if base[0] == '.' || dir == TenantsDir+"/" {
				return skip
			}
			return keep
		case !e.Type().IsRegular(), path.Ext(base) == ".cue", path.Ext(base) == ".ics", dir == "cue.mod/", dir == BaselineDir+"/" && IsRego(base):
			return keep
		}
		return skip
	})
	return b.sorted(), err
}

// OfTenant are all files of one tenant's directory, sorted by path; the error is for TooMuch.
func OfTenant(repo fs.FS, name string) ([]File, error) {
	b := &bundle{repo: repo}
	dir := TenantDir(name)
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

// walk adds what choose keeps of a directory and all below it. Symlinks are kept as what they are, never followed, and so
// are repositories within the repository: of those a commit holds no files, whatever lies in the folder.
func (b *bundle) walk(dir string, choose func(string, fs.DirEntry) choice) error {
	if strings.Count(dir, "/") >= MaxDepth {
		return &fs.PathError{Op: "read", Path: dir, Err: errTooMuch}
	}
	entries, err := fs.ReadDir(b.repo, dir)
	if err != nil {
		b.files = append(b.files, File{Path: dir, Mode: fs.ModeDir, Fault: Cause(err)})
		return nil
	}
	if dir != "." && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == ".git" }) {
		b.files[len(b.files)-1].Mode = fs.ModeIrregular
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
	if len(b.files) == before+1 && b.files[before].Mode.IsDir() {
		b.files = b.files[:before]
	}
	return err
}

// add takes one file in. What cannot be read is noted with the reason: it matters only to those who import it.
func (b *bundle) add(name string, info fs.FileInfo, err error) {
	f := File{Path: name}
	if err == nil {
		f.Mode, f.Size = info.Mode().Type(), info.Size()
		if f.Mode.IsRegular() && f.Size <= MaxFile {
			f.Data, err = fs.ReadFile(b.repo, name)
			f.Size = int64(len(f.Data))
		}
	}
	if f.Size > MaxFile {
		f.Data = nil
	}
	if err != nil {
		f.Fault = Cause(err)
	}
	b.bytes += int64(len(f.Data))
	b.files = append(b.files, f)
}

func (b *bundle) sorted() []File {
	slices.SortFunc(b.files, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
	return b.files
}

// TooMuch is the one diagnostic of a repository, or a tenant, that cannot be read within the limits.
func TooMuch(at string, err error) diag.Diagnostic {
	var p *fs.PathError
	if errors.As(err, &p) {
		at = p.Path
	}
	return diag.New(diag.RefusedFile, "%s %s", path.Base(at), Cause(err)).At(diag.Range{File: at}).
		WithFix("move what is no policy out of this folder")
}

// Cause is what a file system says, without the path that a diagnostic shows anyway.
func Cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return diag.OneLine(err.Error())
}

// MayBePolicy tells by its name a file that a compilation or a run could read from what editors and tools leave behind.
func MayBePolicy(name string) bool {
	base := path.Base(name)
	switch {
	case strings.HasPrefix(base, "."), strings.HasPrefix(base, "_"):
		return false
	case base == "known_hosts", base == "allowed_signers":
		return true
	}
	return slices.Contains([]string{".cue", ".rego", ".ics", ".yaml", ".yml", ".json", ".csv"}, path.Ext(base))
}

// IsRego tells the modules that decide from the tests that accompany them.
func IsRego(name string) bool {
	return strings.HasSuffix(name, ".rego") && !strings.HasSuffix(name, "_test.rego")
}
