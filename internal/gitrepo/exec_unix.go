//go:build unix

package gitrepo

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// noFollow makes open fail on a symlink.
const noFollow = syscall.O_NOFOLLOW

// detach lets a short git command finish when the terminal sends Ctrl-C to the whole group, and ends it with SIGTERM
// when the context does: git then removes its lock files, which SIGKILL would leave behind.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
}

// ownSession takes the terminal away from git and from whatever it starts, such as ssh, which would otherwise stop and
// wait for a passphrase. When the context ends, SIGTERM reaches all of them.
func ownSession(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}

// tryLock takes an exclusive lock that the kernel drops once every process that inherited f is gone.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// ownedByUs reports whether this user wrote the file.
func ownedByUs(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}
