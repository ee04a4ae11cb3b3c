package gitrepo

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestOpenFindsTheRepository(t *testing.T) {
	dir := folder(t, map[string]string{"tenants/acme/tenant.cue": "x"})
	git(t, dir, "worktree", "add", "-q", filepath.Join(dir, "..", "linked"), "-b", "side")
	git(t, dir, "config", "extensions.worktreeConfig", "true")
	git(t, dir, "config", "core.repositoryFormatVersion", "1")
	git(t, dir, "config", "--worktree", "user.name", "Somebody")
	git(t, dir, "clone", "-q", "--bare", dir, filepath.Join(dir, "..", "bare.git"))
	want := git(t, dir, "rev-parse", "HEAD")
	linked := filepath.Join(filepath.Dir(dir), "linked")
	for _, tc := range []struct{ name, dir, root string }{
		{"its top", dir, dir},
		{"a folder within", filepath.Join(dir, "tenants", "acme"), dir},
		{"a linked working folder", linked, linked},
		{"a folder of that", filepath.Join(linked, "tenants"), linked},
		{"a bare repository", filepath.Join(filepath.Dir(dir), "bare.git"), ""},
		{"the .git folder", filepath.Join(dir, ".git"), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := open(t, tc.dir)
			if r.Root() != tc.root {
				t.Errorf("Root() = %q, want %q", r.Root(), tc.root)
			}
			if got := head(t, r).Hash; got != want {
				t.Errorf("HEAD = %s, want %s", got, want)
			}
		})
	}
}

func TestOpenIgnoresTheCallersGitVariables(t *testing.T) {
	dir, other := folder(t, map[string]string{"a": "1"}), folder(t, map[string]string{"b": "2"})
	t.Setenv("GIT_DIR", filepath.Join(other, ".git"))
	t.Setenv("GIT_INDEX_FILE", filepath.Join(other, "nonsense"))
	r := open(t, dir)
	if r.Root() != dir {
		t.Fatalf("Root() = %q, want %q", r.Root(), dir)
	}
	if dirty, _, err := r.Dirty(t.Context()); err != nil || len(dirty) != 0 {
		t.Errorf("Dirty() = %q, %v", dirty, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	plain := t.TempDir()
	if _, err := Open(t.Context(), plain); !errors.Is(err, ErrNotRepository) {
		t.Errorf("a plain folder: %v", err)
	}
	if _, err := Open(t.Context(), filepath.Join(plain, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing folder: %v", err)
	}
	sha256 := t.TempDir()
	git(t, sha256, "init", "-q", "--object-format=sha256")
	if _, err := Open(t.Context(), sha256); !errors.Is(err, ErrUnsupported) {
		t.Errorf("SHA-256: %v", err)
	}
	reftable := folder(t, map[string]string{"a": "1"})
	git(t, reftable, "config", "core.repositoryFormatVersion", "1")
	git(t, reftable, "config", "extensions.refStorage", "reftable")
	if _, err := Open(t.Context(), reftable); !errors.Is(err, ErrUnsupported) {
		t.Errorf("reftable, as this git sees it: %v", err)
	}
	if err := supported(filepath.Join(reftable, ".git")); !errors.Is(err, ErrUnsupported) {
		t.Errorf("reftable, when git knows it: %v", err)
	}
}

func TestABareRepositoryWithinAFolderIsNotPickedUp(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	git(t, dir, "clone", "-q", "--bare", dir, filepath.Join(dir, "vendor", "evil.git"))
	within := filepath.Join(dir, "vendor", "evil.git", "refs")
	if r, err := Open(t.Context(), within); err == nil {
		t.Errorf("opened %s from within a bare repository", r.commonDir)
	}
}

func TestResolve(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	first := head(t, r).Hash
	git(t, dir, "tag", "-m", "annotated", "v1")
	write(t, dir, map[string]string{"a": "2"})
	git(t, dir, "commit", "-qam", "second\n\nWhy.\n\nRingfence-Seq: 7")
	second := head(t, r)
	if second.Subject != "second" || second.Body != "Why." || len(second.Parents) != 1 || second.Parents[0] != first {
		t.Errorf("second = %+v", second)
	}
	if seq, ok := second.Trailers.Get("ringfence-seq"); !ok || seq != "7" {
		t.Errorf("trailer = %q, %v", seq, ok)
	}
	if !second.AuthorTime.Equal(testTime) {
		t.Errorf("time = %v", second.AuthorTime)
	}
	for rev, want := range map[string]string{"HEAD~1": first, "v1": first, first[:8]: first, "main": second.Hash, "@": second.Hash} {
		if c, err := r.Resolve(rev); err != nil || c.Hash != want {
			t.Errorf("Resolve(%q) = %s, %v", rev, c.Hash, err)
		}
	}
	for _, rev := range []string{"", "nothing", "--all", "-h", "HEAD:a", "HEAD~9", "main..v1", "\x00", "--output=/tmp/x", "HEAD\nHEAD"} {
		if _, err := r.Resolve(rev); !errors.Is(err, ErrUnknownRevision) {
			t.Errorf("Resolve(%q): %v", rev, err)
		}
	}
}

func TestResolveWithoutCommits(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q", "-b", "trunk")
	r := open(t, dir)
	if _, err := r.Resolve("HEAD"); !errors.Is(err, ErrEmpty) {
		t.Errorf("HEAD: %v", err)
	}
	if name, hash, err := r.HeadRef(); name != "refs/heads/trunk" || hash != "" || err != nil {
		t.Errorf("HeadRef() = %q, %q, %v", name, hash, err)
	}
	if _, err := r.Resolve("main"); !errors.Is(err, ErrUnknownRevision) {
		t.Errorf("main: %v", err)
	}
}

func TestHeadRef(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	hash := git(t, dir, "rev-parse", "HEAD")
	if name, got, err := r.HeadRef(); name != "refs/heads/main" || got != hash || err != nil {
		t.Errorf("on a branch: %q, %q, %v", name, got, err)
	}
	git(t, dir, "pack-refs", "--all")
	if name, got, err := r.HeadRef(); name != "refs/heads/main" || got != hash || err != nil {
		t.Errorf("packed: %q, %q, %v", name, got, err)
	}
	git(t, dir, "checkout", "-q", "--detach")
	if name, got, err := r.HeadRef(); name != "" || got != hash || err != nil {
		t.Errorf("detached: %q, %q, %v", name, got, err)
	}
}

func TestWalkFollowsFirstParents(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	git(t, dir, "checkout", "-qb", "side")
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "aside")
	git(t, dir, "checkout", "-q", "main")
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "second")
	git(t, dir, "merge", "-q", "--no-ff", "-m", "merge", "side")
	subjects := func(dir string, limit int) []string {
		r := open(t, dir)
		var got []string
		if err := r.Walk(head(t, r).Hash, func(c Commit) bool {
			got = append(got, c.Subject)
			return len(got) != limit
		}); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := subjects(dir, 0); len(got) != 3 || got[0] != "merge" || got[1] != "second" || got[2] != "first" {
		t.Errorf("walked %q", got)
	}
	if got := subjects(dir, 2); len(got) != 2 {
		t.Errorf("walked %q, asked for 2", got)
	}
	shallow := filepath.Join(t.TempDir(), "shallow")
	git(t, dir, "clone", "-q", "--depth=2", "file://"+dir, shallow)
	if got := subjects(shallow, 0); len(got) != 2 {
		t.Errorf("in a shallow clone: %q", got)
	}
}
