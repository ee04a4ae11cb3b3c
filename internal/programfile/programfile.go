// Package programfile writes files that are executed right afterwards.
package programfile

import (
	"os"
	"syscall"
)

// Write makes path a program with the given text, mode 0755 whatever the umask, that can be started at once.
//
// A process that another goroutine forks while the file is open for writing holds it open until its own exec, and
// Linux refuses to start a program that anybody may still write to (ETXTBSY, execve(2)). So nothing is forked meanwhile.
func Write(path string, text []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, text, 0o755); err != nil {
		return err
	}
	return os.Chmod(path, 0o755)
}
