//go:build linux

package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Host is one machine of a lab. It keeps its disk while it is off.
type Host struct {
	Name string // "h1"
	Addr string // "10.77.1.1:22"

	lab    *Lab
	number int
	dir    string // upper and work layer, console
	root   string // its file system as we see it

	mu    sync.Mutex
	key   sshKey
	power *power // nil while off
	cut   bool   // link down
}

func newHost(l *Lab, number int) (*Host, error) {
	name := fmt.Sprintf("h%d", number)
	key, err := newSSHKey(name)
	dir := filepath.Join(l.dir, name)
	return &Host{
		Name: name, Addr: l.net.address(number) + ":22",
		lab: l, number: number, dir: dir, root: filepath.Join(dir, "root"), key: key,
	}, err
}

// HostKey is the host's public key as a line of authorized_keys.
func (h *Host) HostKey() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.key.public
}

func (h *Host) ip() string { return strings.TrimSuffix(h.Addr, ":22") }

// raise makes a fresh host and switches it on.
func (h *Host) raise(ctx context.Context) error {
	if err := errors.Join(h.mountRoot(), h.furnish()); err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	return h.Start(ctx)
}

// scrap is the reverse of raise.
func (h *Host) scrap() error {
	h.Stop()
	if err := h.unmountRoot(); err != nil {
		return fmt.Errorf("%s: unmount: %w", h.Name, err)
	}
	return os.RemoveAll(h.dir)
}

// Reset makes the host as new, but for its name, address and host key, and waits for ssh.
func (h *Host) Reset(ctx context.Context) error {
	if err := h.scrap(); err != nil {
		return err
	}
	h.mu.Lock()
	h.cut = false
	h.mu.Unlock()
	return h.raise(ctx)
}

// patience is how long a host may take for what it does in a second or two: it guards against waiting for ever, and
// says nothing of how busy the machine is.
const patience = 2 * time.Minute

// WaitSSH returns when the host's sshd answers.
func (h *Host) WaitSSH(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := h.greet(ctx)
		if err == nil {
			return nil
		}
		if err := h.startError(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: no ssh: %w; console: %s", h.Name, err, h.Console())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// greet reads the first line of the ssh protocol. A first packet that comes too early is lost, and would be repeated
// only after a second: rather give up and dial again.
func (h *Host) greet(ctx context.Context) error {
	c, err := (&net.Dialer{Timeout: 100 * time.Millisecond}).DialContext(ctx, "tcp", h.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	line, err := bufio.NewReader(c).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "SSH-") {
		err = fmt.Errorf("unexpected greeting %q", line)
	}
	return err
}

// Console is the end of what the host's first process and sshd said since it was made.
func (h *Host) Console() string {
	text, _ := os.ReadFile(h.console())
	return string(text[max(0, len(text)-4<<10):])
}

func (h *Host) console() string { return filepath.Join(h.dir, "console") }

// NetDown cuts the host's link: packets vanish, open connections stay open and silent. It outlasts a reboot.
func (h *Host) NetDown() error { return h.link(false) }

// NetUp mends the link.
func (h *Host) NetUp() error { return h.link(true) }

func (h *Host) link(up bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cut = !up
	if h.power == nil {
		return nil
	}
	return ip(h.lab.net.setLink(h.number, up))
}

// NewHostKey gives the host another key, as an impostor would have, and restarts its sshd. HostKey and the text of
// KnownHosts follow; what was taken from them before is now wrong.
func (h *Host) NewHostKey(ctx context.Context) error {
	key, err := newSSHKey(h.Name)
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.key = key
	err = h.writeHostKey()
	h.mu.Unlock()
	if err != nil {
		return err
	}
	if _, err := h.Run(ctx, "pkill", "-HUP", "-o", "-x", "sshd"); err != nil {
		return err
	}
	return h.waitKey(ctx, key.public)
}
