//go:build linux

package e2e

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/internal/demo"
	"github.com/ringfence/ringfence/internal/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

// world is one lab with a policy repository beside it and the real program.
type world struct {
	*testing.T
	*lab.Lab
	binary, dir string
	out         string // what the last command printed, both streams
}

// newWorld brings up the lab. tiers names each host's tenant and tier: "acme/pilot".
func newWorld(t *testing.T, tiers ...string) *world {
	t.Helper()
	lab.Require(t)
	l, err := lab.Up(context.Background(), lab.Config{Hosts: len(tiers)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Down(); err != nil {
			t.Error(err)
		}
	})
	w := &world{T: t, Lab: l, binary: build(t), dir: filepath.Join(t.TempDir(), "policy")}
	w.must("init", w.dir)
	var hosts []demo.Host
	for i, h := range l.Hosts() {
		tenant, tier, _ := strings.Cut(tiers[i], "/")
		hosts = append(hosts, demo.Host{Tenant: tenant, Name: h.Name, Address: strings.TrimSuffix(h.Addr, ":22"), Tier: tier})
	}
	w.check(demo.RealFleet("patch", l.KnownHosts(), hosts).Write(w.dir))
	w.check(os.Remove(filepath.Join(w.dir, "tests", "acme.cue"))) // its scenarios name the scaffold's hosts
	return w
}

// build makes the real program once per test binary.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ringfence")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/ringfence/ringfence/cmd/ringfence").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// replace edits a file of the policy; the text must be there.
func (w *world) replace(path, old, with string) {
	w.Helper()
	path = filepath.Join(w.dir, path)
	raw, err := os.ReadFile(path)
	w.check(err)
	if !strings.Contains(string(raw), old) {
		w.Fatalf("%s does not contain %q", path, old)
	}
	w.check(os.WriteFile(path, []byte(strings.ReplaceAll(string(raw), old, with)), 0o644))
}

func (w *world) commit() {
	w.Helper()
	w.git("add", "--all")
	w.git("-c", "user.name=Test", "-c", "user.email=test@localhost", "commit", "-qm", "change")
}

func (w *world) git(args ...string) string {
	w.Helper()
	c := exec.Command("git", args...)
	c.Dir = w.dir
	out, err := c.CombinedOutput()
	if err != nil {
		w.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// exits runs the program and compares its exit code.
func (w *world) exits(code int, args ...string) {
	w.Helper()
	c := exec.Command(w.binary, args...)
	if _, err := os.Stat(w.dir); err == nil {
		c.Dir = w.dir
	}
	c.Env = append(os.Environ(), "RINGFENCE_SSH_KEY="+w.ClientKey())
	out, err := c.CombinedOutput()
	w.out = string(out)
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		w.Fatal(err)
	}
	if got := c.ProcessState.ExitCode(); got != code {
		w.Fatalf("ringfence %s: exit %d, expected %d\n%s", strings.Join(args, " "), got, code, out)
	}
}

func (w *world) must(args ...string) { w.Helper(); w.exits(0, args...) }

// says checks what the last command printed.
func (w *world) says(texts ...string) {
	w.Helper()
	for _, s := range texts {
		if !strings.Contains(w.out, s) {
			w.Fatalf("expected %q in:\n%s", s, w.out)
		}
	}
}

func (w *world) version(host int, pkg string) string {
	w.Helper()
	v, err := w.Host(host).DpkgVersion(context.Background(), pkg)
	w.check(err)
	return v
}
