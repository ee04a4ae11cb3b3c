package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
)

// Limits bound what is read of one commit.
type Limits struct {
	Blob  int64 // bytes of one file
	Total int64 // bytes of all folders and files read through one file system
	Depth int   // folders within folders
}

// PolicyLimits are those of policy trees.
var PolicyLimits = Limits{Blob: 1 << 20, Total: 64 << 20, Depth: 32}

// Tree shows a commit as a read-only file system, straight from the object database. It implements ReadDirFS,
// ReadFileFS, StatFS and ReadLinkFS; folders are sorted by name; files have no time. ReadDir lists symlinks (fs.ModeSymlink)
// and submodules (fs.ModeIrregular), Lstat describes them; opening one, or anything beyond PolicyLimits, is a *RefusedError.
// It is safe for concurrent use.
func (r *Repo) Tree(commit string) (fs.FS, error) { return r.tree(commit, PolicyLimits) }

func (r *Repo) tree(commit string, limits Limits) (*treeFS, error) {
	c, err := r.Header(commit)
	if err != nil {
		return nil, err
	}
	root, err := fullHash(c.Tree)
	if err != nil {
		return nil, err
	}
	t := &treeFS{objects: r.objects, limits: limits, dirs: map[string][]entry{}, counted: map[string]bool{}}
	t.root = entry{name: ".", mode: fs.ModeDir | 0o555, hash: root}
	return t, nil
}

type treeFS struct {
	objects *store
	limits  Limits
	root    entry

	mu      sync.Mutex
	dirs    map[string][]entry
	counted map[string]bool // paths that already count towards Total
	total   int64
}

var (
	_ fs.ReadDirFS  = (*treeFS)(nil)
	_ fs.ReadFileFS = (*treeFS)(nil)
	_ fs.StatFS     = (*treeFS)(nil)
	_ fs.ReadLinkFS = (*treeFS)(nil)
)

// Open opens a file or folder.
func (t *treeFS) Open(name string) (fs.File, error) {
	e, err := t.lookup("open", name)
	if err != nil {
		return nil, err
	}
	if e.IsDir() {
		list, err := t.list(name, e.hash)
		if err != nil {
			return nil, wrap("open", name, err)
		}
		return &openDir{entry: e, rest: t.dirEntries(name, list)}, nil
	}
	raw, err := t.content(name, e)
	if err != nil {
		return nil, wrap("open", name, err)
	}
	e.size = int64(len(raw))
	return &openFile{Reader: bytes.NewReader(raw), entry: e}, nil
}

// ReadFile returns a file's content.
func (t *treeFS) ReadFile(name string) ([]byte, error) {
	e, err := t.lookup("read", name)
	if err != nil {
		return nil, err
	}
	if e.IsDir() {
		return nil, wrap("read", name, errors.New("is a folder"))
	}
	raw, err := t.content(name, e)
	if err != nil {
		return nil, wrap("read", name, err)
	}
	return raw, nil
}

// ReadDir lists a folder, sorted by name.
func (t *treeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := t.lookup("readdir", name)
	if err != nil {
		return nil, err
	}
	if !e.IsDir() {
		return nil, wrap("readdir", name, errors.New("is no folder"))
	}
	list, err := t.list(name, e.hash)
	if err != nil {
		return nil, wrap("readdir", name, err)
	}
	return t.dirEntries(name, list), nil
}

// Stat describes a file or folder. Of a file it reads the content, because Git keeps sizes nowhere else.
func (t *treeFS) Stat(name string) (fs.FileInfo, error) {
	e, err := t.lookup("stat", name)
	if err != nil {
		return nil, err
	}
	return t.info(name, e)
}

// Lstat describes also what is never opened: symlinks, submodules, and files beyond the limit, by their size.
func (t *treeFS) Lstat(name string) (fs.FileInfo, error) {
	e, err := t.find("lstat", name)
	if err != nil {
		return nil, err
	}
	info, err := t.info(name, e)
	var large *tooLarge
	if errors.As(err, &large) {
		e.size = large.size
		return e, nil
	}
	return info, err
}

// ReadLink refuses: nothing follows a symlink, so nobody needs to know where it leads.
func (t *treeFS) ReadLink(name string) (string, error) {
	_, err := t.lookup("readlink", name)
	if err == nil {
		err = wrap("readlink", name, fs.ErrInvalid)
	}
	return "", err
}

func (t *treeFS) info(name string, e entry) (fs.FileInfo, error) {
	if !e.mode.IsRegular() {
		return e, nil
	}
	raw, err := t.content(name, e)
	if err != nil {
		return nil, wrap("stat", name, err)
	}
	e.size = int64(len(raw))
	return e, nil
}

// DirDigest returns the object name of a folder, which covers every file in it and below, without reading any. It is
// false if there is no such folder.
func (t *treeFS) DirDigest(name string) (string, bool) {
	e, err := t.lookup("digest", name)
	if err != nil || !e.IsDir() {
		return "", false
	}
	return e.hash.String(), true
}

// lookup finds an entry and refuses what is neither file nor folder.
func (t *treeFS) lookup(op, name string) (entry, error) {
	e, err := t.find(op, name)
	if err == nil && e.refused != "" {
		return entry{}, wrap(op, name, &RefusedError{Path: name, Why: e.refused})
	}
	return e, err
}

// find finds an entry of whatever kind.
func (t *treeFS) find(op, name string) (entry, error) {
	if !fs.ValidPath(name) {
		return entry{}, wrap(op, name, fs.ErrInvalid)
	}
	e, at := t.root, "."
	if name == "." {
		return e, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if !e.IsDir() {
			return entry{}, wrap(op, name, fs.ErrNotExist)
		}
		list, err := t.list(at, e.hash)
		if err != nil {
			return entry{}, wrap(op, name, err)
		}
		i, ok := slices.BinarySearchFunc(list, part, func(e entry, name string) int { return strings.Compare(e.name, name) })
		if !ok {
			return entry{}, wrap(op, name, fs.ErrNotExist)
		}
		e, at = list[i], path.Join(at, part)
	}
	return e, nil
}

func (t *treeFS) list(name string, h plumbing.Hash) ([]entry, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if list, ok := t.dirs[name]; ok {
		return list, nil
	}
	if name != "." && strings.Count(name, "/")+1 > t.limits.Depth {
		return nil, &RefusedError{Path: name, Why: fmt.Sprintf("more than %d folders deep", t.limits.Depth)}
	}
	raw, err := t.objects.read(h, plumbing.TreeObject, t.limits.Total)
	if err != nil {
		return nil, refuse(name, err)
	}
	if err := t.count(name, int64(len(raw))); err != nil {
		return nil, err
	}
	list, err := decodeTree(raw)
	if err != nil {
		return nil, &RefusedError{Path: name, Why: err.Error()}
	}
	t.dirs[name] = list
	return list, nil
}

func (t *treeFS) content(name string, e entry) ([]byte, error) {
	raw, err := t.objects.read(e.hash, plumbing.BlobObject, t.limits.Blob)
	if err != nil {
		return nil, refuse(name, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return raw, t.count(name, int64(len(raw)))
}

// count adds a path once; reading it again is free.
func (t *treeFS) count(name string, n int64) error {
	if t.counted[name] {
		return nil
	}
	t.counted[name] = true
	t.total += n
	if t.total > t.limits.Total {
		return &RefusedError{Path: name, Why: fmt.Sprintf("the tree is larger than %d bytes", t.limits.Total)}
	}
	return nil
}

func refuse(name string, err error) error {
	var large *tooLarge
	if errors.As(err, &large) {
		return &RefusedError{Path: name, Why: large.Error(), cause: err}
	}
	return err
}

func wrap(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }
