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
	"time"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

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
