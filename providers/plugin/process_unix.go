//go:build unix && !linux

package plugin

import (
	"os/exec"
	"syscall"
)

// isolate puts the process into its own group. That the core died is told by the end of its standard input.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func awaitExit(p *process) { _ = p.reap() }

func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
