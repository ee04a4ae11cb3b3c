//go:build !unix

package gitrepo

import (
	"errors"
	"os"
	"os/exec"
)

const noFollow = 0

func detach(*exec.Cmd) {}

func ownSession(*exec.Cmd) {}

func tryLock(*os.File) (bool, error) {
	return false, errors.New("writing refs is not supported on this system")
}

func ownedByUs(os.FileInfo) bool { return false }
