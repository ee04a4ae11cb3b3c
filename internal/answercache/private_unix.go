//go:build unix

package answercache

import (
	"io/fs"
	"os"
	"syscall"
)

// private reports whether a folder is this user's and nobody else may enter or write it.
func private(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid() && info.Mode().Perm()&0o022 == 0
}

// openPlain opens a file without following a link and without waiting for a pipe's other end.
func openPlain(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}
