//go:build linux

package lab

import (
	"strings"
	"testing"
)

func TestControl(t *testing.T) {
	l := up(t, 1)
	addr, err := l.Control(t.Context())
	ok(t, err)
	ask := func(line string) string {
		t.Helper()
		out, err := Ask(addr, strings.Fields(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		return out
	}
	before := l.Host(1).BootID()
	ask("reboot h1")
	if l.Host(1).BootID() == before {
		t.Error("no reboot")
	}
	ask("install-old h1 lab-conffile")
	ask("edit-conffile h1")
	ask("lock h1 1")
	ask("mirror status 503 .deb")
	ask("mirror replace bookworm-security security-expired")
	ask("disk-full h1")
	ask("disk-free h1")
	if v := ask("version h1 lab-conffile"); v != "1.0" {
		t.Errorf("version %q", v)
	}
	for _, line := range []string{"fly h1", "hold h9 tzdata", "hold h1", "mirror", "stop"} {
		if out, err := Ask(addr, strings.Fields(line)); err == nil {
			t.Errorf("%s: %q, want an error", line, out)
		}
	}
}
