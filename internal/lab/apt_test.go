//go:build linux

package lab

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPendingAreTheFourRealUpdates(t *testing.T) {
	h := one(t)
	out, err := h.SSH(t.Context(), "patch", "sudo -n "+aptUpdate+" && apt-get -s dist-upgrade")
	ok(t, err)
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^Inst (\S+) \[(\S+)\] \((\S+) (\S+)`).FindAllStringSubmatch(out, -1) {
		names = append(names, m[1])
		if m[2] == m[3] || !strings.HasPrefix(m[4], "Debian-Security:") {
			t.Errorf("not a security update: %q", m[0])
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, pending) {
		t.Errorf("pending %q, want %q\n%s", names, pending, out)
	}
	must(t, h, aptUpgrade)
	if out := must(t, h, "apt-get -s dist-upgrade"); !strings.Contains(out, "0 upgraded, 0 newly installed") {
		t.Errorf("still pending:\n%s", out)
	}
}

// TestBadlySignedSuites keeps what package apt must defend against: after the failed aptUpdate, the simulation of an
// upgrade claims that nothing is to be done.
func TestBadlySignedSuites(t *testing.T) {
	h := one(t)
	ok(t, h.InstallOld(t.Context(), "lab-good"))
	says := map[string]string{"unsigned": " signed.", "wrongkey": "NO_PUBKEY", "expired": "is expired"}
	for how, word := range says {
		ok(t, h.AddSuite("lab-"+how))
		fails(t, h, 100, aptUpdate, word)
		if out := must(t, h, "apt-get -s dist-upgrade"); strings.Contains(out, "Inst lab-good") {
			t.Errorf("%s: apt would install from it:\n%s", how, out)
		}
		ok(t, h.RemoveSuite("lab-"+how))
	}
	must(t, h, aptUpdate)
	for how, word := range says {
		h.lab.Mirror.Replace("bookworm-security", "security-"+how)
		fails(t, h, 100, aptUpdate, word)
	}
	h.lab.Mirror.Replace("bookworm-security", "")
	must(t, h, aptUpdate)
}

func TestKeptBack(t *testing.T) {
	t.Parallel()
	h := one(t)
	for _, name := range []string{"lab-phased", "lab-newdep", "lab-held"} {
		ok(t, h.InstallOld(t.Context(), name))
		ok(t, h.AddSuite(name))
	}
	ok(t, h.Hold(t.Context(), "lab-held"))
	must(t, h, aptUpdate)
	out := must(t, h, "DEBIAN_FRONTEND=noninteractive apt-get -y upgrade")
	for _, name := range []string{"lab-phased", "lab-newdep", "lab-held"} {
		if v, err := h.DpkgVersion(t.Context(), name); err != nil || v != "1.0" {
			t.Errorf("%s is %s, %v", name, v, err)
		}
		if !strings.Contains(out, name) {
			t.Errorf("%s is not mentioned as kept back:\n%s", name, out)
		}
	}
	must(t, h, aptUpgrade)
	if v, _ := h.DpkgVersion(t.Context(), "lab-newlib"); v != "1.1" {
		t.Errorf("dist-upgrade left lab-newlib %q", v)
	}
}

func TestBrokenPackages(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, word, version, state string }{
		{"lab-badpost", "migration failed", "1.1", "half-configured"},
		{"lab-badpre", "refusing", "1.0", "installed"},
		{"lab-badhash", "Hash Sum mismatch", "1.0", "installed"},
		{"lab-gone", "404", "1.0", "installed"},
		{"lab-conffile", "conffile prompt", "1.1", "unpacked"},
	}
	l := up(t, 1)
	h := l.Host(1)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ok(t, h.Reset(t.Context()))
			ok(t, h.InstallOld(t.Context(), tt.name))
			ok(t, h.AddSuite(tt.name))
			if tt.name == "lab-conffile" {
				ok(t, h.EditConffile())
			}
			must(t, h, aptUpdate)
			fails(t, h, 100, "DEBIAN_FRONTEND=noninteractive apt-get -y install </dev/null "+tt.name, tt.word)
			version, err := h.DpkgVersion(t.Context(), tt.name)
			ok(t, err)
			state, err := h.DpkgState(t.Context(), tt.name)
			ok(t, err)
			if version != tt.version || state != tt.state {
				t.Errorf("%s is %s %s, want %s %s", tt.name, version, state, tt.version, tt.state)
			}
		})
	}
}

func TestPackagesThatSucceedOddly(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // what to check afterwards
		"lab-reboot":  "test -e /run/reboot-required && grep lab-reboot /run/reboot-required.pkgs",
		"lab-debconf": "grep keep /usr/share/lab-debconf/choice",
		"lab-remover": "! dpkg-query -W lab-victim 2>/dev/null | grep 1.0",
		"lab-killssh": "true",
		"lab-bugfix":  "true",
	}
	h := one(t)
	ok(t, h.InstallOld(t.Context(), "lab-victim"))
	for name, check := range tests {
		ok(t, h.InstallOld(t.Context(), name))
		ok(t, h.AddSuite(name))
		must(t, h, aptUpdate)
		must(t, h, aptUpgrade)
		must(t, h, check)
	}
	if v, _ := h.DpkgVersion(t.Context(), "lab-victim"); v != "" {
		t.Errorf("lab-victim %s survived", v)
	}
}

func TestLockedDatabase(t *testing.T) {
	t.Parallel()
	h := one(t)
	must(t, h, aptUpdate)
	release, err := h.LockDpkg(t.Context(), time.Minute)
	ok(t, err)
	fails(t, h, 100, aptUpgrade, "Could not get lock", "unattended-upgr")
	release()
	must(t, h, aptUpgrade)
	_, err = h.LockDpkg(t.Context(), time.Second)
	ok(t, err)
	must(t, h, "apt-get -y -o DPkg::Lock::Timeout=10 install --reinstall tzdata")
}

func TestInterruptedDpkg(t *testing.T) {
	t.Parallel()
	h := one(t)
	must(t, h, aptUpdate)
	ok(t, h.Interrupt(t.Context()))
	must(t, h, "apt-get -s dist-upgrade")
	fails(t, h, 100, aptUpgrade, "dpkg --configure -a")
	must(t, h, "dpkg --configure -a")
	must(t, h, aptUpgrade)
}

func TestFullDisk(t *testing.T) {
	h := one(t)
	must(t, h, aptUpdate)
	ok(t, h.DiskFull(t.Context(), ""))
	fails(t, h, 100, aptUpgrade, "enough free space")
	ok(t, h.DiskFree(t.Context(), ""))

	ok(t, h.InstallOld(t.Context(), "lab-big"))
	ok(t, h.AddSuite("lab-big"))
	ok(t, h.DiskFull(t.Context(), "/usr/share/lab-big"))
	must(t, h, aptUpdate)
	fails(t, h, 100, "apt-get -y install lab-big", "No space left on device")
}
