//go:build linux

package lab

import (
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) { Main(m) }

// up brings up hosts for one test.
func up(t *testing.T, hosts int) *Lab {
	t.Helper()
	Require(t)
	start := time.Now()
	l, err := Up(t.Context(), Config{Hosts: hosts})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d hosts up in %v", hosts, time.Since(start).Round(time.Millisecond))
	t.Cleanup(func() {
		if err := l.Down(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func one(t *testing.T) *Host { return up(t, 1).Host(1) }

// must runs a line of shell on the host that has to succeed.
func must(t *testing.T, h *Host, script string) string {
	t.Helper()
	out, err := h.Shell(t.Context(), script)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fails runs a line of shell that has to end with code and say each of words.
func fails(t *testing.T, h *Host, code int, script string, words ...string) {
	t.Helper()
	out, err := h.Shell(t.Context(), script)
	failed, ok := err.(*RunError)
	if !ok || failed.Code != code {
		t.Errorf("%s: %v, want exit %d\n%s", script, err, code, out)
	}
	for _, w := range words {
		if !strings.Contains(out, w) {
			t.Errorf("%s: does not say %q:\n%s", script, w, out)
		}
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const (
	aptUpdate  = "apt-get update --error-on=any"
	aptUpgrade = "DEBIAN_FRONTEND=noninteractive apt-get -y dist-upgrade"
)

func TestFiveHostsAreSeparateMachines(t *testing.T) {
	l := up(t, 5)
	seen := map[string]string{}
	for _, h := range l.Hosts() {
		for _, file := range []string{"/etc/machine-id", "/proc/sys/kernel/random/boot_id", "/etc/hostname", "/etc/ssh/ssh_host_ed25519_key.pub"} {
			text := must(t, h, "cat "+file)
			if other, dup := seen[text]; dup {
				t.Errorf("%s and %s share %s", other, h.Name, file)
			}
			seen[text] = h.Name
		}
	}
	must(t, l.Host(1), "apt-mark hold tzdata")
	if out := must(t, l.Host(2), "apt-mark showhold"); out != "" {
		t.Errorf("hold leaked to another host: %s", out)
	}
}

func TestResetForgets(t *testing.T) {
	h := one(t)
	key, before := h.HostKey(), must(t, h, "dpkg-query -W")
	ok(t, h.AddSuite("lab-good"))
	ok(t, h.InstallOld(t.Context(), "lab-good"))
	ok(t, h.Reset(t.Context()))
	if after := must(t, h, "dpkg-query -W"); after != before {
		t.Errorf("packages after reset:\n%s", after)
	}
	if h.HostKey() != key {
		t.Error("another host key after reset")
	}
}

// TestFolderIsNotReused: the name of a lab's network is free before its folder is gone.
func TestFolderIsNotReused(t *testing.T) {
	Require(t)
	l, err := Up(t.Context(), Config{Hosts: 1})
	ok(t, err)
	bridge, dir := l.net.bridge, l.dir
	ok(t, l.Down())
	if next := up(t, 1); next.net.bridge == bridge && next.dir == dir {
		t.Errorf("%s is the next lab's folder too", dir)
	}
}

func TestTwoLabsAtOnce(t *testing.T) {
	a, b := one(t), one(t)
	if a.Addr == b.Addr {
		t.Errorf("both have %s", a.Addr)
	}
	must(t, a, aptUpdate)
	must(t, b, aptUpdate)
}
