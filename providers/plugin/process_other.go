//go:build !unix

package plugin

import "os/exec"

// isolate does nothing where there are no process groups. That the core died is told by the end of standard input.
func isolate(*exec.Cmd) {}

func awaitExit(p *process) { _ = p.reap() }

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
