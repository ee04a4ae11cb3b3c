package policies_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cuelang.org/go/cmd/cue/cmd"

	"github.com/ringfence/ringfence/policies"
)

// TestMain lets this binary be the cue program: vet then needs nothing that the module does not have.
func TestMain(m *testing.M) {
	if os.Getenv("RINGFENCE_TEST_CUE") != "" {
		os.Exit(cmd.Main())
	}
	os.Exit(m.Run())
}

// TestPlainCueAgrees: the tree that init writes is right also for those who only have cue, and without a network.
func TestPlainCueAgrees(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, policies.Scaffold()); err != nil {
		t.Fatal(err)
	}
	if out, err := cue(t, dir, "vet", "-c", "./..."); err != nil {
		t.Errorf("cue vet: %v\n%s", err, out)
	}
	if out, err := cue(t, dir, "fmt", "--check", "./..."); err != nil {
		t.Errorf("cue fmt: %v\n%s", err, out)
	}
}

// TestPlainCueObjects: the same tree with a misspelt field is wrong, so that the test above can fail.
func TestPlainCueObjects(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, policies.Scaffold()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "tenants/acme/tenant.cue")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "maxUnavailable", "maxUnavailible", 1))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := cue(t, dir, "vet", "-c", "./...")
	if err == nil || !strings.Contains(out, "maxUnavailible: field not allowed") || !strings.Contains(out, "tenants/acme/tenant.cue:22:4") {
		t.Errorf("cue vet: %v\n%s", err, out)
	}
}

func cue(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, args...)
	c.Dir = dir
	c.Env = []string{"RINGFENCE_TEST_CUE=1", "CUE_REGISTRY=none", "HOME=" + dir, "CUE_CACHE_DIR=" + filepath.Join(t.TempDir(), "cache")}
	out, err := c.CombinedOutput()
	return string(out), err
}

// TestScaffoldHasNoSurprises: every file is small, regular and named as in the repository that it becomes.
func TestScaffoldHasNoSurprises(t *testing.T) {
	must := map[string]bool{
		"cue.mod/module.cue": true, "cue.mod/local-module.cue": true, "schema/policy/tenant.cue": true, "ringfence.cue": true,
		"baseline/baseline.cue": true, "tenants/acme/hosts.yaml": true, ".gitignore": true, ".github/CODEOWNERS": true,
		".github/workflows/ringfence.yml": true, "tests/acme.cue": true, "trust/README.md": true,
	}
	err := fs.WalkDir(policies.Scaffold(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		delete(must, name)
		info, err := d.Info()
		if err == nil && (!info.Mode().IsRegular() || info.Size() == 0 || info.Size() > 64<<10) {
			t.Errorf("%s: %v, %d bytes", name, info.Mode(), info.Size())
		}
		return err
	})
	if err != nil || len(must) > 0 {
		t.Errorf("missing %v: %v", must, err)
	}
}
