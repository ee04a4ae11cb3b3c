//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Options say where and from what to build.
type Options struct {
	Dir    string    // "" is Dir()
	Mirror string    // the archive's address, and after a space the security archive's; "" is $LAB_MIRROR, else the machine's own sources
	Log    io.Writer // progress, and what the tools complain about; nil drops it
}

// Build makes the base root and the mirror unless they are there already. Each appears whole or not at all, so an
// interrupted build is simply run again; concurrent builders wait for each other. Products of older recipes are
// removed unless a lab is using them.
func Build(ctx context.Context, o Options) error {
	b, err := newBuilder(o)
	if err != nil {
		return fmt.Errorf("lab: build: %w", err)
	}
	unlock, err := flock(string(b.layout), syscall.LOCK_EX)
	if err != nil {
		return fmt.Errorf("lab: build: %w", err)
	}
	defer unlock()
	if err := b.all(ctx); err != nil {
		return fmt.Errorf("lab: build: %w", err)
	}
	return nil
}

type builder struct {
	layout
	mirrorFlag string
	log        io.Writer
}

func newBuilder(o Options) (*builder, error) {
	l, err := layoutOf(o.Dir)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Mirror == "" {
		o.Mirror = os.Getenv("LAB_MIRROR")
	}
	return &builder{l, o.Mirror, o.Log}, os.MkdirAll(l.run(), 0o755)
}

func (b *builder) all(ctx context.Context) error {
	if err := b.once(ctx, b.base(), b.makeBase); err != nil {
		return err
	}
	if err := b.once(ctx, b.mirror(), b.makeMirror); err != nil {
		return err
	}
	return b.prune(ctx)
}

// once makes the folder target with make, under another name until it is complete.
func (b *builder) once(ctx context.Context, target string, make func(ctx context.Context, tmp string) error) error {
	if exists(target) {
		return nil
	}
	tmp := target + ".part"
	if err := removeTree(ctx, tmp); err != nil {
		return err
	}
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return err
	}
	fmt.Fprintln(b.log, "lab: making", target)
	if err := make(ctx, tmp); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(target), err)
	}
	return os.Rename(tmp, target)
}

// prune removes what other recipes left, except what a running lab holds.
func (b *builder) prune(ctx context.Context) error {
	old, err := filepath.Glob(filepath.Join(string(b.layout), "*-????????????*"))
	for _, path := range old {
		if path == b.base() || path == b.mirror() {
			continue
		}
		unlock, busy := flock(path, syscall.LOCK_EX|syscall.LOCK_NB)
		if busy != nil {
			continue
		}
		fmt.Fprintln(b.log, "lab: removing", path)
		err = errors.Join(err, removeTree(ctx, path))
		unlock()
	}
	return err
}

// run executes a program and keeps the end of what it said for the error.
func (b *builder) run(ctx context.Context, argv ...string) error {
	tail := &capped{limit: 4 << 10, tail: true}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stderr = io.MultiWriter(b.log, tail)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", argv[0], err, strings.TrimSpace(tail.String()))
	}
	return nil
}

// asRoot puts argv into a user namespace in which we are root, unless we are. Files of a base made without root
// belong to the user's subordinate ids: only there can they be written or removed.
func asRoot(argv ...string) []string {
	if os.Geteuid() == 0 {
		return argv
	}
	return append([]string{"unshare", "--user", "--map-auto", "--map-root-user"}, argv...)
}

func removeTree(ctx context.Context, path string) error {
	if !exists(path) {
		return nil
	}
	argv := asRoot("rm", "-rf", "--one-file-system", path)
	if out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("remove %s: %w: %s", path, err, out)
	}
	return nil
}

// flock locks a folder for as long as this process lives or until unlock.
func flock(dir string, how int) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return func() { f.Close() }, nil
}
