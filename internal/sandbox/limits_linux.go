package sandbox

import (
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// systemShare is what the system allows beyond the watcher's limit, so that the watcher speaks first where it can. One
// allocation greater than both is stopped by the system alone.
const systemShare = 4 // a quarter more

// limitMemory bounds the private memory of this process and forbids core dumps. It is the data segment that is bounded
// and not the address space: Go reserves addresses by the gigabyte and uses few.
func limitMemory(bytes int) error {
	most := uint64(bytes + bytes/systemShare)
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return err
	}
	return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: most, Max: most})
}

// limitCPU lets the system end this process some time after the watcher should have.
func limitCPU(at time.Duration) {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_CPU, &l) == nil {
		l.Cur = min(uint64(at/time.Second)+2, l.Max)
		_ = unix.Setrlimit(unix.RLIMIT_CPU, &l) // the watcher still counts
	}
}

func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// isolate gives the child a process group of its own and lets it die with the thread that starts it.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// outOfTime knows the signal by which the system ends a process that used its processor time.
func outOfTime(exit *exec.ExitError) bool {
	s, ok := exit.Sys().(syscall.WaitStatus)
	return ok && s.Signaled() && s.Signal() == syscall.SIGXCPU
}

// peak is the most memory that an ended process held at once.
func peak(exit *exec.ExitError) int {
	if exit == nil {
		return 0
	}
	u, ok := exit.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return int(u.Maxrss) << 10
}

// self is this program even if its file was replaced or deleted meanwhile: parent and child must be one build.
func self(string) string { return "/proc/self/exe" }
