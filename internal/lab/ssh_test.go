//go:build linux

package lab

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestUsers(t *testing.T) {
	h := one(t)
	for user, want := range map[string]string{"root": "0", "patch": "1000"} {
		out, err := h.SSH(t.Context(), user, "id -u; sudo -n id -u")
		if err != nil || out != want+"\n0\n" {
			t.Errorf("%s: %q, %v", user, out, err)
		}
	}
	if out, err := h.SSH(t.Context(), "patch", "cat /etc/shadow"); err == nil {
		t.Errorf("patch reads shadow: %s", out)
	}
}

func TestChangedHostKeyIsRefused(t *testing.T) {
	l := up(t, 1)
	h := l.Host(1)
	before := l.KnownHosts()
	ok(t, h.NewHostKey(t.Context()))
	if _, err := h.SSH(t.Context(), "root", "true"); err == nil {
		t.Error("ssh takes a host key that changed")
	}
	if l.KnownHosts() == before {
		t.Error("KnownHosts does not follow")
	}
	known := filepath.Join(t.TempDir(), "known_hosts")
	ok(t, os.WriteFile(known, []byte(l.KnownHosts()), 0o600))
	out, err := exec.Command("ssh", "-n", "-F", l.SSHConfig(), "-o", "UserKnownHostsFile="+known, "h1", "hostname").CombinedOutput()
	if err != nil || string(out) != "h1\n" {
		t.Errorf("%s %v", out, err)
	}
}

// TestLostSession keeps the trap that makes an answer of ssh worthless: the client fails, the work goes on.
func TestLostSession(t *testing.T) {
	t.Parallel()
	h := one(t)
	ok(t, h.InstallOld(t.Context(), "lab-slow"))
	ok(t, h.AddSuite("lab-slow"))
	must(t, h, aptUpdate)
	failed := make(chan error)
	go func() {
		_, err := h.SSH(t.Context(), "patch", "sudo -n apt-get -y install lab-slow")
		failed <- err
	}()
	for !strings.Contains(must(t, h, "ps -e -o args"), "lab-slow.postinst") {
		time.Sleep(50 * time.Millisecond)
	}
	ok(t, h.DropSessions(t.Context()))
	if err := <-failed; err == nil {
		t.Error("the client did not notice")
	}
	must(t, h, "apt-get -y -o DPkg::Lock::Timeout=20 install -f")
	if state, err := h.DpkgState(t.Context(), "lab-slow"); err != nil || state != "installed" {
		t.Errorf("lab-slow is %s, %v", state, err)
	}
}
