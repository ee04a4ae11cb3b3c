package command

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

func writing(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

func named(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

func TestWhatFailsLeavesTheFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "plan.json")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return io.ErrShortWrite }
	if err := writeWhole(file, broken); err == nil {
		t.Error("what failed passes")
	}
	if raw, err := os.ReadFile(file); string(raw) != "old" {
		t.Errorf("the file says %q, %v", raw, err)
	}
	if got := named(t, dir); !slices.Equal(got, []string{"plan.json"}) {
		t.Errorf("the folder has %q", got)
	}
	if err := writeWhole(dir, writing("new")); err == nil {
		t.Error("a folder was written")
	}
}

// TestALinkStaysALink: what it names is written, also what is not there yet.
func TestALinkStaysALink(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "kept"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"first": "second", "second": "kept/plan.json"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"not there yet", "there"} {
		if err := writeOut(t.Context(), filepath.Join(dir, "first"), writing(text)); err != nil {
			t.Fatal(err)
		}
		if raw, err := os.ReadFile(filepath.Join(dir, "kept", "plan.json")); string(raw) != text {
			t.Errorf("what the link names says %q, %v", raw, err)
		}
	}
	if info, err := os.Lstat(filepath.Join(dir, "first")); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info, err)
	}
}

func TestWhatIsNoFileIsWrittenInto(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	// Opened for both, it needs no other side that waits.
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := os.Symlink("pipe", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pipe", "link"} {
		if err := writeOut(t.Context(), filepath.Join(dir, name), writing("plan")); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 4)
		if _, err := io.ReadFull(reader, got); err != nil || string(got) != "plan" {
			t.Errorf("%s brought %q, %v", name, got, err)
		}
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Errorf("the pipe is %v, %v", info, err)
	}
	if got := named(t, dir); !slices.Equal(got, []string{"link", "pipe"}) {
		t.Errorf("the folder has %q", got)
	}
	_ = reader.Close() // from here on nobody reads
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	if err := writeOut(ctx, pipe, writing("plan")); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupt ends it with %v", err)
	}
}
