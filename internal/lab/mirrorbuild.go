//go:build linux

package lab

import (
	"context"
	_ "embed"
	"os"
	"path/filepath"
	"time"
)

// The files that decide what is in the mirror are its recipe: a change to any of them makes it anew, in a second.
var (
	//go:embed synthetic.go
	syntheticSource string
	//go:embed suites.go
	suitesSource string
	//go:embed deb.go
	debSource string
	//go:embed index.go
	indexSource string
)

func mirrorRecipe() []string {
	return append(baseRecipe(), syntheticSource, suitesSource, debSource, indexSource)
}

const keyringFile = "lab.gpg"

// makeMirror lays out the pool, real packages first, and signs every suite over it.
func (b *builder) makeMirror(ctx context.Context, tmp string) error {
	for _, age := range []string{"old", "new"} {
		if err := os.CopyFS(filepath.Join(tmp, "pool", age), os.DirFS(filepath.Join(b.base(), "debs", age))); err != nil {
			return err
		}
	}
	if err := os.Mkdir(filepath.Join(tmp, "pool", "syn"), 0o755); err != nil {
		return err
	}
	if err := b.buildDebs(ctx, filepath.Join(tmp, "pool", "syn")); err != nil {
		return err
	}
	all, err := scanPool(ctx, tmp)
	if err != nil {
		return err
	}
	return signAll(tmp, all)
}

func signAll(dir string, all []stanza) error {
	keys, err := newSigners()
	if err != nil {
		return err
	}
	ring, err := keys.keyring()
	if err != nil {
		return err
	}
	now := time.Now()
	for _, s := range suites() {
		if err := s.write(dir, all, keys, now); err != nil {
			return err
		}
	}
	return put(filepath.Join(dir, keyringFile), ring, 0o644)
}
