package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

func tree(t *testing.T, r *Repo, commit string) fs.FS {
	t.Helper()
	f, err := r.Tree(commit)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var policyFiles = map[string]string{
	"ringfence.cue": "a", "tenants/acme/tenant.cue": "b", "tenants/acme/hosts.yaml": "", "tenants-old/x": "c", "tenants.cue": "d",
	"baseline/ä b.cue": "e\r\n",
}

func TestTreeIsAFileSystem(t *testing.T) {
	dir := folder(t, policyFiles)
	var names []string
	for name := range policyFiles {
		names = append(names, name)
	}
	check := func(t *testing.T) {
		r := open(t, dir)
		f := tree(t, r, head(t, r).Hash)
		if err := fstest.TestFS(f, names...); err != nil {
			t.Error(err)
		}
		for name, want := range policyFiles {
			if got, err := fs.ReadFile(f, name); err != nil || string(got) != want {
				t.Errorf("%s = %q, %v", name, got, err)
			}
		}
	}
	t.Run("loose", check)
	git(t, dir, "gc", "-q")
	t.Run("packed", check)
}

// TestPackedMeanwhile: another process may pack or fetch while a Repo is open.
func TestPackedMeanwhile(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	head(t, r)
	git(t, dir, "gc", "-q")
	if got, err := r.ReadFile(head(t, r).Hash, "a", 10); err != nil || string(got) != "1" {
		t.Errorf("after gc: %q, %v", got, err)
	}
	write(t, dir, map[string]string{"b": "2"})
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-qm", "second")
	git(t, dir, "gc", "-q")
	if got, err := r.ReadFile(head(t, r).Hash, "b", 10); err != nil || string(got) != "2" {
		t.Errorf("after another gc: %q, %v", got, err)
	}
}

func TestTreeIsSafeForConcurrentUse(t *testing.T) {
	dir := folder(t, policyFiles)
	git(t, dir, "gc", "-q")
	r := open(t, dir)
	f := tree(t, r, head(t, r).Hash)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := fs.WalkDir(f, ".", func(name string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					_, err = fs.ReadFile(f, name)
				}
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestReadFileKeepsItsOwnLimit(t *testing.T) {
	dir := folder(t, map[string]string{"big": strings.Repeat("x", 2<<20)})
	r := open(t, dir)
	if got, err := r.ReadFile(head(t, r).Hash, "big", 3<<20); err != nil || len(got) != 2<<20 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	var refused *RefusedError
	if _, err := r.ReadFile(head(t, r).Hash, "big", 1<<20); !errors.As(err, &refused) {
		t.Errorf("over the limit: %v", err)
	}
	if names, err := r.List(head(t, r).Hash, "."); err != nil || fmt.Sprint(names) != "[big]" {
		t.Errorf("List() = %q, %v", names, err)
	}
	if names, err := r.List(head(t, r).Hash, "none"); err != nil || names != nil {
		t.Errorf("List() of nothing = %q, %v", names, err)
	}
}

// rawObject writes an object that git itself would refuse to make.
func rawObject(t *testing.T, dir, kind string, content []byte) string {
	t.Helper()
	cmd := exec.Command("git", "hash-object", "-t", kind, "-w", "--literally", "--stdin")
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(content)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

type raw struct{ mode, name, hash string }

func rawTree(t *testing.T, dir string, entries ...raw) string {
	t.Helper()
	var b bytes.Buffer
	for _, e := range entries {
		h, err := fullHash(e.hash)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s\x00%s", e.mode, e.name, h[:])
	}
	return rawObject(t, dir, "tree", b.Bytes())
}

func commitOf(t *testing.T, dir, tree string) string {
	t.Helper()
	return git(t, dir, "commit-tree", "-m", "hostile", tree)
}

func TestHostileTrees(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	blob := rawObject(t, dir, "blob", []byte("x"))
	big := rawObject(t, dir, "blob", make([]byte, 1<<20+1))
	nest := func(depth int) string {
		tree := rawTree(t, dir, raw{"100644", "f", blob})
		for range depth {
			tree = rawTree(t, dir, raw{"40000", "d", tree})
		}
		return tree
	}
	for name, tc := range map[string]struct{ tree, path string }{
		"a symlink":            {rawTree(t, dir, raw{"120000", "f", blob}), "f"},
		"a submodule":          {rawTree(t, dir, raw{"160000", "f", blob}), "f"},
		"a blob over 1 MiB":    {rawTree(t, dir, raw{"100644", "f", big}), "f"},
		"33 folders":           {nest(33), strings.Repeat("d/", 33) + "f"},
		"a way up":             {rawTree(t, dir, raw{"40000", "..", nest(0)}, raw{"100644", "f", blob}), "f"},
		"a repository":         {rawTree(t, dir, raw{"40000", ".GIT", nest(0)}, raw{"100644", "f", blob}), "f"},
		"a name with a slash":  {rawTree(t, dir, raw{"100644", "../f", blob}, raw{"100644", "f", blob}), "f"},
		"two of one name":      {rawTree(t, dir, raw{"100644", "f", blob}, raw{"100644", "f", big}), "f"},
		"a name without UTF-8": {rawTree(t, dir, raw{"100644", "f\xff", blob}), "f\uFFFD"},
	} {
		t.Run(name, func(t *testing.T) {
			f := tree(t, r, commitOf(t, dir, tc.tree))
			var refused *RefusedError
			if _, err := fs.ReadFile(f, tc.path); !errors.As(err, &refused) {
				t.Errorf("ReadFile: %v", err)
			}
			if _, err := f.Open(tc.path); !errors.As(err, &refused) {
				t.Errorf("Open: %v", err)
			}
			if _, err := fs.Stat(f, tc.path); !errors.As(err, &refused) {
				t.Errorf("Stat: %v", err)
			}
		})
	}
	if got, err := fs.ReadFile(tree(t, r, commitOf(t, dir, nest(32))), strings.Repeat("d/", 32)+"f"); err != nil || string(got) != "x" {
		t.Errorf("32 folders: %q, %v", got, err)
	}
	list, err := fs.ReadDir(tree(t, r, commitOf(t, dir, rawTree(t, dir, raw{"120000", "l", blob}, raw{"160000", "s", blob}))), ".")
	if err != nil || len(list) != 2 || list[0].Type() != fs.ModeSymlink || list[1].Type() != fs.ModeIrregular {
		t.Errorf("ReadDir shows %v, %v", list, err)
	}
}

// TestLstatDescribesWhatIsRefused: who lists a folder can say what stands there without opening it.
func TestLstatDescribesWhatIsRefused(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	blob := rawObject(t, dir, "blob", []byte("x"))
	large := rawObject(t, dir, "blob", make([]byte, PolicyLimits.Blob+1))
	f := tree(t, open(t, dir), commitOf(t, dir, rawTree(t, dir,
		raw{"100644", "big", large}, raw{"100644", "f", blob}, raw{"120000", "l", blob}, raw{"160000", "s", blob})))
	for name, want := range map[string]struct {
		mode fs.FileMode
		size int64
	}{"big": {0, PolicyLimits.Blob + 1}, "f": {0, 1}, "l": {fs.ModeSymlink, 0}, "s": {fs.ModeIrregular, 0}, ".": {fs.ModeDir, 0}} {
		info, err := fs.Lstat(f, name)
		if err != nil || info.Mode().Type() != want.mode || info.Size() != want.size {
			t.Errorf("%s: %v, %v", name, info, err)
		}
		if to, err := fs.ReadLink(f, name); err == nil {
			t.Errorf("%s leads to %q", name, to)
		}
	}
	if info, err := fs.Lstat(f, "l/x"); err == nil {
		t.Errorf("below a symlink: %v", info)
	}
}

// TestTreeBomb: ten folders of ten folders of … the same folder are 10^20 paths in 20 objects.
func TestTreeBomb(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	bomb := rawTree(t, dir, raw{"100644", "f", rawObject(t, dir, "blob", []byte("x"))})
	for range 20 {
		var entries []raw
		for i := range 10 {
			entries = append(entries, raw{"40000", fmt.Sprint(i), bomb})
		}
		bomb = rawTree(t, dir, entries...)
	}
	f, err := r.tree(commitOf(t, dir, bomb), Limits{Blob: 1 << 20, Total: 1 << 20, Depth: 32})
	if err != nil {
		t.Fatal(err)
	}
	var refused *RefusedError
	err = fs.WalkDir(f, ".", func(_ string, _ fs.DirEntry, err error) error { return err })
	if !errors.As(err, &refused) {
		t.Errorf("walked to the end: %v", err)
	}
}

func loosePath(dir, hash string) string {
	return filepath.Join(dir, ".git", "objects", hash[:2], hash[2:])
}

func replaceObject(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
