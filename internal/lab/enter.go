//go:build linux

package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// stageVar says where a process stands: "entering" on its way in, then the number of the network namespace of the
// lab. The number guards against a variable that escaped into some other process's environment.
const stageVar, entering = "LAB_INNER", "entering"

// Inside tells whether this process is in the lab's namespaces.
func Inside() bool {
	ns, err := os.Readlink("/proc/self/ns/net")
	return err == nil && os.Getenv(stageVar) == ns
}

// Enter starts the current program again in fresh mount, network, pid and ipc namespaces (and, without root, a user
// namespace) and exits with its code. It returns only inside, or with the reason why the lab is not [Available].
// Inside there is no network but the lab's. All of it dies with the outer process, however that ends.
func Enter() error {
	switch {
	case Inside():
		return nil
	case os.Getenv(stageVar) == entering:
		return settle()
	}
	if err := Available(); err != nil {
		return err
	}
	return reexec()
}

// reexec never returns nil. The thread stays locked because a parent-death signal follows the thread that forked.
func reexec() error {
	runtime.LockOSThread()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	argv := append(append(unshareFlags(), "sh", "-c", reaper, "lab", self), os.Args[1:]...)
	cmd := exec.Command("unshare", argv...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), stageVar+"="+entering)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("lab: enter: %w", err)
	}
	if code := cmd.ProcessState.ExitCode(); code >= 0 {
		os.Exit(code)
	}
	os.Exit(128 + int(exit.Sys().(syscall.WaitStatus).Signal()))
	return nil
}

// reaper is the first process of the namespace. A shell collects whoever loses its parent, as a Go program would not:
// one uncollected process of a host, and the end of that host's own namespace would wait for it for ever.
const reaper = `"$@"; exit $?`

// unshareFlags ask for what the lab needs; --kill-child passes our death on to the child.
func unshareFlags() []string {
	flags := []string{"--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child=KILL", "--mount-proc"}
	if os.Geteuid() != 0 {
		flags = append(flags, "--user", "--map-auto", "--map-root-user")
	}
	return flags
}

// settle furnishes the new namespaces: a loopback, and a tmpfs for everything that should vanish with them.
func settle() error {
	l, err := layoutOf("")
	if err != nil {
		return err
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		return fmt.Errorf("lab: loopback: %w: %s", err, out)
	}
	if err := syscall.Mount("lab", l.run(), "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("lab: tmpfs on %s: %w", l.run(), err)
	}
	ns, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return err
	}
	return os.Setenv(stageVar, ns)
}
