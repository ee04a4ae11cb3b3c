package gitrepo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const longLine = walkAlone + 150

// line is a repository with a long line of commits in loose objects, and their hashes from the newest to the first.
func line(t *testing.T) (string, []string) {
	t.Helper()
	dir := folder(t, map[string]string{"a": "1"})
	var stream strings.Builder
	for n := 1; n < longLine; n++ {
		text := fmt.Sprintf("commit %d\n\nRingfence-Seq: %d\n", n, n)
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter T <t@example.com> %d +0000\ndata %d\n%s\n", 1_700_000_000+n, len(text), text)
		if n == 1 {
			stream.WriteString("from refs/heads/main^0\n")
		}
	}
	c := call{dir: dir, args: []string{"fast-import", "--quiet", "--force"}, config: []string{"fastimport.unpackLimit=100000", "core.fsync=none"}, stdin: []byte(stream.String())}
	if _, err := c.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	hashes := strings.Fields(git(t, dir, "rev-list", "main"))
	if len(hashes) != longLine {
		t.Fatalf("%d commits", len(hashes))
	}
	return dir, hashes
}

func walked(r *Repo, from string, limit int) ([]string, error) {
	var got []string
	err := r.Walk(from, func(c Commit) bool {
		got = append(got, c.Hash)
		return len(got) != limit
	})
	return got, err
}

// TestALongWalkIsAShortOne: whether git reads ahead or not, a walk gives the same commits, packed or not, and no graft,
// which git would follow, leads it elsewhere.
func TestALongWalkIsAShortOne(t *testing.T) {
	dir, want := line(t)
	check := func(what string) {
		t.Helper()
		r := open(t, dir)
		if got, err := walked(r, want[0], 0); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: walked %d of %d commits, %v", what, len(got), len(want), err)
		}
		last, err := r.Header(want[len(want)-2])
		if err != nil || last.Subject != "commit 1" || len(last.Parents) != 1 || last.Parents[0] != want[len(want)-1] {
			t.Errorf("%s: %+v, %v", what, last, err)
		}
	}
	check("loose")
	git(t, dir, "repack", "-adq")
	git(t, dir, "prune-packed")
	check("packed")
	graft := want[walkAlone+20] + " " + want[walkAlone+90] + "\n"
	write(t, dir, map[string]string{".git/info/grafts": graft})
	check("grafted")
}

// TestALongWalkBelievesNoName damages commits that git reads ahead.
func TestALongWalkBelievesNoName(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, dir, victim, other string){
		"another commit in its place": func(t *testing.T, dir, victim, other string) {
			raw, err := os.ReadFile(loosePath(dir, other))
			if err != nil {
				t.Fatal(err)
			}
			replaceObject(t, loosePath(dir, victim), raw)
		},
		"an older message": func(t *testing.T, dir, victim, other string) {
			text := git(t, dir, "cat-file", "commit", victim) + " \n"
			replaceObject(t, loosePath(dir, victim), deflate(t, fmt.Appendf(nil, "commit %d\x00%s", len(text), text)))
		},
		"gone": func(t *testing.T, dir, victim, other string) {
			if err := os.Remove(loosePath(dir, victim)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, hashes := line(t)
			victim := walkAlone + 50
			change(t, dir, hashes[victim], hashes[victim+30])
			got, err := walked(open(t, dir), hashes[0], 0)
			if len(got) != victim || !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNoObject) {
				t.Errorf("walked %d commits, want %d and an error: %v", len(got), victim, err)
			}
		})
	}
}

// TestAWalkLeavesNothingOpen ends walks early, at their end and in packs, and counts this process's descriptors.
func TestAWalkLeavesNothingOpen(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("only Linux lists the descriptors of a process there")
	}
	dir, hashes := line(t)
	git(t, dir, "repack", "-adq")
	git(t, dir, "prune-packed")
	r := open(t, dir)
	before := inUse(t, dir)
	for _, limit := range []int{0, 1, walkAlone - 1, walkAlone, walkAlone + 1, walkAlone + 60} {
		if _, err := walked(r, hashes[0], limit); err != nil {
			t.Fatal(err)
		}
		if _, err := r.ReadFile(hashes[0], "a", 10); err != nil {
			t.Fatal(err)
		}
		if after := inUse(t, dir); len(after) != len(before) {
			t.Errorf("after a walk of %d: %q are open, before: %q", limit, after, before)
		}
	}
}

// inUse names the files below dir, and the pipes, that this process has open.
func inUse(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if to, err := os.Readlink(filepath.Join("/proc/self/fd", e.Name())); err == nil && (strings.HasPrefix(to, dir) || strings.HasPrefix(to, "pipe:")) {
			out = append(out, to)
		}
	}
	return out
}
