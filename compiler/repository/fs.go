package repository

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing/fstest"
	"time"
)

// FS shows Files as a file system. It follows no symlink: Stat describes the link.
type FS struct {
	byPath map[string]*File
	dirs   map[string][]fs.DirEntry
}

var _ interface {
	fs.ReadDirFS
	fs.ReadFileFS
	fs.StatFS
} = (*FS)(nil)

// NewFS shows a list of files, and the directories above them that nobody named. Of two entries of one path the first
// counts, unless only the second says that a directory could not be listed.
func NewFS(list []File) *FS {
	f := &FS{map[string]*File{".": {Path: ".", Mode: fs.ModeDir}}, map[string][]fs.DirEntry{}}
	for i := range list {
		f.add(&list[i])
	}
	for _, entries := range f.dirs {
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
	return f
}

// Joined is f with more files in it, for as long as one batch takes.
func (f *FS) Joined(more []File) *FS {
	all := make([]File, 0, len(f.byPath)+len(more))
	for _, old := range f.byPath {
		all = append(all, *old)
	}
	return NewFS(append(all, more...))
}

// add puts a file, and the directories above it that nobody named, in their places.
func (f *FS) add(file *File) {
	if !fs.ValidPath(file.Path) {
		return
	}
	if old := f.byPath[file.Path]; old != nil {
		if old.Fault == "" && file.Fault != "" {
			f.byPath[file.Path] = file // a directory that could not be listed
		}
		return
	}
	f.byPath[file.Path] = file
	dir := path.Dir(file.Path)
	f.dirs[dir] = append(f.dirs[dir], fs.FileInfoToDirEntry(fileInfo{file}))
	if f.byPath[dir] == nil {
		f.add(&File{Path: dir, Mode: fs.ModeDir})
	}
}

func (f *FS) find(op, name string) (*File, error) {
	file := f.byPath[name]
	switch {
	case file == nil:
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	case file.Fault != "":
		return nil, &fs.PathError{Op: op, Path: name, Err: errors.New(file.Fault)}
	}
	return file, nil
}

// Open opens a file or directory.
func (f *FS) Open(name string) (fs.File, error) {
	file, err := f.find("open", name)
	if err != nil {
		return nil, err
	}
	if file.Mode.IsDir() {
		one := fstest.MapFS{}
		for _, e := range f.dirs[name] {
			info, _ := e.Info() // it never fails: the entry is made of one
			one[path.Join(name, e.Name())] = &fstest.MapFile{Mode: info.Mode()}
		}
		if len(one) == 0 {
			one[name] = &fstest.MapFile{Mode: fs.ModeDir}
		}
		return one.Open(name)
	}
	return fstest.MapFS{name: {Data: file.Data, Mode: 0o444}}.Open(name)
}

// ReadFile returns a file's content.
func (f *FS) ReadFile(name string) ([]byte, error) {
	file, err := f.find("open", name)
	if err != nil {
		return nil, err
	}
	return slices.Clone(file.Data), nil
}

// ReadDir lists a directory, sorted by name.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	if _, err := f.find("readdir", name); err != nil {
		return nil, err
	}
	return slices.Clone(f.dirs[name]), nil
}

// Stat describes an entry.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	file, err := f.find("stat", name)
	if err != nil {
		return nil, err
	}
	return fileInfo{file}, nil
}

type fileInfo struct{ *File }

func (i fileInfo) Name() string       { return path.Base(i.Path) }
func (i fileInfo) Size() int64        { return i.File.Size }
func (i fileInfo) Mode() fs.FileMode  { return i.File.Mode | 0o444 }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return i.File.Mode.IsDir() }
func (i fileInfo) Sys() any           { return nil }
