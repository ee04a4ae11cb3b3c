package command

import (
	"crypto/rand"
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

// writeWhole writes a file beside its place and renames it, so that a file of that name is never half written. A link
// stays one: what it names is written.
func writeWhole(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return &fs.PathError{Op: "write", Path: path, Err: syscall.EISDIR}
	}
	path = destination(path)
	f, err := beside(path)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = write(f)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = keepMode(f.Name(), path)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

// beside makes an empty file in the folder of another, with the mode that the user's umask gives to new ones.
func beside(path string) (*os.File, error) {
	name := "." + filepath.Base(path) + "." + rand.Text()[:10]
	return os.OpenFile(filepath.Join(filepath.Dir(path), name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
}

// keepMode gives a file the permissions of the one that it will replace, if there is one.
func keepMode(name, of string) error {
	old, err := os.Stat(of)
	if err != nil {
		return nil // there is none: those of a new file are right
	}
	return os.Chmod(name, old.Mode().Perm())
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
