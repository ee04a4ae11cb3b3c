package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/providers/plugin"
	"github.com/ringfence/ringfence/providers/providertest"
)

// TestMain makes the test binary the provider's program.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "provider" {
		main()
	}
	os.Exit(m.Run())
}

// fleet is a copy of the example's fleet.
func fleet(t *testing.T) map[string]string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "fleet")
	if err := os.CopyFS(dir, os.DirFS("policy/fleet")); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"fleet": dir}
}

func world(p providers.Provider) providertest.World {
	return providertest.World{
		Provider: p, At: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
		Missing: providers.HostRef{Tenant: "lab", Name: "flat-1"}, Unreachable: providers.HostRef{Tenant: "lab", Name: "flat-3"},
	}
}

// TestContract: the suite that every provider must pass, in this process.
func TestContract(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.World {
		p := &flatfile{}
		if err := p.Configure(t.Context(), fleet(t)); err != nil {
			t.Fatal(err)
		}
		return world(p)
	})
}

// TestContractAcrossProcesses: the same through the plugin process, as the core runs it.
func TestContractAcrossProcesses(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.World {
		c, err := plugin.Start(t.Context(), plugin.Spec{Name: "flatfile", Path: os.Args[0], Args: []string{"provider"}, Config: fleet(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return world(c)
	})
}

// TestWithRingfence does what docs/providers.md tells a reader to do.
func TestWithRingfence(t *testing.T) {
	r := newRepository(t)
	r.exits(10, "scan") // not pinned yet
	r.exits(0, "provider", "lock", "flatfile")
	r.git("add", "--all")
	r.git("-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "Try flatfile")
	r.says(r.exits(0, "scan"), "lab: 2 of 3 hosts scanned, 5 missing updates (4 security, 0 held); 1 unreachable")
	r.says(r.exits(0, "plan", "-out", "plan.json"), "5 missing updates on 3 hosts: 4 planned, 1 waiting")
	r.says(r.exits(0, "apply", "plan.json"), "lab: 2 hosts patched, 0 failed")
	if raw, err := os.ReadFile(filepath.Join(r.dir, "fleet/hosts/lab/flat-1/packages/editor")); string(raw) != "2.1\n" {
		t.Errorf("editor is at %q, %v", raw, err)
	}
	r.says(r.exits(0, "scan"), "1 missing update")

	program := filepath.Join(r.dir, "bin", "flatfile")
	f, err := os.OpenFile(program, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("one byte more")
	if f.Close(); err != nil {
		t.Fatal(err)
	}
	r.exits(10, "scan") // another program than the one that was reviewed
}

type repository struct {
	*testing.T
	dir, ringfence string
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	r := &repository{t, filepath.Join(t.TempDir(), "policy"), filepath.Join(t.TempDir(), "ringfence")}
	if err := os.CopyFS(r.dir, os.DirFS("policy")); err != nil {
		t.Fatal(err)
	}
	r.command("", "go", "build", "-o", r.ringfence, "../../cmd/ringfence")
	r.command("", "go", "build", "-o", filepath.Join(r.dir, "bin", "flatfile"), ".")
	r.git("init", "--quiet", "--initial-branch=main")
	r.git("add", "--all")
	r.git("-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "Begin")
	return r
}

func (r *repository) git(args ...string) { r.Helper(); r.command(r.dir, "git", args...) }

func (r *repository) command(dir, name string, args ...string) {
	r.Helper()
	cmd := exec.CommandContext(r.Context(), name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		r.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func (r *repository) exits(want int, args ...string) string {
	r.Helper()
	cmd := exec.CommandContext(r.Context(), r.ringfence, args...)
	cmd.Dir = r.dir
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != want {
		r.Fatalf("ringfence %s: exit %d, want %d\n%s", strings.Join(args, " "), got, want, out)
	}
	return string(out)
}

func (r *repository) says(out, want string) {
	r.Helper()
	if !strings.Contains(out, want) {
		r.Errorf("%q is not in\n%s", want, out)
	}
}
