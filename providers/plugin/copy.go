package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxSocketFolder leaves room for go-plugin's folder and socket in the 104 bytes that a socket's path may have.
const maxSocketFolder = 64

// privateFolder makes a folder that only this user can read.
func privateFolder(parent string) (string, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	dir, err := os.MkdirTemp(parent, "rf-") // 0700
	if err != nil {
		return "", fmt.Errorf("make a private folder: %w", err)
	}
	real, err := filepath.EvalSymlinks(dir)
	if err == nil && len(real) > maxSocketFolder {
		err = fmt.Errorf("%s is too long a path for sockets; use a temporary folder with a shorter name", parent)
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return real, nil
}

// findProgram returns the program's absolute path.
func findProgram(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist) || path == "":
		return "", fmt.Errorf("%w: %s", ErrMissing, path)
	case err != nil:
		return "", fmt.Errorf("%w: %w", ErrMissing, err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%w: %s is not a regular file", ErrNotAPlugin, path)
	}
	return abs, nil
}

// pinnedCopy copies the program into dir and measures what it copied, so that what is executed is what was measured,
// whatever happens to the original.
func pinnedCopy(path, digest, dir string) (string, error) {
	target := filepath.Join(dir, "provider")
	sum, err := copyProgram(path, target)
	if err != nil {
		return "", fmt.Errorf("copy the provider's program: %w", err)
	}
	if got := hex.EncodeToString(sum); !strings.EqualFold(got, digest) {
		return "", fmt.Errorf("%w: %s has sha256 %s, the lock file says %s", ErrUntrusted, path, got, digest)
	}
	return target, nil
}

// copyProgram holds off forks while the copy is open for writing: a child born meanwhile would hold it open, and the
// kernel does not execute a file that anyone may write to.
func copyProgram(path, target string) (sum []byte, err error) {
	from, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	to, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o500)
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(to, hash), from)
	return hash.Sum(nil), errors.Join(err, to.Close())
}
