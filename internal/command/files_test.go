package command

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestWriteWholeKeepsModes: what is there keeps its permissions, and what is new gets those of the user's umask.
func TestWriteWholeKeepsModes(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"run": 0o755, "guarded": 0o400, "new": 0} {
		path, want := filepath.Join(dir, name), mode
		if mode == 0 {
			want = 0o600
		} else if os.WriteFile(path, []byte("old"), mode) != nil || os.Chmod(path, mode) != nil {
			t.Fatal("not written")
		}
		err := writeWhole(path, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err })
		info, statErr := os.Stat(path)
		if err != nil || statErr != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, %v, want mode %v", name, err, statErr, info.Mode(), want)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "new" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 3 {
		t.Errorf("%v, %v: something is left behind", left, err)
	}
}
