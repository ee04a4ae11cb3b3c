package gitrepo

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestPlainFiles(t *testing.T) {
	r := open(t, folder(t, map[string]string{"a": "1", "run/b": "2", "run/c/d": "1"}))
	files, err := r.PlainFiles(head(t, r).Hash)
	if err != nil || !slices.Equal(slices.Sorted(maps.Keys(files)), []string{"a", "run/b", "run/c/d"}) || files["a"] != files["run/c/d"] {
		t.Fatalf("%v, %v", files, err)
	}
	if raw, err := r.Blob(files["run/b"], 1); err != nil || string(raw) != "2" {
		t.Errorf("run/b is %q, %v", raw, err)
	}
	var refused *RefusedError
	if _, err := r.Blob(files["run/b"], 0); !errors.As(err, &refused) {
		t.Errorf("a content beyond the limit: %v", err)
	}
	for _, mode := range []string{"120000", "100755", "160000"} {
		dir := folder(t, map[string]string{"a": "1"})
		git(t, dir, "update-index", "--add", "--cacheinfo", mode+","+files["a"]+",run/x")
		git(t, dir, "commit", "-q", "-m", mode)
		r := open(t, dir)
		if _, err := r.PlainFiles(head(t, r).Hash); !errors.As(err, &refused) {
			t.Errorf("mode %s: %v", mode, err)
		}
	}
}

func TestDescends(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	first := git(t, dir, "rev-parse", "HEAD")
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "2")
	second := git(t, dir, "rev-parse", "HEAD")
	git(t, dir, "checkout", "-q", "-b", "side", first)
	if err := os.WriteFile(filepath.Join(dir, "b"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "add", "b")
	git(t, dir, "commit", "-q", "-m", "side")
	side := git(t, dir, "rev-parse", "HEAD")
	r := open(t, dir)
	for _, c := range []struct {
		commit, ancestor string
		want             bool
	}{{second, first, true}, {first, first, true}, {first, second, false}, {side, second, false}, {side, first, true}} {
		if got, err := r.Descends(t.Context(), c.commit, c.ancestor); got != c.want || err != nil {
			t.Errorf("Descends(%s, %s) = %v, %v", c.commit, c.ancestor, got, err)
		}
	}
	if _, err := r.Descends(t.Context(), first, "1234567890123456789012345678901234567890"); !errors.Is(err, ErrNoObject) {
		t.Errorf("from a commit that is not here: %v", err)
	}
}
