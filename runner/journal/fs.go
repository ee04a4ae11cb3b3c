package journal

import (
	"fmt"
	"io"
	"os"
	"path"
)

// FS is the disk that a journal lies on. Names are slash paths.
type FS interface {
	OpenFile(name string, flag int) (File, error)
	Rename(from, to string) error
	Remove(name string) error
	SyncDir(name string) error                      // makes what Rename and OpenFile did in a folder durable
	Lock(name string) (unlock io.Closer, err error) // the error is ErrInUse while another process has it
}

// File is one open file. What Write wrote is durable when Sync has returned.
type File interface {
	io.Reader
	io.Writer
	Sync() error
	io.Closer
}

// disk is a folder of the operating system that no symbolic link leads out of.
type disk struct{ root *os.Root }

// Disk is the folder named dir below root, which it makes durably if it is missing.
func Disk(root, dir string) (FS, io.Closer, error) {
	top, err := os.OpenRoot(root)
	if err != nil {
		return nil, nil, err
	}
	defer top.Close()
	if err := top.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	for _, made := range []string{path.Dir(dir), "."} {
		if err := (disk{top}).SyncDir(made); err != nil {
			return nil, nil, err
		}
	}
	below, err := top.OpenRoot(dir)
	return disk{below}, below, err
}

func (d disk) OpenFile(name string, flag int) (File, error) {
	f, err := d.root.OpenFile(name, flag, 0o644)
	if err != nil {
		return nil, err // not f: a nil *os.File would be a File
	}
	return f, nil
}

func (d disk) Rename(from, to string) error { return d.root.Rename(from, to) }

func (d disk) Remove(name string) error { return d.root.Remove(name) }

func (d disk) SyncDir(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

func (d disk) Lock(name string) (io.Closer, error) {
	f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := flock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}
