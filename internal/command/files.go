package command

import (
	"io"
	"os"
	"path/filepath"

	"github.com/ringfence/ringfence/compiler/diag"
)

// writeWhole writes a file beside its place and renames it, so that a file of that name is never half written.
func writeWhole(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return diag.New(diag.WriteFailed, "%v", err)
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
	if err != nil {
		return diag.New(diag.WriteFailed, "%s was not written: %v", path, err)
	}
	return nil
}
