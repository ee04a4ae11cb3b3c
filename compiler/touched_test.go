package compiler_test

import (
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/ringfence/ringfence/compiler"
)

// digested is a tree that knows digests of folders and must not be asked for what is in them.
type digested struct {
	fstest.MapFS
	digests map[string]string
}

func (d digested) DirDigest(name string) (string, bool) {
	digest, ok := d.digests[name]
	return digest, ok
}

// TestTouched: a tenant is left out only if nothing that it can read differs.
func TestTouched(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	tree := func(change func(fstest.MapFS)) fs.FS {
		m := fstest.MapFS{
			"tenants/a/tenant.cue": file("a"), "tenants/b/tenant.cue": file("b"), "tenants/b/hosts.yaml": file("hosts"),
			"baseline/baseline.cue": file("base"), "baseline/deny.rego": file("deny"), "README.md": file("text"), "trust/known_hosts": file("key"),
		}
		change(m)
		return m
	}
	for name, c := range map[string]struct {
		change func(fstest.MapFS)
		want   []string
	}{
		"nothing":           {func(fstest.MapFS) {}, nil},
		"one tenant":        {func(m fstest.MapFS) { m["tenants/a/tenant.cue"] = file("A") }, []string{"a"}},
		"hosts":             {func(m fstest.MapFS) { m["tenants/b/hosts.yaml"] = file("more") }, []string{"b"}},
		"a tenant more":     {func(m fstest.MapFS) { m["tenants/c/tenant.cue"] = file("c") }, []string{"c"}},
		"a tenant less":     {func(m fstest.MapFS) { delete(m, "tenants/a/tenant.cue") }, []string{"a"}},
		"baseline":          {func(m fstest.MapFS) { m["baseline/baseline.cue"] = file("BASE") }, []string{"a", "b"}},
		"baseline's rules":  {func(m fstest.MapFS) { m["baseline/deny.rego"] = file("DENY") }, []string{"a", "b"}},
		"what no one reads": {func(m fstest.MapFS) { m["README.md"] = file("TEXT") }, nil},
	} {
		got, err := compiler.Touched(tree(func(fstest.MapFS) {}), tree(c.change))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.want)
		}
	}
	base := digested{fstest.MapFS{"tenants/a": {Mode: fs.ModeDir}, "tenants/b": {Mode: fs.ModeDir}}, map[string]string{"tenants/a": "1", "tenants/b": "2"}}
	head := digested{base.MapFS, map[string]string{"tenants/a": "1", "tenants/b": "3"}}
	if got, err := compiler.Touched(base, head); err != nil || !slices.Equal(got, []string{"b"}) {
		t.Errorf("by digests: %v, %v", got, err)
	}
}
