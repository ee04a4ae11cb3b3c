//go:build unix

package transport

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// ownGroup puts the command into its own process group, which a cancel ends as a whole.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return killGroup(cmd) }
}

func killGroup(cmd *exec.Cmd) error {
	return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

// lookup finds a program on localPath rather than on the runner's own PATH, which may hold anything.
func lookup(program string) (string, error) {
	if strings.Contains(program, "/") {
		return program, nil
	}
	err := error(&fs.PathError{Op: "exec", Path: program, Err: fs.ErrNotExist})
	for _, dir := range filepath.SplitList(localPath) {
		path := filepath.Join(dir, program)
		info, statErr := os.Stat(path)
		switch {
		case statErr != nil || info.IsDir():
		case info.Mode()&0o111 == 0:
			err = fmt.Errorf("%s: %w", path, fs.ErrPermission)
		default:
			return path, nil
		}
	}
	return "", err
}

// status is the exit code, or 128 and the signal's number as a shell says it.
func status(p *os.ProcessState) int {
	if w, ok := p.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return p.ExitCode()
}
