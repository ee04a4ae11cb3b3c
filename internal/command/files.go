package command

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/gitrepo"
)

// writeWhole writes a file beside its place and renames it, so that a file of that name is never half written.
func writeWhole(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return &fs.PathError{Op: "write", Path: path, Err: syscall.EISDIR}
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = write(f)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

// writeReviewed writes a file of the working folder that a person will review and commit; path is from the root.
func writeReviewed(root, path string, raw []byte) error {
	if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(path)), raw, 0o644); err != nil {
		return notWritten(path, err)
	}
	return nil
}

func notWritten(path string, err error) error {
	return diag.New(diag.WriteFailed, "%s was not written: %s", path, plainly(err)).WithFix("see that its folder is there and may be written")
}

// plainly is what the system or git says of a file, without the call and the path, which the sentence around it has.
func plainly(err error) string {
	if err == nil {
		return ""
	}
	var p *fs.PathError
	var l *os.LinkError
	var git *gitrepo.GitError
	switch {
	case errors.As(err, &git):
		return firstLine(git)
	case errors.As(err, &p):
		return p.Err.Error()
	case errors.As(err, &l):
		return l.Err.Error()
	}
	return err.Error()
}

// asTyped is what git says of a file that a person named, with the name that the person gave it.
func (a *app) asTyped(err error, name string) string {
	return strings.ReplaceAll(plainly(err), join(a.Dir, name), name)
}
