package load_test

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/policies"
)

// repository is the scaffold with other files in it.
func repository(t *testing.T, more map[string]string) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(policies.Scaffold(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(policies.Scaffold(), name)
		out[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range more {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func overlay(t *testing.T, repo fs.FS) *load.Overlay {
	t.Helper()
	o, list := load.NewOverlay(repo)
	if len(list) > 0 {
		t.Fatal(list)
	}
	return o
}

// TestTogetherIsAlone: a tenant that is loaded with others has the values that it has alone, and one with a mistake is
// left out.
func TestTogetherIsAlone(t *testing.T) {
	repo := repository(t, map[string]string{"tenants/zz/tenant.cue": "package zz\n\ntenant: zz: {"})
	o := overlay(t, repo)
	programs := load.Together(repo, o, []string{"acme", "msp-lab", "zz"})
	if len(programs) != 2 || programs["zz"] != nil {
		t.Fatalf("loaded %v", programs)
	}
	for name, p := range programs {
		alone, list := load.New(repo, o, name).LoadTenant()
		if len(list) > 0 || !p.Build() {
			t.Fatal(name, list)
		}
		v := p.Value("tenant", name, "timezone")
		if w := alone.Value("tenant", name, "timezone"); v.Validate(cue.Concrete(true)) != nil || !v.Equals(w) {
			t.Errorf("%s: %v together, %v alone", name, v, w)
		}
	}
}

// TestOutOfSight: no other tenant's folder is there, whatever asks for it, and a link is refused with a diagnostic.
func TestOutOfSight(t *testing.T) {
	repo := repository(t, nil)
	repo["tenants/acme/link.cue"] = &fstest.MapFile{Data: []byte("tenant.cue"), Mode: fs.ModeSymlink}
	tree := load.New(repo, overlay(t, repo), "acme")
	if _, err := tree.ReadFile("tenants/msp-lab/tenant.cue"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := tree.ReadFile("tenants/acme/link.cue"); !errors.Is(err, load.ErrRefused) {
		t.Error(err)
	}
	if list := tree.Refused(); len(list) != 1 || list[0].Code != diag.RefusedFile || list[0].Range.File != "tenants/acme/link.cue" {
		t.Error(list)
	}
}

// TestTheSchemaIsThisBinarys: what a repository says of ringfence.dev counts for nothing.
func TestTheSchemaIsThisBinarys(t *testing.T) {
	repo := repository(t, map[string]string{".ringfence-schema/policy/tenant.cue": "package policy\n\n#Tenant: _\n"})
	p, list := load.New(repo, overlay(t, repo), "acme").LoadTenant()
	if len(list) > 0 {
		t.Fatal(list)
	}
	if v := p.Definition("#Tenant"); v.Allows(cue.Str("nonsense")) {
		t.Error("the repository's copy of the schema was loaded")
	}
}
