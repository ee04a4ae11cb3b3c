//go:build linux

package lab

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

var (
	//go:embed scripts/init.sh
	initScript string
	//go:embed scripts/power.sh
	powerScript string
)

const (
	initPath = "/usr/lib/lab/init"
	keyring  = "/usr/share/keyrings/lab.gpg"

	sshdConfig = "UseDNS no\nPermitRootLogin prohibit-password\nUsePAM no\nMaxStartups 200\nMaxSessions 64\n" +
		"HostKey /etc/ssh/ssh_host_ed25519_key\n"

	// Shorter patience than apt's own 30 s, so that a test of a stalled mirror ends.
	aptConfig = "Acquire::Languages \"none\";\nAcquire::http::Timeout \"3\";\nAcquire::Retries \"1\";\n"
)

var unpacking sync.Mutex

// baseRoot is the unpacked base. One that somebody else built has files of foreign owners, on which neither sshd nor
// sudo would work: it is unpacked again, into memory, once a run.
func baseRoot(ctx context.Context, at layout) (string, error) {
	root := filepath.Join(at.base(), "root")
	info, err := os.Stat(root)
	if err != nil || info.Sys().(*syscall.Stat_t).Uid == 0 {
		return root, err
	}
	unpacking.Lock()
	defer unpacking.Unlock()
	root = filepath.Join(at.run(), "root")
	if exists(root) {
		return root, nil
	}
	b := &builder{layout: at, log: &capped{}}
	if err := b.unpack(ctx, filepath.Join(at.base(), tarball), root+".part"); err != nil {
		return "", err
	}
	return root, os.Rename(root+".part", root)
}

// mountRoot puts the host's own layer over the base and a few devices into it.
func (h *Host) mountRoot() error {
	for _, d := range []string{"upper/dev", "work", "root"} {
		if err := os.MkdirAll(filepath.Join(h.dir, d), 0o755); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/work", h.lab.base, h.dir, h.dir)
	if inUserNamespace() {
		options += ",userxattr"
	}
	if err := syscall.Mount("overlay", h.root, "overlay", 0, options); err != nil {
		return fmt.Errorf("overlay on %s: %w", h.root, err)
	}
	return h.mountDevices()
}

func (h *Host) mountDevices() error {
	dev := h.path("dev")
	if err := syscall.Mount("tmpfs", dev, "tmpfs", syscall.MS_NOSUID, "mode=755,size=64k"); err != nil {
		return fmt.Errorf("tmpfs on %s: %w", dev, err)
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		at := filepath.Join(dev, name)
		if err := put(at, nil, 0o666); err != nil {
			return err
		}
		if err := syscall.Mount("/dev/"+name, at, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind %s: %w", at, err)
		}
	}
	return errors.Join(os.Mkdir(filepath.Join(dev, "pts"), 0o755), os.Mkdir(filepath.Join(dev, "shm"), 0o1777),
		os.Symlink("pts/ptmx", filepath.Join(dev, "ptmx")), os.Symlink("/proc/self/fd", filepath.Join(dev, "fd")))
}

func (h *Host) unmountRoot() error {
	err := syscall.Unmount(h.root, syscall.MNT_DETACH)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOENT) {
		return nil // not mounted
	}
	return err
}

// furnish writes what makes this host differ from the base.
func (h *Host) furnish() error {
	ring, err := os.ReadFile(filepath.Join(h.lab.mirror, keyringFile))
	if err != nil {
		return err
	}
	files := map[string]string{
		"etc/hostname":                    h.Name + "\n",
		"etc/hosts":                       fmt.Sprintf("127.0.0.1 localhost\n%s %s\n%s %s\n", h.ip(), h.Name, h.lab.net.gateway(), mirrorName),
		"etc/machine-id":                  strings.ReplaceAll(newUUID(), "-", "") + "\n",
		"etc/ssh/sshd_config.d/lab.conf":  sshdConfig,
		"etc/apt/apt.conf.d/90lab":        aptConfig,
		"root/.ssh/authorized_keys":       h.lab.client.public + "\n",
		"home/patch/.ssh/authorized_keys": h.lab.client.public + "\n",
		keyring:                           string(ring),
	}
	for path, text := range files {
		err = errors.Join(err, put(h.path(path), []byte(text), 0o644))
	}
	for _, suite := range []string{"bookworm", "bookworm-security"} {
		err = errors.Join(err, h.AddSuite(suite))
	}
	return errors.Join(err, h.furnishPrograms(), h.writeHostKey())
}

func (h *Host) furnishPrograms() error {
	err := put(h.path(initPath), []byte(initScript), 0o755)
	for _, path := range []string{"usr/sbin/reboot", "usr/sbin/poweroff", "usr/sbin/halt", "usr/sbin/shutdown", "usr/bin/systemctl"} {
		err = errors.Join(err, put(h.path(path), []byte(powerScript), 0o755))
	}
	return err
}

func (h *Host) writeHostKey() error {
	key := h.path("etc/ssh/ssh_host_ed25519_key")
	return errors.Join(put(key, h.key.private, 0o600), put(key+".pub", []byte(h.key.public+"\n"), 0o644))
}

// path is where a file of the host is for us, whether the host is running or not.
func (h *Host) path(name string) string { return filepath.Join(h.root, name) }

// inUserNamespace tells whether our root is only somebody's user.
func inUserNamespace() bool {
	m, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && strings.Join(strings.Fields(string(m)), " ") != "0 0 4294967295"
}
