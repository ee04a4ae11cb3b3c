// Package answercache keeps what compiling found on disk, by key, from one command to the next.
//
// An entry is whole or absent: it carries a checksum and is renamed into place. The folder belongs to the user alone,
// because whoever can write there can write policy; the checksum is against accidents, not against others.
package answercache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"
)

const (
	layout   = "answers-1" // folder of entries in this form
	maxEntry = 16 << 20
	maxTotal = 512 << 20 // bytes; 2,000 tenants of a few hosts take 20 MB
	maxCount = 100_000
	fresh    = time.Hour // how old an entry's time must be before reading renews it
)

// Cache is a folder of entries. Its methods may be called concurrently, also by several programs.
type Cache struct {
	dir string
	put atomic.Bool
}

// Open makes the folder if it is not there. An error says why it cannot be trusted or used.
func Open(dir string) (*Cache, error) {
	c := &Cache{dir: filepath.Join(dir, layout)}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, err
	}
	for _, d := range []string{dir, c.dir} {
		info, err := os.Lstat(d)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() || !private(info) {
			return nil, fmt.Errorf("%s must be a folder of your own that nobody else may write to", d)
		}
	}
	return c, nil
}

// Empty reports whether nothing is kept, so that every question will have to be answered anew.
func (c *Cache) Empty() bool {
	d, err := os.Open(c.dir)
	if err != nil {
		return true
	}
	defer d.Close()
	names, _ := d.Readdirnames(1)
	return len(names) == 0
}

var errKey = errors.New("a key is 64 hexadecimal digits")

// path spreads entries over 256 folders.
func (c *Cache) path(key string) (string, error) {
	if raw, err := hex.DecodeString(key); err != nil || len(raw) != sha256.Size || hex.EncodeToString(raw) != key {
		return "", errKey
	}
	return filepath.Join(c.dir, key[:2], key[2:]), nil
}

// Get returns what was put under a key. An entry that is damaged, or not a plain file, counts as none.
func (c *Cache) Get(key string) ([]byte, bool) {
	path, err := c.path(key)
	if err != nil {
		return nil, false
	}
	f, err := openPlain(path)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() < sha256.Size || info.Size() > maxEntry {
		return nil, false
	}
	raw := make([]byte, info.Size())
	if n, err := f.ReadAt(raw, 0); err != nil || n != len(raw) {
		return nil, false
	}
	data := raw[sha256.Size:]
	if sum := sumOf(key, data); !bytes.Equal(sum, raw[:sha256.Size]) {
		return nil, false
	}
	if time.Since(info.ModTime()) > fresh {
		now := time.Now()
		_ = os.Chtimes(path, now, now) // an entry that looks old is forgotten sooner, no more
	}
	return data, true
}

// sumOf covers the key too, so that an entry under a wrong name is no entry.
func sumOf(key string, data []byte) []byte {
	h := sha256.New()
	h.Write([]byte(key))
	h.Write(data)
	return h.Sum(nil)
}

// Put keeps data under a key. What cannot be written is not kept: a cache may forget.
func (c *Cache) Put(key string, data []byte) {
	path, err := c.path(key)
	if err != nil || len(data) > maxEntry-sha256.Size {
		return
	}
	c.put.Store(true)
	f, err := c.create(path)
	if err != nil {
		return
	}
	_, err = f.Write(append(sumOf(key, data), data...))
	if errors.Join(err, f.Close()) == nil && os.Rename(f.Name(), path) == nil {
		return
	}
	_ = os.Remove(f.Name()) // Trim removes what is left
}

func (c *Cache) create(path string) (*os.File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		f, err = os.CreateTemp(filepath.Dir(path), ".new-*")
	}
	return f, err
}

// Trim forgets the entries that were not used for longest until the rest is a quarter below the bounds. It looks only
// if something was put since Open, and nobody has looked for an hour: looking at thousands of entries takes longer than
// compiling a tenant.
func (c *Cache) Trim() {
	if !c.put.Load() || !c.stale() {
		return
	}
	_ = os.WriteFile(c.stamp(), nil, 0o600)
	c.trim(maxTotal, maxCount)
}

// stamp is the file whose time says when somebody looked.
func (c *Cache) stamp() string { return filepath.Join(c.dir, "trimmed") }

func (c *Cache) stale() bool {
	info, err := os.Stat(c.stamp())
	age := time.Hour
	if err == nil {
		age = time.Since(info.ModTime())
	}
	return age >= time.Hour || age < 0
}

type found struct {
	path string
	size int64
	used time.Time
}

func (c *Cache) trim(bytes int64, count int) {
	var all []found
	var total int64
	_ = filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == c.stamp() {
			return nil // what cannot be read is not counted
		}
		if info, err := d.Info(); err == nil {
			all, total = append(all, found{path, info.Size(), info.ModTime()}), total+info.Size()
		}
		return nil
	})
	if total <= bytes && len(all) <= count {
		return
	}
	slices.SortFunc(all, func(a, b found) int { return a.used.Compare(b.used) })
	left := len(all)
	for _, f := range all {
		if total <= bytes-bytes/4 && left <= count-count/4 {
			return
		}
		if os.Remove(f.path) == nil {
			total, left = total-f.size, left-1
		}
	}
}
