//go:build !unix

package journal

import (
	"errors"
	"os"
)

func flock(*os.File) error { return errors.New("a journal is not supported on this system") }
