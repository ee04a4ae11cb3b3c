//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	rebootCode  = 64 // of the first process, see scripts/init.sh
	rebootPause = time.Second
)

// power is a host that is switched on: one boot after the other until it is switched off.
type power struct {
	off  chan struct{} // closed to switch off
	gone chan struct{} // closed when off, also by the host itself
	err  error         // why it could not start; read after gone

	pid    int    // of the first process of this boot; 0 between boots
	bootID string // of this or the last boot
}

// Start switches the host on and waits for ssh, at once if it is on.
func (h *Host) Start(ctx context.Context) error {
	h.mu.Lock()
	if h.power == nil || h.power.isGone() {
		h.power = &power{off: make(chan struct{}), gone: make(chan struct{})}
		go h.keepOn(h.power)
	}
	cut := h.cut
	h.mu.Unlock()
	if cut {
		return nil
	}
	return h.WaitSSH(ctx)
}

// Stop is a power cut: every process is gone when it returns, nothing was told to end.
func (h *Host) Stop() {
	h.mu.Lock()
	p := h.power
	h.power = nil
	h.mu.Unlock()
	if p != nil {
		close(p.off)
		<-p.gone
	}
}

// Running tells whether the host is on, even if it is just rebooting.
func (h *Host) Running() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.power != nil && !h.power.isGone()
}

// BootID is what the host has in /proc/sys/kernel/random/boot_id, or "" while it is off.
func (h *Host) BootID() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.power == nil {
		return ""
	}
	return h.power.bootID
}

// WaitReboot returns when the host answers ssh in another boot than the given one.
func (h *Host) WaitReboot(ctx context.Context, before string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for h.BootID() == before {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: no reboot: %w", h.Name, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return h.WaitSSH(ctx)
}

func (p *power) isGone() bool {
	select {
	case <-p.gone:
		return true
	default:
		return false
	}
}

func (h *Host) startError() error {
	h.mu.Lock()
	p := h.power
	h.mu.Unlock()
	switch {
	case p == nil:
		return fmt.Errorf("%s: is off", h.Name)
	case !p.isGone():
		return nil
	case p.err != nil:
		return fmt.Errorf("%s: %w", h.Name, p.err)
	}
	return fmt.Errorf("%s: switched itself off; console: %s", h.Name, h.Console())
}

func (h *Host) keepOn(p *power) {
	defer close(p.gone)
	for {
		again, err := h.boot(p)
		if p.err = err; err != nil || !again {
			return
		}
		select {
		case <-p.off:
			return
		case <-time.After(rebootPause):
		}
	}
}

// boot is one run of the host; again tells whether it asked for another.
func (h *Host) boot(p *power) (again bool, err error) {
	id := newUUID()
	cmd, err := h.ignite(id)
	if err != nil {
		return false, err
	}
	h.mu.Lock()
	p.pid, p.bootID = cmd.Process.Pid, id
	err = h.lab.net.attach(h.number, p.pid, !h.cut)
	h.mu.Unlock()

	dead := make(chan struct{})
	go func() {
		defer close(dead)
		_ = cmd.Wait()
	}()
	if err == nil {
		select {
		case <-p.off:
		case <-dead:
		}
	}
	cmd.Process.Kill()
	<-dead
	h.mu.Lock()
	p.pid = 0
	h.mu.Unlock()
	h.lab.net.detach(h.number)
	return cmd.ProcessState.ExitCode() == rebootCode, err
}

// ignite starts the first process in namespaces of its own. Its end is the end of all others in them.
func (h *Host) ignite(bootID string) (*exec.Cmd, error) {
	console, err := os.OpenFile(h.console(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer console.Close()
	cmd := &exec.Cmd{
		Path: initPath, Args: []string{"init", h.Name, h.ip() + "/24", bootID}, Dir: "/", Env: hostEnv(),
		Stdout: console, Stderr: console,
		SysProcAttr: &syscall.SysProcAttr{
			Chroot: h.root, Setsid: true, Pdeathsig: syscall.SIGKILL,
			Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET,
		},
	}
	return cmd, h.lab.thread.do(cmd.Start)
}

func hostEnv() []string {
	return []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"}
}

var errOff = errors.New("the host is off")

// firstProcess is the pid by which the host's namespaces are found.
func (h *Host) firstProcess() (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.power == nil || h.power.pid == 0 {
		return 0, errOff
	}
	return h.power.pid, nil
}
