package gitrepo

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

func spec(files map[string][]byte, parent string, keep ...string) CommitSpec {
	return CommitSpec{
		Parent: parent, Files: files, Keep: keep, Message: "acme: scan\n\nRingfence-Seq: 1\n",
		AuthorName: "Ringfence", AuthorEmail: "ringfence@localhost", When: testTime,
	}
}

func mustCommit(t *testing.T, r *Repo, s CommitSpec) string {
	t.Helper()
	hash, err := r.Commit(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

const testRef = "refs/heads/ringfence/ledger/acme"

func TestCommitWritesExactlyTheFiles(t *testing.T) {
	dir := folder(t, map[string]string{"policy.cue": "x", ".gitattributes": "* text eol=crlf\n"})
	git(t, dir, "config", "core.autocrlf", "true")
	r := open(t, dir)
	files := map[string][]byte{
		"state.json": []byte("{}\r\n"), "run/record.json": []byte("a\nb\n"), "snapshot/main.jsonl": {0, 255, 13, 10}, "empty": {},
		"inputs/ä ö.rego": []byte("x"),
	}
	first := mustCommit(t, r, spec(files, ""))
	for name, want := range files {
		if got, err := r.ReadFile(first, name, 100); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s = %q, %v", name, got, err)
		}
	}
	second := mustCommit(t, r, spec(map[string][]byte{"state.json": []byte("2")}, first, "snapshot/main.jsonl"))
	if got := git(t, dir, "-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", second); got != "snapshot/main.jsonl\nstate.json" {
		t.Errorf("the second tree holds %q", got)
	}
	c, err := r.Header(second)
	if err != nil || c.Author != "Ringfence" || !c.CommitTime.Equal(testTime) || c.Parents[0] != first {
		t.Errorf("header = %+v, %v", c, err)
	}
	if again := mustCommit(t, r, spec(files, "")); again != first {
		t.Errorf("the same spec gave %s, then %s", first, again)
	}
	if got := git(t, dir, "status", "--porcelain"); strings.Contains(got, "state.json") {
		t.Errorf("the user's index changed: %s", got)
	}
}

func TestCommitRefusesPaths(t *testing.T) {
	r := open(t, folder(t, map[string]string{"a": "1"}))
	for _, bad := range []string{"../x", "/x", "", ".", "a/.git/config", ".GIT/hooks/x", "a//b", "a\nb", "a\\b"} {
		if _, err := r.Commit(t.Context(), spec(map[string][]byte{bad: nil}, "")); err == nil {
			t.Errorf("%q was written", bad)
		}
	}
	var refused *RefusedError
	if _, err := r.Commit(t.Context(), spec(map[string][]byte{"a": nil, "a/b": nil}, "")); !errors.As(err, &refused) {
		t.Errorf("a file in a file: %v", err)
	}
	if _, err := r.Commit(t.Context(), spec(nil, head(t, r).Hash, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("keeping a missing file: %v", err)
	}
}

func TestInitRepoAndCommitAll(t *testing.T) {
	home := t.TempDir()
	write(t, home, map[string]string{".gitconfig": "[init]\n\tdefaultBranch = trunk\n[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = /bin/false\n"})
	t.Setenv("HOME", home)
	t.Setenv("GIT_DEFAULT_HASH", "sha256")
	dir := t.TempDir()
	r, err := InitRepo(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"ringfence.cue": "x", ".gitignore": "*.plan\n", "a.plan": "y"})
	hash, err := r.CommitAll(t.Context(), "policy: a first tenant\n", testTime)
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.Header(hash)
	if err != nil || c.Author != DefaultName || c.Subject != "policy: a first tenant" || !c.CommitTime.Equal(testTime) {
		t.Errorf("commit = %+v, %v", c, err)
	}
	if name, at, _ := r.HeadRef(); name != "refs/heads/main" || at != hash {
		t.Errorf("HEAD is %s at %s", name, at)
	}
	if dirty, _, err := r.Dirty(t.Context()); err != nil || len(dirty) != 0 {
		t.Errorf("Dirty() = %q, %v", dirty, err)
	}
	git(t, dir, "config", "user.name", "Ada")
	git(t, dir, "config", "user.email", "ada@example.com")
	write(t, dir, map[string]string{"b": "2"})
	hash, err = r.CommitAll(t.Context(), "second", testTime)
	if err != nil {
		t.Fatal(err)
	}
	if c, _ := r.Header(hash); c.Author != "Ada" {
		t.Errorf("author = %q", c.Author)
	}
}
