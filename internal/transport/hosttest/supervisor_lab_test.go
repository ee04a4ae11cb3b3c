//go:build linux

package hosttest

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/lab"
	"github.com/ringfence/ringfence/internal/transport"
	"github.com/ringfence/ringfence/providers"
)

var upgrade = []string{"env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-o", "Dpkg::Use-Pty=true", "dist-upgrade"}

// pending gives the host its four genuine updates and the one named, whose postinst is the moment to act.
func pending(t *testing.T, h *lab.Host, suite string) {
	t.Helper()
	ok(t, h.InstallOld(t.Context(), suite))
	ok(t, h.AddSuite(suite))
	must(t, h, "apt-get -qq update; : >/var/log/dpkg.log")
}

// until waits for a process on the host.
func until(t *testing.T, h *lab.Host, pattern string) {
	t.Helper()
	must(t, h, "until pgrep -f '"+pattern+"' >/dev/null; do sleep 0.05; done")
}

// TestAnUpgradeOutlivesItsConnection cuts the connection in the middle of a real upgrade. It goes on to its end, the
// host says so to whoever asks next, and nothing makes it run twice.
func TestAnUpgradeOutlivesItsConnection(t *testing.T) {
	l := up(t, 3)
	for i, tt := range []struct {
		name, suite string
		cut, mend   func(*lab.Host) error
	}{
		{"the link is down", "lab-slow", (*lab.Host).NetDown, (*lab.Host).NetUp},
		{"the session is killed", "lab-slow", func(h *lab.Host) error { return h.DropSessions(t.Context()) }, nil},
		{"sshd is killed by the upgrade", "lab-killssh", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := l.Host(i + 1)
			pending(t, h, tt.suite)
			cut := make(chan error, 1)
			conn, suite := dial(t, l, h), strings.Replace(tt.suite, "-", "[-]", 1)
			go func() {
				_, err := h.Shell(t.Context(), "until pgrep -f '"+suite+".postinst'; do sleep 0.05; done")
				if err == nil && tt.cut != nil {
					err = tt.cut(h)
				}
				cut <- err
			}()
			a := action("sha256:"+strings.Repeat("0123456789abcdef", 4), 5)
			if _, err := run(t, conn, a, upgrade...); !errors.Is(err, providers.ErrLost) {
				t.Fatalf("got %v", err)
			}
			ok(t, <-cut)
			if tt.mend != nil {
				ok(t, tt.mend(h))
			}
			ok(t, h.WaitSSH(t.Context()))
			finished(t, l, h, a)
		})
	}
}

// finished expects of a new connection that the action ended well, and that it stays the only one.
func finished(t *testing.T, l *lab.Lab, h *lab.Host, a transport.Action) {
	t.Helper()
	conn := dial(t, l, h)
	st, err := transport.Ask(t.Context(), conn, a.ID)
	for ; err == nil && st.State == transport.StateRunning; st, err = transport.Ask(t.Context(), conn, a.ID) {
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil || st.State != transport.StateEnded || st.ExitCode != 0 || !strings.Contains(string(st.Log), "Setting up libexpat1") {
		t.Fatalf("got %s with %d, %v\n%s", st.State, st.ExitCode, err, st.Log)
	}
	if _, err := run(t, conn, a, upgrade...); !errors.Is(err, transport.ErrClaimed) {
		t.Errorf("a second start: %v", err)
	}
	if _, err := run(t, conn, action("older", a.Fence-1), upgrade...); !errors.Is(err, transport.ErrFenced) {
		t.Errorf("an older lease: %v", err)
	}
	if out, err := run(t, conn, action("newer", a.Fence+1), upgrade...); err != nil || !strings.Contains(string(out.Stdout), "0 upgraded, 0 newly installed, 0 to remove") {
		t.Errorf("a newer lease: %v\n%s", err, out.Stdout)
	}
	for _, pkg := range []string{"libexpat1", "liblzma5", "libpcre2-8-0", "tzdata"} {
		if n := must(t, h, "grep -c ' upgrade "+pkg+"' /var/log/dpkg.log"); n != "1" {
			t.Errorf("%s was upgraded %s times", pkg, n)
		}
	}
}

func TestARestartInTheMiddle(t *testing.T) {
	l := up(t, 2)
	for i, restart := range []func(*lab.Host) error{
		func(h *lab.Host) error { _, err := h.Run(t.Context(), "reboot"); return err },
		func(h *lab.Host) error { h.Stop(); return h.Start(t.Context()) },
	} {
		h := l.Host(i + 1)
		pending(t, h, "lab-slow")
		before := h.BootID()
		lost := make(chan error, 1)
		conn := dial(t, l, h)
		go func() {
			_, err := run(t, conn, action("a", 1), upgrade...)
			lost <- err
		}()
		until(t, h, "lab[-]slow.postinst")
		ok(t, restart(h))
		if err := <-lost; !errors.Is(err, providers.ErrLost) {
			t.Errorf("got %v", err)
		}
		ok(t, h.WaitReboot(t.Context(), before))
		again := dial(t, l, h)
		st, err := transport.Ask(t.Context(), again, "a")
		if err != nil || st.State != transport.StateLost || st.StartedAt.IsZero() || !strings.Contains(string(st.Log), "lab-slow: step 1") {
			t.Errorf("got %+v, %v", st, err)
		}
		if _, err := run(t, again, action("a", 1), upgrade...); !errors.Is(err, transport.ErrClaimed) {
			t.Errorf("a lost action was started again: %v", err)
		}
	}
}

// TestManyRunnersOfOneHost starts one action over several connections at once.
func TestManyRunnersOfOneHost(t *testing.T) {
	l := up(t, 1)
	h := l.Host(1)
	var all sync.WaitGroup
	errs := make(chan error, 8)
	for range cap(errs) {
		conn := dial(t, l, h)
		all.Go(func() {
			_, err := run(t, conn, action("a", 1), "sh", "-c", "printf x >>/root/ran; sleep 1")
			errs <- err
		})
	}
	all.Wait()
	close(errs)
	won := 0
	for err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, transport.ErrClaimed) {
			t.Error(err)
		}
	}
	if ran := must(t, h, "cat /root/ran"); won != 1 || ran != "x" {
		t.Errorf("%d won, it ran %q", won, ran)
	}
}

func TestTheStateOnTheHost(t *testing.T) {
	l := up(t, 1)
	h := l.Host(1)
	conn := dial(t, l, h)
	for _, id := range []string{"old", "young"} {
		_, err := run(t, conn, action(id, 3), "echo", id)
		ok(t, err)
	}
	if mode := must(t, h, "stat -c '%a %U' /var/lib/ringfence /var/lib/ringfence/actions/old"); mode != "700 root\n700 root" {
		t.Errorf("modes are %q", mode)
	}
	if out, err := h.SSH(t.Context(), "patch", "ls /var/lib/ringfence"); err == nil {
		t.Errorf("a user may read %s", out)
	}
	must(t, h, "touch -d '40 days ago' /var/lib/ringfence/actions/old/status")
	_, err := run(t, conn, action("next", 3), "true")
	ok(t, err)
	if left := must(t, h, "ls -A /var/lib/ringfence/actions"); left != "next\nyoung" {
		t.Errorf("left are %q", left)
	}
}

// TestAFullDisk lets a command fill the disk on which its own outcome must be written.
func TestAFullDisk(t *testing.T) {
	l := up(t, 1)
	h := l.Host(1)
	conn := dial(t, l, h)
	must(t, h, "mkdir -m 700 /var/lib/ringfence && mount -t tmpfs -o size=400k,mode=700 state /var/lib/ringfence")
	out, err := run(t, conn, action("a", 1), "sh", "-c", "dd if=/dev/zero of=/var/lib/ringfence/full bs=1k; echo full; exit 9")
	if err != nil || out.ExitCode != 9 {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := run(t, conn, action("b", 1), "true"); !errors.Is(err, transport.ErrUnsupervised) {
		t.Errorf("a start without room: %v", err)
	}
	must(t, h, "rm /var/lib/ringfence/full")
	if st, err := transport.Ask(t.Context(), conn, "b"); err != nil || st.State != transport.StateNone {
		t.Errorf("what could not be claimed is %s, %v", st.State, err)
	}
	_, err = run(t, conn, action("b", 1), "true")
	ok(t, err)
}

// TestATransientUnit stands in for systemd, which the lab's hosts do not run: it shows how the unit is asked for, that
// the command runs in an environment as bare as a unit's, and what happens when the unit cannot be made. That a real
// systemd keeps the unit alive is not shown here.
func TestATransientUnit(t *testing.T) {
	l := up(t, 1)
	h := l.Host(1)
	conn := dial(t, l, h)
	must(t, h, `mkdir -p /run/systemd/system; cat >/usr/local/bin/systemd-run <<'END'
#!/bin/bash
printf '%s\n' "$@" >/root/asked
while [[ $1 == --* ]]; do [[ $1 == --setenv=* ]] && set_env+=("${1#--setenv=}"); shift; done
env -i "${set_env[@]}" setsid "$@" 9>&- &
END
chmod +x /usr/local/bin/systemd-run`)
	out, err := run(t, conn, action("a", 1), "sh", "-c", "env | sort | cut -d= -f1; ps -o sid= $$ | tr -d ' ' >/root/sid")
	if err != nil || !strings.HasPrefix(string(out.Stdout), "HOME\n") || strings.Contains(string(out.Stdout), "SUDO_USER") {
		t.Errorf("%+v, %v", out, err)
	}
	asked := strings.Split(must(t, h, "cat /root/asked"), "\n")
	for i, want := range []string{"--quiet", "--collect", "--no-block", "--unit=ringfence-a", "--property=KillMode=process"} {
		if asked[i] != want {
			t.Errorf("systemd-run was asked for %q, want %q", asked[i], want)
		}
	}
	must(t, h, "printf '#!/bin/sh\necho >>/root/failed\nexit 1\n' >/usr/local/bin/systemd-run")
	if out, err := run(t, conn, action("b", 1), "echo", "there"); err != nil || string(out.Stdout) != "there\n" {
		t.Errorf("%+v, %v", out, err)
	}
	must(t, h, "test -e /root/failed")
}
