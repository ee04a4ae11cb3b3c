package journal

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
)

// Faults of a disk. With the last two the process lives on.
const (
	none   = ""
	before = "crash before"
	after  = "crash after"
	torn_  = "torn"
	full   = "ENOSPC"
	broken = "EIO"
)

var errCrashed = errors.New("the machine is off")

// memDisk is a disk with a cache: what was not synced, content or names, may be lost when the machine goes off. Every
// call is numbered from 1, and call number at goes wrong.
type memDisk struct {
	now, synced map[string]*inode
	renames     []func(map[string]*inode) // since the last SyncDir
	locked      map[string]bool
	calls, at   int
	fault       string
	dead        bool
	rng         *rand.Rand
}

type inode struct{ now, synced []byte }

func newDisk(seed uint64) *memDisk {
	return &memDisk{now: map[string]*inode{}, synced: map[string]*inode{}, locked: map[string]bool{}, rng: rand.New(rand.NewPCG(seed, 7))}
}

// call does one numbered call, or the fault in its place; partly is what a torn or refused call does all the same.
func (d *memDisk) call(do, partly func()) error {
	d.calls++
	fault := none
	if d.calls == d.at {
		fault = d.fault
	}
	switch {
	case d.dead:
		return errCrashed
	case fault == none:
		do()
		return nil
	case fault == after:
		do()
	case fault == torn_, fault == full:
		partly()
	}
	if fault == full {
		return syscall.ENOSPC
	}
	if fault == broken {
		return syscall.EIO
	}
	d.dead = true
	return errCrashed
}

func nothing() {}

func (d *memDisk) name(op func(map[string]*inode)) {
	op(d.now)
	d.renames = append(d.renames, op)
}

func (d *memDisk) OpenFile(name string, flag int) (File, error) {
	var f *memFile
	missing := false
	err := d.call(func() {
		node, ok := d.now[name]
		if missing = !ok && flag&os.O_CREATE == 0; missing {
			return
		}
		if !ok {
			node = &inode{}
			d.name(func(names map[string]*inode) { names[name] = node })
		}
		if flag&os.O_TRUNC != 0 {
			node.now = nil
		}
		f = &memFile{d: d, node: node}
	}, nothing)
	if missing {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d *memDisk) Rename(from, to string) error {
	return d.call(func() {
		d.name(func(names map[string]*inode) {
			if node, ok := names[from]; ok {
				names[to] = node
				delete(names, from)
			}
		})
	}, nothing)
}

func (d *memDisk) Remove(name string) error {
	return d.call(func() { d.name(func(names map[string]*inode) { delete(names, name) }) }, nothing)
}

func (d *memDisk) SyncDir(string) error {
	return d.call(func() { d.synced, d.renames = maps.Clone(d.now), nil }, nothing)
}

type unlock func() error

func (u unlock) Close() error { return u() }

func (d *memDisk) Lock(name string) (io.Closer, error) {
	if d.locked[name] {
		return nil, ErrInUse
	}
	err := d.call(func() { d.locked[name] = true }, nothing)
	return unlock(func() error { delete(d.locked, name); return nil }), err
}

type memFile struct {
	d    *memDisk
	node *inode
	read int
}

func (f *memFile) Read(p []byte) (int, error) {
	n := 0
	err := f.d.call(func() { n = copy(p, f.node.now[f.read:]); f.read += n }, nothing)
	if err == nil && n == 0 {
		err = io.EOF
	}
	return n, err
}

func (f *memFile) Write(p []byte) (int, error) {
	n := len(p)
	err := f.d.call(func() { f.node.now = append(f.node.now, p...) }, func() {
		n = f.d.rng.IntN(len(p))
		f.node.now = append(f.node.now, p[:n]...)
	})
	return n, err
}

func (f *memFile) Sync() error {
	return f.d.call(func() { f.node.synced = slices.Clone(f.node.now) }, nothing)
}

func (f *memFile) Close() error { return f.d.call(nothing, nothing) }

// Ways in which the machine goes off, by what becomes of that which was not synced.
var offs = []string{"lost", "kept", "torn", "zeroed"}

// off is the disk when the machine is on again.
func (d *memDisk) off(how string) *memDisk {
	next := newDisk(d.rng.Uint64())
	names, ops := maps.Clone(d.synced), 0
	switch how {
	case "kept":
		ops = len(d.renames)
	case "torn", "zeroed":
		ops = d.rng.IntN(len(d.renames) + 1)
	}
	for _, op := range d.renames[:ops] {
		op(names)
	}
	for name, node := range names {
		raw := node.left(how, d.rng)
		next.now[name] = &inode{now: raw, synced: slices.Clone(raw)}
	}
	next.synced = maps.Clone(next.now)
	return next
}

func (n *inode) left(how string, rng *rand.Rand) []byte {
	if how == "lost" {
		return slices.Clone(n.synced)
	}
	raw := slices.Clone(n.now)
	if unsynced := len(n.now) - len(n.synced); how != "kept" && unsynced > 0 {
		cut := len(n.synced) + rng.IntN(unsynced+1)
		if how == "zeroed" {
			clear(raw[cut:])
		} else {
			raw = raw[:cut]
		}
	}
	return raw
}
