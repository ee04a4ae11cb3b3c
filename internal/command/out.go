package command

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// writeOut writes to the place that --out names: a file whole, and what is none, a device or a pipe, as a shell would.
// A pipe may have nobody at its other end, so the wait for that ends with ctx.
func writeOut(ctx context.Context, path string, write func(io.Writer) error) error {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() || info.Mode().IsRegular() && !isOpen(destination(path)) {
		return writeWhole(path, write)
	}
	ended := make(chan error, 1)
	go func() { ended <- writeInto(path, write) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func writeInto(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	err = write(f)
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// isOpen tells the links to what a process has open, which has no name that could be written beside.
func isOpen(path string) bool { return strings.HasPrefix(path, "/proc/") }

// destination follows links to what may not be there yet.
func destination(path string) string {
	for range 40 {
		to, err := os.Readlink(path)
		if err != nil || isOpen(path) {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Dir(path) + "/" + to
		}
		path = to
	}
	return path
}
