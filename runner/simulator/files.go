package simulator

import (
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"syscall"

	"github.com/ringfence/ringfence/runner/journal"
)

// drive is the folder of a runner's journal on a disk with a cache: what was not synced, content or names, may be lost
// when the machine goes off. The shipped journal writes to it.
type drive struct {
	p           *process
	now, synced map[string]*content
	renames     []func(map[string]*content) // since the last SyncDir
	locked      bool
	id          int // another one after the disk was lost
}

type content struct{ now, synced []byte }

var _ journal.FS = (*drive)(nil)

func newDrive(p *process) *drive {
	p.disks++
	return &drive{p: p, now: map[string]*content{}, synced: map[string]*content{}, id: p.disks}
}

// broken is a disk that is full or fails. The process lives on.
func (d *drive) broken() bool {
	bad := d.p.w.chance(d.p.w.mood.disk)
	if bad {
		d.p.w.count("disks that were full or failed")
	}
	return bad
}

func (d *drive) rename(op func(map[string]*content)) {
	op(d.now)
	d.renames = append(d.renames, op)
}

func (d *drive) OpenFile(name string, flag int) (journal.File, error) {
	node, there := d.now[name]
	if !there && flag&os.O_CREATE == 0 {
		return nil, fs.ErrNotExist
	}
	if !there || flag&os.O_TRUNC != 0 {
		d.p.io("journal create", func() {
			node = &content{}
			d.rename(func(names map[string]*content) { names[name] = node })
		}, nil)
	}
	return &file{d: d, node: node}, nil
}

func (d *drive) Rename(from, to string) error {
	d.p.io("journal rename", func() {
		d.rename(func(names map[string]*content) {
			if node, ok := names[from]; ok {
				names[to] = node
				delete(names, from)
			}
		})
	}, nil)
	return nil
}

func (d *drive) Remove(name string) error {
	d.rename(func(names map[string]*content) { delete(names, name) })
	return nil
}

func (d *drive) SyncDir(string) error {
	d.p.io("journal sync of the folder", func() {
		if !d.p.w.bug("folder-not-synced") {
			d.synced, d.renames = maps.Clone(d.now), nil
		}
	}, nil)
	return nil
}

func (d *drive) Lock(string) (io.Closer, error) {
	if d.locked {
		return nil, journal.ErrInUse
	}
	d.locked = true
	return unlock(func() { d.locked = false }), nil
}

type unlock func()

func (u unlock) Close() error { u(); return nil }

type file struct {
	d    *drive
	node *content
	read int
}

func (f *file) Read(p []byte) (int, error) {
	n := copy(p, f.node.now[f.read:])
	f.read += n
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (f *file) Write(p []byte) (int, error) {
	w := f.d.p.w
	if f.d.broken() {
		n := w.below(len(p))
		f.node.now = append(f.node.now, p[:n]...)
		return n, syscall.ENOSPC
	}
	f.d.p.io("journal write", func() { f.node.now = append(f.node.now, p...) }, func() { f.node.now = append(f.node.now, p[:w.below(len(p))]...) })
	return len(p), nil
}

func (f *file) Sync() error {
	if f.d.broken() {
		return syscall.EIO
	}
	f.d.p.io("journal sync", func() {
		if !f.d.p.w.bug("journal-not-synced") {
			f.node.synced = slices.Clone(f.node.now)
		}
	}, nil)
	return nil
}

func (f *file) Close() error { return nil }

// off is what is left of the disk when its machine is on again.
func (d *drive) off(how Way) *drive {
	w := d.p.w
	next := &drive{p: d.p, now: map[string]*content{}, id: d.id}
	names, ops := maps.Clone(d.synced), 0
	switch how {
	case After:
		ops = len(d.renames)
	case Torn:
		ops = w.below(len(d.renames) + 1)
	}
	if ops < len(d.renames) {
		w.count("names on a disk lost that were not synced")
	}
	for _, op := range d.renames[:ops] {
		op(names)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		raw := names[name].left(w, how)
		next.now[name] = &content{raw, slices.Clone(raw)}
	}
	next.synced = maps.Clone(next.now)
	return next
}

func (c *content) left(w *world, how Way) []byte {
	unsynced := len(c.now) - len(c.synced)
	if unsynced <= 0 || how == After {
		return slices.Clone(c.now)
	}
	if how == Before {
		w.count("bytes on a disk lost that were not synced")
		return slices.Clone(c.synced)
	}
	w.count("tails on a disk torn")
	cut := len(c.synced) + w.below(unsynced)
	if w.often(500) {
		return slices.Clone(c.now[:cut])
	}
	raw := slices.Clone(c.now) // the file has its length and not its content
	clear(raw[cut:])
	return raw
}
