//go:build unix

package answercache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

func open(t testing.TB) *Cache {
	t.Helper()
	c, err := Open(filepath.Join(t.TempDir(), "cache"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func key(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (c *Cache) file(t testing.TB, k string) string {
	t.Helper()
	path, err := c.path(k)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestKept(t *testing.T) {
	c := open(t)
	if !c.Empty() {
		t.Error("it holds something from the beginning")
	}
	for _, text := range []string{"", "a", "a longer one"} {
		c.Put(key(text), []byte(text))
		if got, ok := c.Get(key(text)); !ok || string(got) != text {
			t.Errorf("%q %v", got, ok)
		}
	}
	if _, ok := c.Get(key("never")); ok || c.Empty() {
		t.Error("it has what nobody put, or nothing")
	}
	info, err := os.Stat(c.file(t, key("a")))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// TestDamaged: an entry that is cut short, longer, or differs in one bit is none; putting it again mends it.
func TestDamaged(t *testing.T) {
	c, k := open(t), key("k")
	data := []byte("what was found")
	c.Put(k, data)
	whole, err := os.ReadFile(c.file(t, k))
	if err != nil {
		t.Fatal(err)
	}
	damaged := [][]byte{append(bytes.Clone(whole), 0)}
	for i := range whole {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1
		damaged = append(damaged, whole[:i], flipped)
	}
	for _, raw := range damaged {
		if err := os.WriteFile(c.file(t, k), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := c.Get(k); ok {
			t.Fatalf("%q is taken for an entry with %q", raw, got)
		}
	}
	c.Put(k, data)
	if got, ok := c.Get(k); !ok || !bytes.Equal(got, data) {
		t.Errorf("%q %v", got, ok)
	}
}

// TestHostileFiles: links, pipes, folders and entries under another name are none, and nothing waits for them.
func TestHostileFiles(t *testing.T) {
	c, k, other := open(t), key("k"), key("other")
	c.Put(other, []byte("of another"))
	foreign := c.file(t, other)
	path := c.file(t, k)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]func() error{
		"link":         func() error { return os.Symlink(foreign, path) },
		"pipe":         func() error { return syscall.Mkfifo(path, 0o600) },
		"folder":       func() error { return os.Mkdir(path, 0o700) },
		"another name": func() error { return os.Link(foreign, path) },
	} {
		if err := put(); err != nil {
			t.Fatal(name, err)
		}
		if got, ok := c.Get(k); ok {
			t.Errorf("%s: %q", name, got)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []string{"", "../../etc/passwd", key("k")[:62] + "/x", "K" + key("k")[1:]} {
		c.Put(bad, nil)
		if _, ok := c.Get(bad); ok {
			t.Errorf("%q is a key", bad)
		}
	}
}

// TestOthersMayNotWrite: whoever can write entries can write policy.
func TestOthersMayNotWrite(t *testing.T) {
	dir := t.TempDir()
	for name, spoil := range map[string]func(string) error{
		"open to all":   func(d string) error { return os.Chmod(d, 0o777) },
		"open to group": func(d string) error { return os.Chmod(d, 0o770) },
		"a link": func(d string) error {
			if err := os.Rename(d, d+".real"); err != nil {
				return err
			}
			return os.Symlink(d+".real", d)
		},
		"a file": func(d string) error {
			if err := os.RemoveAll(d); err != nil {
				return err
			}
			return os.WriteFile(d, nil, 0o600)
		},
	} {
		for _, inner := range []string{"", layout} {
			d := filepath.Join(dir, name+inner)
			if _, err := Open(d); err != nil {
				t.Fatal(err)
			}
			if err := spoil(filepath.Join(d, inner)); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(d); err == nil {
				t.Errorf("%s %s is trusted", name, inner)
			}
		}
	}
	if os.Geteuid() == 0 {
		d := filepath.Join(dir, "foreign")
		if _, err := Open(d); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(d, 12345, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(d); err == nil {
			t.Error("somebody else's folder is trusted")
		}
	}
}

// TestTrim forgets what was not used for longest.
func TestTrim(t *testing.T) {
	c := open(t)
	for i := range 10 {
		k := key(fmt.Sprint(i))
		c.Put(k, make([]byte, 1000))
		old := time.Now().Add(-time.Duration(10-i) * 24 * time.Hour)
		if err := os.Chtimes(c.file(t, k), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := c.Get(key("0")); !ok { // which makes it the youngest
		t.Fatal("it is gone")
	}
	c.trim(8000, 100)
	var left []int
	for i := range 10 {
		if _, ok := c.Get(key(fmt.Sprint(i))); ok {
			left = append(left, i)
		}
	}
	if fmt.Sprint(left) != "[0 6 7 8 9]" {
		t.Errorf("left %v", left)
	}
	if c.trim(1<<20, 3); len(entries(t, c)) != 3 {
		t.Errorf("%v", entries(t, c))
	}
}

func entries(t *testing.T, c *Cache) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(c.dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestAtOnce: several programs may put and get the same entry.
func TestAtOnce(t *testing.T) {
	a := open(t)
	b, err := Open(filepath.Dir(a.dir))
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("x"), 100_000)
	var wg sync.WaitGroup
	for _, c := range []*Cache{a, b} {
		wg.Go(func() {
			for range 50 {
				c.Put(key("k"), data)
			}
		})
		wg.Go(func() {
			for range 50 {
				if got, ok := c.Get(key("k")); ok && !bytes.Equal(got, data) {
					t.Error("it is torn")
				}
			}
		})
	}
	wg.Wait()
	if len(entries(t, a)) != 1 {
		t.Errorf("left behind: %v", entries(t, a))
	}
}

// TestTrimLooksOnceAnHour: what nobody put, or somebody looked at a moment ago, is not walked over again.
func TestTrimLooksOnceAnHour(t *testing.T) {
	c := open(t)
	looked := func() bool {
		info, err := os.Stat(c.stamp())
		return err == nil && time.Since(info.ModTime()) < time.Hour
	}
	if c.Trim(); looked() {
		t.Fatal("it looked although nothing was put")
	}
	c.Put(key("a"), []byte("a"))
	if c.Trim(); !looked() {
		t.Fatal("it did not look")
	}
	for age, want := range map[time.Duration]bool{2 * time.Hour: true, -24 * time.Hour: true} {
		then := time.Now().Add(-age)
		if err := os.Chtimes(c.stamp(), then, then); err != nil {
			t.Fatal(err)
		}
		if got := c.stale(); got != want {
			t.Errorf("%s old: %v, want %v", age, got, want)
		}
	}
	if c.Trim(); c.stale() {
		t.Error("it did not say that it looked")
	}
}
