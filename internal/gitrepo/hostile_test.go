package gitrepo

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/internal/programfile"
	_ "github.com/ringfence/ringfence/internal/sameseed"
)

// trap makes a repository whose every hook, filter and configured command leaves a mark, and returns its folder and
// that of the marks.
func trap(t *testing.T) (dir, marks string) {
	t.Helper()
	dir, marks = folder(t, map[string]string{"policy.cue": "one\n", ".gitattributes": "*.cue filter=evil diff=evil\n"}), t.TempDir()
	script := func(name string) string {
		path := filepath.Join(dir, ".git", "evil-"+name)
		if err := programfile.Write(path, []byte("#!/bin/sh\ntouch "+marks+"/"+name+"\ncat\n")); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, hook := range []string{
		"reference-transaction", "post-index-change", "pre-commit", "post-commit", "commit-msg", "prepare-commit-msg",
		"post-checkout", "fsmonitor-watchman", "pre-auto-gc",
	} {
		if err := os.Rename(script(hook), filepath.Join(dir, ".git", "hooks", hook)); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{
		"core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "filter.a=b.clean", "diff.evil.command",
		"diff.evil.textconv", "diff.external", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "gpg.program",
		"core.alternateRefsCommand", "uploadpack.packObjectsHook", "alias.status", "sequence.editor",
	} {
		git(t, dir, "config", key, script(strings.ReplaceAll(key, "=", "_")))
	}
	git(t, dir, "config", "filter.evil.required", "true")
	git(t, dir, "config", "commit.gpgSign", "true")
	git(t, dir, "config", "core.hooksPath", filepath.Join(dir, ".git", "hooks"))
	return dir, marks
}

func marked(t *testing.T, marks string) []string {
	t.Helper()
	list, err := os.ReadDir(marks)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
		os.Remove(filepath.Join(marks, e.Name()))
	}
	return names
}

func TestNothingOfTheRepositoryRuns(t *testing.T) {
	dir, marks := trap(t)
	write(t, dir, map[string]string{"policy.cue": "two\n", "new.cue": "x"}) // same size: only the content tells
	_, _ = tryGit(dir, "status")
	_, _ = tryGit(dir, "update-ref", "refs/heads/control", "HEAD")
	if got := strings.Join(marked(t, marks), " "); !strings.Contains(got, "core.fsmonitor") || !strings.Contains(got, "filter.evil") ||
		!strings.Contains(got, "reference-transaction") {
		t.Fatalf("the trap itself does not work: it only caught %q", got)
	}
	r := open(t, dir)
	dirty, _, err := r.Dirty(t.Context())
	if err != nil || strings.Join(dirty, " ") != "new.cue policy.cue" {
		t.Errorf("Dirty() = %q, %v", dirty, err)
	}
	if got, err := r.ReadFile(head(t, r).Hash, "policy.cue", 10); err != nil || string(got) != "one\n" {
		t.Errorf("read %q, %v", got, err)
	}
	hash := mustCommit(t, r, spec(map[string][]byte{"x.cue": []byte("x"), ".gitattributes": []byte("*.cue filter=evil\n")}, ""))
	if err := r.UpdateRef(t.Context(), testRef, hash, ""); err != nil {
		t.Error(err)
	}
	if got := marked(t, marks); len(got) != 0 {
		t.Errorf("these ran: %q", got)
	}
}

func TestDirty(t *testing.T) {
	dir := folder(t, map[string]string{
		"tenants/acme/a.cue": "1", "tenants/acme/b.cue": "1", "tenants/acme/gone.cue": "1", "README.md": "1", ".gitignore": "*.plan\n", "ü.cue": "1",
	})
	r := open(t, dir)
	if got, _, err := r.Dirty(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("a clean folder: %q, %v", got, err)
	}
	write(t, dir, map[string]string{
		"tenants/acme/a.cue": "2", "tenants/acme/new/c.cue": "3", "tenants/x.plan": "4", "README.md": "2", "ü.cue": "2", "tenants/acme/b.cue": "2",
	})
	git(t, dir, "add", "tenants/acme/b.cue")
	os.Remove(filepath.Join(dir, "tenants/acme/gone.cue"))
	got, ignored, err := r.Dirty(t.Context(), "tenants", "ü.cue", "missing", "*.md")
	want := "tenants/acme/a.cue tenants/acme/b.cue tenants/acme/gone.cue tenants/acme/new/c.cue ü.cue"
	if err != nil || strings.Join(got, " ") != want || strings.Join(ignored, " ") != "tenants/x.plan" {
		t.Errorf("Dirty() = %q, %q, %v", got, ignored, err)
	}
	bare := filepath.Join(t.TempDir(), "bare.git")
	git(t, dir, "clone", "-q", "--bare", dir, bare)
	if got, _, err := open(t, bare).Dirty(t.Context()); err != nil || got != nil {
		t.Errorf("bare: %q, %v", got, err)
	}
}

func TestAPromisedObjectIsNotFetched(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	mark := filepath.Join(t.TempDir(), "mark")
	blob := git(t, dir, "rev-parse", "HEAD:a")
	for key, value := range map[string]string{
		"core.repositoryFormatVersion": "1", "extensions.partialClone": "origin", "remote.origin.promisor": "true",
		"remote.origin.url": "ext::sh -c touch% " + mark, "protocol.ext.allow": "always",
	} {
		git(t, dir, "config", key, value)
	}
	os.Remove(loosePath(dir, blob))
	_, _ = tryGit(dir, "cat-file", "blob", blob)
	if os.Remove(mark) != nil {
		t.Fatal("the trap itself does not work")
	}
	r := open(t, dir)
	if _, err := r.ReadFile(head(t, r).Hash, "a", 10); !errors.Is(err, ErrNoObject) {
		t.Errorf("ReadFile: %v", err)
	}
	_, _, _ = r.Dirty(t.Context())
	_, _ = r.Resolve(blob)
	if _, err := os.Stat(mark); err == nil {
		t.Error("it ran the remote's command")
	}
}

// TestAPartialClone: what was left out is told apart from what was lost.
func TestAPartialClone(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	git(t, dir, "config", "uploadpack.allowFilter", "true")
	for filter, want := range map[string]bool{"blob:none": true, "blob:limit=1k": false} {
		clone := filepath.Join(t.TempDir(), "clone")
		git(t, dir, "clone", "-q", "--no-checkout", "--filter="+filter, "file://"+dir, clone)
		r := open(t, clone)
		_, err := r.ReadFile(head(t, r).Hash, "a", 10)
		if (err != nil) != want || want && !(errors.Is(err, ErrPartial) && errors.Is(err, ErrNoObject)) {
			t.Errorf("%s: %v", filter, err)
		}
	}
	os.Remove(loosePath(dir, git(t, dir, "rev-parse", "HEAD:a")))
	r := open(t, dir)
	if _, err := r.ReadFile(head(t, r).Hash, "a", 10); !errors.Is(err, ErrNoObject) || errors.Is(err, ErrPartial) {
		t.Errorf("a lost object: %v", err)
	}
}

func TestAlternates(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	git(t, dir, "gc", "-q")
	shared := filepath.Join(t.TempDir(), "shared")
	git(t, dir, "clone", "-q", "--shared", dir, shared)
	r := open(t, shared)
	if got, err := r.ReadFile(head(t, r).Hash, "a", 10); err != nil || string(got) != "1" {
		t.Errorf("a shared clone: %q, %v", got, err)
	}
	objects := filepath.Join(shared, ".git", "objects")
	list := filepath.Join(objects, "info", "alternates")
	set := func(lines string) {
		t.Helper()
		if err := os.WriteFile(list, []byte(lines), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set(objects + "\n../objects\n" + filepath.Join(dir, ".git", "objects") + "\n")
	r = open(t, shared)
	if _, err := r.Header(strings.Repeat("1", 40)); !errors.Is(err, ErrNoObject) {
		t.Errorf("a repository that names itself: %v", err)
	}
	set("/nowhere/at/all\n" + filepath.Join(dir, ".git", "objects") + "\n")
	r = open(t, shared)
	if _, err := r.ReadFile(head(t, r).Hash, "a", 10); err != nil {
		t.Errorf("an alternate that is gone, which git only warns of: %v", err)
	}
	var many strings.Builder
	for range 100 {
		many.WriteString(t.TempDir() + "\n")
	}
	set(many.String())
	var refused *RefusedError
	if _, err := Open(t.Context(), shared); !errors.As(err, &refused) {
		t.Errorf("a hundred alternates: %v", err)
	}
}

func TestReplacementsDoNotReplace(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	first := head(t, r).Hash
	write(t, dir, map[string]string{"a": "2"})
	git(t, dir, "commit", "-qam", "second")
	git(t, dir, "replace", git(t, dir, "rev-parse", "HEAD"), first)
	if got, err := r.ReadFile(head(t, r).Hash, "a", 10); err != nil || string(got) != "2" {
		t.Errorf("read %q, %v", got, err)
	}
	if dirty, _, err := r.Dirty(t.Context()); err != nil || len(dirty) != 0 {
		t.Errorf("Dirty() = %q, %v", dirty, err)
	}
}

func TestWeirdRefNames(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	hash := head(t, r).Hash
	for _, bad := range []string{
		"main", "HEAD", "refs/heads/../../config", "refs/heads/-x", "refs/heads/a.lock", "refs/heads/a..b", "refs/heads/", "refs//a",
		"refs/heads/a b", "refs/heads/a\nb", "refs/heads/.a", "refs/heads/a~1", "refs/heads/@{1}", "refs/heads/ä", "refs/heads/" + strings.Repeat("x", 300),
	} {
		if err := r.UpdateRef(t.Context(), bad, hash, ""); err == nil {
			t.Errorf("wrote %q", bad)
		}
		if _, err := r.Ref(bad); err == nil || errors.Is(err, ErrRefNotFound) {
			t.Errorf("Ref(%q): %v", bad, err)
		}
	}
	if err := r.UpdateRef(t.Context(), "refs/heads/main/below", hash, ""); err == nil || errors.Is(err, ErrRefMoved) {
		t.Errorf("a ref below a ref: %v", err)
	}
	git(t, dir, "update-ref", "refs/heads/--output=x", hash)
	if c, err := r.Resolve("refs/heads/--output=x"); err != nil || c.Hash != hash {
		t.Errorf("Resolve: %v", err)
	}
}

// TestRefNamesAreGitsToo: whatever we accept, git does.
func TestRefNamesAreGitsToo(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		name := "refs/heads/" + rapid.StringMatching(`[a-c./@{}~^:?*\[\\ _-]{1,6}(lock)?`).Draw(t, "name")
		if checkRefName(name) != nil {
			return
		}
		if out, err := tryGit(dir, "check-ref-format", name); err != nil {
			t.Fatalf("git refuses %q: %v %s", name, err, out)
		}
	})
}

// TestGuardsAreNoWayOut: .git/ringfence may come from whoever packed the repository.
func TestGuardsAreNoWayOut(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	hash, victim := head(t, r).Hash, t.TempDir()
	write(t, victim, map[string]string{"passwd": "root"})
	guards := filepath.Join(dir, ".git", "ringfence")
	if err := os.Symlink(victim, guards); err != nil {
		t.Fatal(err)
	}
	if err := r.UpdateRef(t.Context(), testRef, hash, ""); err == nil {
		t.Error("wrote through a symlinked folder")
	}
	os.Remove(guards)
	if err := os.Mkdir(guards, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(victim, "passwd"), filepath.Join(guards, strings.ReplaceAll(testRef, "/", "%2F"))); err != nil {
		t.Fatal(err)
	}
	if err := r.UpdateRef(t.Context(), testRef, hash, ""); err == nil {
		t.Error("wrote through a symlinked guard")
	}
	if raw, _ := os.ReadFile(filepath.Join(victim, "passwd")); string(raw) != "root" {
		t.Errorf("the victim holds %q", raw)
	}
}

func TestAnotherUsersRepositoryIsNotOpened(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("giving a folder to another user needs root")
	}
	dir := folder(t, map[string]string{"a": "1"})
	for _, path := range []string{dir, filepath.Join(dir, ".git")} {
		if err := os.Chown(path, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "safe.directory") {
		t.Errorf("Open() = %v, want git's own refusal and way out", err)
	}
}
