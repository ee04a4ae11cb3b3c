//go:build linux

package lab

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/ringfence/ringfence/internal/programfile"
)

// Dir is the folder of the lab's base and mirror: $LAB_DIR, else ringfence-lab in the user's cache folder.
func Dir() string {
	if d := os.Getenv("LAB_DIR"); d != "" {
		return d
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = filepath.Join(os.TempDir(), fmt.Sprint("cache-", os.Getuid()))
	}
	return filepath.Join(cache, "ringfence-lab")
}

// layout names what is kept below one lab folder. Finished products carry the digest of their recipe in their name,
// so a changed recipe is a missing product and never a stale one.
type layout string

func (l layout) base() string   { return filepath.Join(string(l), "base-"+digest(baseRecipe()...)) }
func (l layout) mirror() string { return filepath.Join(string(l), "mirror-"+digest(mirrorRecipe()...)) }

// run is where a tmpfs is mounted inside the namespaces; outside it stays an empty folder.
func (l layout) run() string { return filepath.Join(string(l), "run") }

func layoutOf(dir string) (layout, error) {
	if dir == "" {
		dir = Dir()
	}
	abs, err := filepath.Abs(dir)
	return layout(abs), err
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d %s\n", len(p), p)
	}
	return fmt.Sprintf("%x", h.Sum(nil))[:12]
}

// debArch is the machine's architecture as Debian calls it.
func debArch() string {
	switch runtime.GOARCH {
	case "386":
		return "i386"
	case "arm":
		return "armhf"
	case "ppc64le":
		return "ppc64el"
	}
	return runtime.GOARCH
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// put writes a file with exactly the given mode, whatever the umask, and makes its parents.
func put(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if mode == 0o755 {
		return programfile.Write(path, data)
	}
	if err := os.WriteFile(path, data, mode); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}
