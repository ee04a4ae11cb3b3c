//go:build linux

package lab

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// sessionCut is how ssh exits when the host goes down before it said how the command ended.
const sessionCut = 255

func TestReboot(t *testing.T) {
	t.Parallel()
	h := one(t)
	ctx := t.Context()
	for _, command := range []string{"reboot", "shutdown -r now", "systemctl reboot"} {
		before := h.BootID()
		if seen := strings.TrimSpace(must(t, h, "cat /proc/sys/kernel/random/boot_id")); seen != before {
			t.Errorf("boot id %s, want %s", seen, before)
		}
		must(t, h, "touch /run/reboot-required /var/tmp/kept")
		var failed *RunError
		if out, err := h.SSH(ctx, "patch", "sudo -n "+command); err != nil && !(errors.As(err, &failed) && failed.Code == sessionCut) {
			t.Fatal(out, err)
		}
		ok(t, h.WaitReboot(ctx, before))
		must(t, h, "test ! -e /run/reboot-required && test -e /var/tmp/kept")
		if seen := strings.TrimSpace(must(t, h, "cat /proc/sys/kernel/random/boot_id")); seen == before || seen != h.BootID() {
			t.Errorf("%s: boot id %s after %s", command, seen, before)
		}
		if _, err := h.SSH(ctx, "root", "true"); err != nil {
			t.Error(err)
		}
	}
	fails(t, h, 1, "systemctl status", "not been booted with systemd")
}

func TestStopAndStart(t *testing.T) {
	t.Parallel()
	h := one(t)
	ctx := t.Context()
	first := h.BootID()
	h.Stop()
	if h.Running() || h.BootID() != "" {
		t.Error("running after Stop")
	}
	if _, err := h.Run(ctx, "true"); !errors.Is(err, errOff) {
		t.Errorf("run while off: %v", err)
	}
	if _, err := h.SSH(ctx, "root", "true"); err == nil {
		t.Error("ssh to a host that is off")
	}
	ok(t, h.Start(ctx))
	if h.BootID() == first {
		t.Error("same boot id after power cut")
	}
	must(t, h, "poweroff")
	for start := time.Now(); h.Running(); time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatal("still on after poweroff")
		}
	}
	ok(t, h.Start(ctx))
	must(t, h, "true")
}

func TestNetDown(t *testing.T) {
	t.Parallel()
	h := one(t)
	ok(t, h.NetDown())
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if out, err := h.SSH(ctx, "root", "true"); err == nil {
		t.Error("ssh over a cut link", out)
	}
	fails(t, h, 100, aptUpdate)
	ok(t, h.NetUp())
	ok(t, h.WaitSSH(t.Context()))
}

func TestRunIsBoundedInTime(t *testing.T) {
	h := one(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := h.Run(ctx, "sleep", "1000"); err == nil {
		t.Error("it ended by itself")
	}
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) { // until somebody collects what was killed
		out, _ := h.Shell(t.Context(), "pgrep sleep")
		if out == "" {
			return
		}
		if time.Since(start) > patience {
			t.Fatalf("sleep survived as %s", out)
		}
	}
}
