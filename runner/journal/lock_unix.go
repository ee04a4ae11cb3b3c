//go:build unix

package journal

import (
	"errors"
	"os"
	"syscall"
)

// flock takes a lock that the kernel drops when the process is gone, however it went.
func flock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrInUse
	}
	return err
}
