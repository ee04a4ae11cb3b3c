//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// AddSuite adds a suite of the mirror to the host's sources, on or off; see the README for their names.
func (h *Host) AddSuite(name string) error {
	if !exists(filepath.Join(h.lab.mirror, "dists", name)) {
		return fmt.Errorf("lab: the mirror has no suite %q", name)
	}
	line := fmt.Sprintf("deb [signed-by=%s] http://%s/ %s main\n", keyring, mirrorName, name)
	return put(h.source(name), []byte(line), 0o644)
}

// RemoveSuite takes it away again. The package lists apt has stay until its next update.
func (h *Host) RemoveSuite(name string) error { return os.Remove(h.source(name)) }

func (h *Host) source(suite string) string {
	return h.path("etc/apt/sources.list.d/" + suite + ".list")
}

// InstallOld installs the old version of a package of the mirror, without network or package lists.
func (h *Host) InstallOld(ctx context.Context, pkg string) error {
	_, err := h.installFile(ctx, "syn/"+pkg+"_1.0_*", "old/"+pkg+"_*")
	return err
}

// installFile hands the first file of the pool that matches to the host's dpkg.
func (h *Host) installFile(ctx context.Context, patterns ...string) (string, error) {
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(h.lab.mirror, "pool", p))
		if err != nil || found == nil {
			continue
		}
		data, err := os.ReadFile(found[0])
		if err != nil {
			return "", err
		}
		deb := "/var/tmp/" + filepath.Base(found[0])
		if err := put(h.path(deb), data, 0o644); err != nil {
			return "", err
		}
		defer os.Remove(h.path(deb))
		return h.Run(ctx, "dpkg", "--force-confdef", "--force-confold", "-i", deb)
	}
	return "", fmt.Errorf("lab: the mirror has no %s", strings.Join(patterns, " or "))
}

// Hold sets packages on hold.
func (h *Host) Hold(ctx context.Context, pkgs ...string) error { return h.mark(ctx, "hold", pkgs) }

// Unhold releases them.
func (h *Host) Unhold(ctx context.Context, pkgs ...string) error { return h.mark(ctx, "unhold", pkgs) }

func (h *Host) mark(ctx context.Context, how string, pkgs []string) error {
	_, err := h.Run(ctx, append([]string{"apt-mark", how}, pkgs...)...)
	return err
}

// DpkgVersion is the version in the host's dpkg database, or "" if there is none.
func (h *Host) DpkgVersion(ctx context.Context, pkg string) (string, error) {
	return h.query(ctx, pkg, "${Version}")
}

// DpkgState is the package's state in the words of dpkg: "installed", "half-configured", … or "not-installed".
func (h *Host) DpkgState(ctx context.Context, pkg string) (string, error) {
	state, err := h.query(ctx, pkg, "${db:Status-Status}")
	if state == "" && err == nil {
		state = "not-installed"
	}
	return state, err
}

func (h *Host) query(ctx context.Context, pkg, format string) (string, error) {
	out, err := h.Run(ctx, "dpkg-query", "-W", "-f", format, pkg)
	var failed *RunError
	if errors.As(err, &failed) && failed.Code == 1 {
		return "", nil
	}
	return out, err
}

// Interrupt leaves dpkg as a power cut in the middle of a configuration does: apt refuses all work until
// "dpkg --configure -a", which succeeds. The package concerned is lab-interrupt.
func (h *Host) Interrupt(ctx context.Context) error {
	if err := put(h.path(interruptFlag), nil, 0o644); err != nil {
		return err
	}
	out, err := h.installFile(ctx, "syn/lab-interrupt_1.1_*")
	if err == nil {
		return fmt.Errorf("%s: dpkg was not interrupted: %s", h.Name, out)
	}
	if journal, _ := os.ReadDir(h.path("var/lib/dpkg/updates")); len(journal) == 0 {
		return fmt.Errorf("%s: dpkg left no journal: %w", h.Name, err)
	}
	return nil
}

// archives is where apt keeps downloads.
const archives = "/var/cache/apt/archives"

// DiskFull lets a folder of the host have no room left; "" is apt's folder of downloads. A reboot or DiskFree
// mends it. What was in the folder is out of sight meanwhile.
func (h *Host) DiskFull(ctx context.Context, dir string) error {
	if dir == "" {
		dir = archives
	}
	_, err := h.Run(ctx, "sh", "-ec", `mkdir -p "$1"; mount -t tmpfs -o size=16k full "$1"; mkdir -p "$1/partial"
		dd if=/dev/zero of="$1/full" bs=4k 2>/dev/null || true`, "sh", dir)
	return err
}

// DiskFree is the reverse of DiskFull.
func (h *Host) DiskFree(ctx context.Context, dir string) error {
	if dir == "" {
		dir = archives
	}
	_, err := h.Run(ctx, "umount", dir)
	return err
}

// EditConffile is an administrator's change to the configuration file of lab-conffile, whose 1.1 brings another one.
func (h *Host) EditConffile() error {
	return put(h.path("etc/lab-conffile.conf"), []byte("setting=local\n"), 0o644)
}

// DropSessions kills the server side of all ssh sessions; what they started goes on.
func (h *Host) DropSessions(ctx context.Context) error {
	_, err := h.Run(ctx, "pkill", "-KILL", "-f", "^sshd: (root|patch)")
	return err
}
