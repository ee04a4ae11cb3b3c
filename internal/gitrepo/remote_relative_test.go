package gitrepo

import (
	"path/filepath"
	"testing"
)

// TestRelativeRemotes: an address such as ../ledger.git leads where plain git would go, wherever the repository was
// opened from: it counts from the top of the working folder, of a linked one too, and from a bare repository itself.
func TestRelativeRemotes(t *testing.T) {
	dir := folder(t, map[string]string{"a/b": "1"})
	beside := filepath.Join(filepath.Dir(dir), "ledger.git")
	git(t, dir, "init", "-q", "--bare", beside)
	git(t, dir, "remote", "add", "origin", "../ledger.git")
	linked := filepath.Join(filepath.Dir(dir), "linked")
	git(t, dir, "worktree", "add", "-q", linked)
	bare := filepath.Join(filepath.Dir(dir), "bare.git")
	git(t, dir, "clone", "-q", "--bare", dir, bare)
	git(t, bare, "remote", "set-url", "origin", "../ledger.git")
	last := ""
	for name, from := range map[string]string{"top": dir, "a folder in it": filepath.Join(dir, "a"), "linked": linked, "bare": bare} {
		t.Run(name, func(t *testing.T) {
			git(t, from, "ls-remote", "origin") // as a person would
			r := open(t, from)
			commit := mustCommit(t, r, spec(map[string][]byte{"who": []byte(name)}, ""))
			if err := r.Push(t.Context(), "origin", sharedRef, commit, last); err != nil {
				t.Fatal(err)
			}
			last = commit
			if got := at(t, beside, sharedRef); got != commit {
				t.Errorf("the remote has %q, not %q", got, commit)
			}
			if got, err := r.RemoteRef(t.Context(), "origin", sharedRef); got != commit || err != nil {
				t.Errorf("RemoteRef: %q, %v", got, err)
			}
			if err := r.Fetch(t.Context(), "origin", "+"+sharedRef+":refs/remotes/origin/ledger"); err != nil {
				t.Error(err)
			}
		})
	}
}
