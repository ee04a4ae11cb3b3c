package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
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
// ReadFileFS and StatFS; folders are sorted by name; files have no time. ReadDir lists symlinks (fs.ModeSymlink) and
// submodules (fs.ModeIrregular); opening one, or anything beyond PolicyLimits, is a *RefusedError. It is safe for
// concurrent use.
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

// lookup finds an entry and refuses what is neither file nor folder.
func (t *treeFS) lookup(op, name string) (entry, error) {
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
	if e.refused != "" {
		return entry{}, wrap(op, name, &RefusedError{Path: name, Why: e.refused})
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
		return &RefusedError{Path: name, Why: large.Error()}
	}
	return err
}

func wrap(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

// decodeTree reads a tree object. Names that could lead out of the tree, or two of the same name, damn the folder.
func decodeTree(raw []byte) ([]entry, error) {
	mem := &plumbing.MemoryObject{}
	mem.SetType(plumbing.TreeObject)
	if _, err := mem.Write(raw); err != nil {
		return nil, err
	}
	var tree object.Tree
	if err := tree.Decode(mem); err != nil {
		return nil, err
	}
	list := make([]entry, 0, len(tree.Entries))
	for _, e := range tree.Entries {
		if e.Name == "." || e.Name == ".." || strings.EqualFold(e.Name, ".git") || strings.Contains(e.Name, "/") {
			return nil, fmt.Errorf("it holds a file called %q", e.Name)
		}
		list = append(list, newEntry(e))
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(list); i++ {
		if list[i].name == list[i-1].name {
			return nil, fmt.Errorf("it holds two files called %q", list[i].name)
		}
	}
	return list, nil
}

// entry is one file or folder; it is its own FileInfo.
type entry struct {
	name    string
	mode    fs.FileMode
	hash    plumbing.Hash
	size    int64
	refused string // why it is never opened
}

func newEntry(e object.TreeEntry) entry {
	out := entry{name: e.Name, hash: e.Hash}
	switch e.Mode {
	case filemode.Dir:
		out.mode = fs.ModeDir | 0o555
	case filemode.Regular, filemode.Deprecated:
		out.mode = 0o444
	case filemode.Executable:
		out.mode = 0o555
	case filemode.Symlink:
		out.mode, out.refused = fs.ModeSymlink|0o444, "a symlink"
	case filemode.Submodule:
		out.mode, out.refused = fs.ModeIrregular, "a submodule"
	default:
		out.mode, out.refused = fs.ModeIrregular, fmt.Sprintf("a file of mode %s", e.Mode)
	}
	if !utf8.ValidString(e.Name) {
		out.name, out.mode, out.refused = strings.ToValidUTF8(e.Name, "\uFFFD"), fs.ModeIrregular, "its name is not UTF-8"
	}
	return out
}

func (e entry) Name() string       { return e.name }
func (e entry) Size() int64        { return e.size }
func (e entry) Mode() fs.FileMode  { return e.mode }
func (e entry) ModTime() time.Time { return time.Time{} }
func (e entry) IsDir() bool        { return e.mode.IsDir() }
func (e entry) Sys() any           { return nil }

type dirEntry struct {
	entry
	at   string
	tree *treeFS
}

func (d dirEntry) Type() fs.FileMode          { return d.mode.Type() }
func (d dirEntry) Info() (fs.FileInfo, error) { return d.tree.info(d.at, d.entry) }

func (t *treeFS) dirEntries(dir string, list []entry) []fs.DirEntry {
	out := make([]fs.DirEntry, len(list))
	for i, e := range list {
		out[i] = dirEntry{entry: e, at: path.Join(dir, e.name), tree: t}
	}
	return out
}

type openFile struct {
	*bytes.Reader
	entry entry
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.entry, nil }
func (f *openFile) Close() error               { return nil }

type openDir struct {
	entry entry
	rest  []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.entry, nil }
func (d *openDir) Close() error               { return nil }
func (d *openDir) Read([]byte) (int, error) {
	return 0, wrap("read", d.entry.name, errors.New("is a folder"))
}

// ReadDir hands out the next n entries, or all that are left.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(d.rest) {
		if n > 0 && len(d.rest) == 0 {
			return nil, io.EOF
		}
		n = len(d.rest)
	}
	out := d.rest[:n]
	d.rest = d.rest[n:]
	return out, nil
}
