package repository_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/repository"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func paths(list []repository.File) (out []string) {
	for _, f := range list {
		out = append(out, f.Path)
	}
	return out
}

var tree = fstest.MapFS{
	"baseline/b.cue": file("b"), "baseline/r.rego": file("r"), "baseline/r_test.rego": file("r"), "baseline/deep/r.rego": file("r"),
	"cue.mod/module.cue": file("m"), "cue.mod/LICENSE": file("l"), ".git/x.cue": file("x"), "README.md": file("text"), "docs/a.md": file("a"),
	"tenants/a/t.cue": file("t"), "tenants/a/.put-aside": file("p"), "tenants/b/t.cue": file("t"), "tenants/stray.cue": file("s"),
	"link.cue": {Data: []byte("/etc/passwd"), Mode: fs.ModeSymlink},
}

// TestWhoSeesWhat: what tenants share has no tenant's file in it, and a tenant's files are its folder.
func TestWhoSeesWhat(t *testing.T) {
	shared, err := repository.Shared(tree)
	want := []string{"baseline", "baseline/b.cue", "baseline/r.rego", "cue.mod", "cue.mod/LICENSE", "cue.mod/module.cue", "link.cue", "tenants", "tenants/stray.cue"}
	if got := paths(shared); err != nil || !slices.Equal(got, want) {
		t.Errorf("shared: %q, %v", got, err)
	}
	for _, f := range shared {
		if f.Mode&fs.ModeSymlink != 0 && f.Data != nil {
			t.Errorf("%s was followed: %q", f.Path, f.Data)
		}
	}
	own, err := repository.OfTenant(tree, "a")
	if got := paths(own); err != nil || !slices.Equal(got, []string{"tenants/a", "tenants/a/.put-aside", "tenants/a/t.cue"}) {
		t.Errorf("of a tenant: %q, %v", got, err)
	}
	if gone, err := repository.OfTenant(tree, "gone"); err != nil || len(gone) != 1 || gone[0].Fault == "" {
		t.Errorf("of no tenant: %+v, %v", gone, err)
	}
}

// TestTooDeep: a folder within too many others ends the walk, and the diagnostic names it.
func TestTooDeep(t *testing.T) {
	deep := strings.Repeat("d/", repository.MaxDepth+1) + "x.cue"
	_, err := repository.Shared(fstest.MapFS{deep: file("x")})
	if err == nil {
		t.Fatal("nothing is too deep")
	}
	if d := repository.TooMuch(".", err); d.Code != diag.RefusedFile || d.Range.File == "." || !strings.Contains(d.Summary, "32 folders") {
		t.Errorf("%+v", d)
	}
}

// TestFilesAreTheTree: who has only the files sees of them what the repository showed.
func TestFilesAreTheTree(t *testing.T) {
	own, err := repository.OfTenant(tree, "a")
	if err != nil {
		t.Fatal(err)
	}
	f := repository.NewFS(nil).Joined(own)
	var seen []string
	err = fs.WalkDir(f, ".", func(name string, _ fs.DirEntry, err error) error {
		seen = append(seen, name)
		return err
	})
	if err != nil || !slices.Equal(seen, []string{".", "tenants", "tenants/a", "tenants/a/.put-aside", "tenants/a/t.cue"}) {
		t.Errorf("%q, %v", seen, err)
	}
	if data, err := f.ReadFile("tenants/a/t.cue"); err != nil || string(data) != "t" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := f.ReadFile("tenants/b/t.cue"); err == nil {
		t.Error("another tenant's file is in sight")
	}
}

func TestTenantNames(t *testing.T) {
	for name, want := range map[string]bool{"acme": true, "a-1": true, "Acme": false, "-a": false, "a.b": false, "": false, strings.Repeat("a", 64): false} {
		if got := repository.IsTenantName(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
