package command

import (
	"os"
	"path/filepath"

	"golang.org/x/term"
)

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// usualWidth is that of a terminal that does not say its own.
const usualWidth = 80

// columns is how wide the terminal is at this moment.
func (a *app) columns() int {
	if a.Columns != nil {
		if n := a.Columns(); n > 1 {
			return n
		}
	}
	return usualWidth
}

func widthOf(f *os.File) func() int {
	return func() int {
		n, _, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 0
		}
		return n
	}
}

// join resolves a path that a person typed against the working folder.
func join(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
