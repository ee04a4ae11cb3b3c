package gitrepo

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBundle(t *testing.T) {
	dir := folder(t, map[string]string{"secret": "of another tenant"})
	r := open(t, dir)
	first := mustCommit(t, r, spec(map[string][]byte{"state.json": []byte("1\n")}, ""))
	second := mustCommit(t, r, spec(map[string][]byte{"state.json": []byte("2\n")}, first))
	before := git(t, dir, "count-objects", "-v")
	d, err := r.Draft(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	readme := mustCommit(t, d.Repo, spec(map[string][]byte{"README.md": []byte("hello\n")}, ""))
	file := filepath.Join(t.TempDir(), "acme.bundle")
	branches := []string{"about", "ringfence/ledger/acme"}
	var made bytes.Buffer
	if err := d.Bundle(t.Context(), &made, branches, map[string]string{"about": readme, "ringfence/ledger/acme": second}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, made.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if after := git(t, dir, "count-objects", "-v"); after != before || strings.Contains(git(t, dir, "for-each-ref"), "about") {
		t.Errorf("the repository has changed: %s, before: %s", after, before)
	}

	b, refs, err := OpenBundle(t.Context(), file, t.TempDir())
	if err != nil || refs["refs/heads/ringfence/ledger/acme"] != second || refs["HEAD"] != readme {
		t.Fatalf("%v, %v", refs, err)
	}
	if raw, err := b.ReadFile(first, "state.json", 10); err != nil || string(raw) != "1\n" {
		t.Errorf("the first record's state is %q, %v", raw, err)
	}
	if _, err := b.Header(head(t, r).Hash); err == nil {
		t.Error("the bundle holds what no branch of it reaches")
	}

	clone := filepath.Join(t.TempDir(), "clone")
	git(t, t.TempDir(), "clone", "-q", file, clone)
	if raw, err := os.ReadFile(filepath.Join(clone, "README.md")); err != nil || string(raw) != "hello\n" {
		t.Errorf("a clone shows %q, %v", raw, err)
	}
	if got := git(t, clone, "rev-parse", "origin/ringfence/ledger/acme"); got != second {
		t.Errorf("its ledger is at %s", got)
	}
}

func TestBundlesThatAreNone(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "2")
	file := filepath.Join(t.TempDir(), "thin.bundle")
	git(t, dir, "bundle", "create", "-q", file, "HEAD~1..HEAD")
	thin, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"half a history": thin, "nothing": nil, "text": []byte("hello"), "cut short": bytes.TrimRight(thin[:len(thin)-30], "\n")} {
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := OpenBundle(t.Context(), file, t.TempDir()); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}
