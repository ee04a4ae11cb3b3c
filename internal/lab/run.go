//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// maxOutput of a command on a host; the rest is dropped.
const maxOutput = 4 << 20

// RunError is a command on a host that ended with another code than 0.
type RunError struct {
	Host   string
	Argv   []string
	Code   int    // -1: killed
	Output string // what it said, stdout and stderr as they came
}

func (e *RunError) Error() string {
	return fmt.Sprintf("%s: %s: exit %d: %s", e.Host, strings.Join(e.Argv, " "), e.Code, strings.TrimSpace(e.Output))
}

// Run executes a command as the host's root, without ssh or network, and returns its stdout and stderr as they came.
// A code other than 0 is a *RunError. When ctx ends the command is killed, but not what it left in the background.
func (h *Host) Run(ctx context.Context, argv ...string) (string, error) {
	cmd, err := h.command(ctx, argv...)
	if err != nil {
		return "", err
	}
	out := &capped{limit: maxOutput}
	cmd.Stdout, cmd.Stderr = out, out
	err = h.explain(argv, cmd.Run(), out)
	return out.String(), err
}

// Shell is Run for a line of shell.
func (h *Host) Shell(ctx context.Context, script string) (string, error) {
	return h.Run(ctx, "sh", "-c", script)
}

// SSH executes a line of shell through the ssh program as the given user; a code other than 0 is a *RunError.
func (h *Host) SSH(ctx context.Context, user, script string) (string, error) {
	argv := []string{"ssh", "-n", "-F", h.lab.SSHConfig(), "-l", user, h.Name, script}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	out := &capped{limit: maxOutput}
	cmd.Stdout, cmd.Stderr = out, out
	err := h.explain(argv, cmd.Run(), out)
	return out.String(), err
}

// command enters the host's namespaces. It gets a process group, for nsenter has a child that must end with it.
func (h *Host) command(ctx context.Context, argv ...string) (*exec.Cmd, error) {
	pid, err := h.firstProcess()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.Name, err)
	}
	cmd := exec.CommandContext(ctx, "nsenter", append(enterFlags(pid), argv...)...)
	cmd.Env = hostEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	return cmd, nil
}

func enterFlags(pid int) []string {
	return []string{"--target", strconv.Itoa(pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd", "--"}
}

func (h *Host) explain(argv []string, err error, out *capped) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &RunError{h.Name, argv, exit.ExitCode(), out.String()}
	}
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("%s: %s: %w", h.Name, argv[0], err)
	}
	return nil
}
