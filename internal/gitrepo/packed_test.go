package gitrepo

import (
	"fmt"
	"strings"
	"testing"
)

// TestPackedDeltas reads every version of a file whose versions a pack keeps as differences from one another, with a
// repository that was opened before they were packed and one opened after.
func TestPackedDeltas(t *testing.T) {
	version := func(n int) string {
		var b strings.Builder
		for i := range 4_000 { // more than go-git keeps in memory
			fmt.Fprintf(&b, "line %d\n", i*i)
		}
		fmt.Fprintf(&b, "version %d\n", n)
		return b.String()
	}
	dir := folder(t, map[string]string{"state.json": version(0)})
	before := open(t, dir)
	hashes := []string{head(t, before).Hash}
	for n := 1; n < 7; n++ {
		write(t, dir, map[string]string{"state.json": version(n)})
		git(t, dir, "commit", "-qam", fmt.Sprint("version ", n))
		hashes = append(hashes, head(t, before).Hash)
	}
	git(t, dir, "repack", "-adfq", "--depth=50")
	git(t, dir, "prune-packed")
	if bases := git(t, dir, "cat-file", "--batch-all-objects", "--batch-check=%(deltabase)"); !strings.ContainsAny(bases, "123456789abcdef") {
		t.Fatalf("the pack holds no differences:\n%s", bases)
	}
	for name, r := range map[string]*Repo{"opened before": before, "opened after": open(t, dir)} {
		for n, hash := range hashes {
			if raw, err := r.ReadFile(hash, "state.json", 1<<20); err != nil || string(raw) != version(n) {
				t.Errorf("%s, version %d: %d bytes, %v", name, n, len(raw), err)
			}
		}
	}
}

// TestPacksChangeMeanwhile: another process may pack anew what this one has read from the old pack.
func TestPacksChangeMeanwhile(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	git(t, dir, "repack", "-adq")
	r := open(t, dir)
	first := head(t, r).Hash
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "second")
	git(t, dir, "repack", "-adq")
	if got, err := r.ReadFile(first, "a", 10); err != nil || string(got) != "1" {
		t.Errorf("%q, %v", got, err)
	}
}
