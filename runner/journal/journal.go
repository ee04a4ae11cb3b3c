package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"

	"github.com/ringfence/ringfence/internal/canonical"
)

// maxSize bounds the file: a wave of 100,000 hosts fits.
const maxSize = 128 << 20

// Journal is an open journal. It is safe for concurrent use. After any error of the disk it accepts nothing more: what
// is on the disk is only known again after it was opened again.
type Journal struct {
	fs      FS
	name    string
	limit   int
	cut     int
	unlock  io.Closer
	mu      sync.Mutex
	file    File
	entries []Entry
	open    map[string]bool // started, not ended
	last    uint64
	size    int
	failed  error
}

// Open opens the journal of that name, which no other process may have open (ErrInUse), and returns its entries in
// order. A missing one is made. It writes the file anew, so what it returns is on disk, even if what it read was not.
// The error is a *DamageError when the file is no journal, or damaged elsewhere than at its end.
func Open(fsys FS, name string) (*Journal, []Entry, error) { return open(fsys, name, maxSize) }

func open(fsys FS, name string, limit int) (*Journal, []Entry, error) {
	unlock, err := fsys.Lock(name + ".lock")
	if err != nil {
		return nil, nil, fmt.Errorf("open the journal: %w", err)
	}
	j := &Journal{fs: fsys, name: name, limit: limit, unlock: unlock}
	if err := j.load(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open the journal: %w", err), j.Close())
	}
	return j, j.entries, nil
}

func (j *Journal) load() error {
	raw, err := j.read()
	if errors.Is(err, fs.ErrNotExist) {
		return j.rewrite(nil)
	}
	if err != nil {
		return err
	}
	c, err := decode(raw)
	var damage *DamageError
	if errors.As(err, &damage) {
		damage.Name = j.name
	}
	if err != nil {
		return err
	}
	j.last, j.cut = c.last, len(raw)-c.whole
	return j.rewrite(c.entries)
}

func (j *Journal) read() ([]byte, error) {
	f, err := j.fs.OpenFile(j.name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, int64(j.limit)+1))
	if err == nil && len(raw) > j.limit {
		err = &DamageError{Name: j.name, Offset: j.limit, Why: "it is longer than any journal gets"}
	}
	return raw, err
}

// Cut is how many bytes of an interrupted write Open found at the end and left out.
func (j *Journal) Cut() int { return j.cut }

// Append adds an entry. It is on disk when Append returns without an error. A start is refused with ErrFull when there
// would be no room left for the ends of all that is started.
func (j *Journal) Append(e Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return j.failed
	}
	e.At = canonical.Instant(e.At)
	line, err := encode(j.last+1, e)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if j.full(e, len(line)) {
		return ErrFull
	}
	if _, err := j.file.Write(line); err != nil {
		return j.fail(err)
	}
	if err := j.file.Sync(); err != nil {
		return j.fail(err)
	}
	j.last, j.size = j.last+1, j.size+len(line)
	j.keep(e)
	return nil
}

func (j *Journal) full(e Entry, size int) bool {
	reserve := 0
	if e.Kind == Start {
		reserve = (len(j.open) + 1) * maxFrame
	}
	return j.size+size+reserve > j.limit
}

func (j *Journal) keep(e Entry) {
	j.entries = append(j.entries, e)
	if e.Kind == Start {
		j.open[e.Action] = true
		return
	}
	delete(j.open, e.Action)
}

func (j *Journal) fail(err error) error {
	j.failed = fmt.Errorf("the journal %s cannot be written: %w", j.name, err)
	return j.failed
}

// Pending returns the newest end of each action that ended and has not been left out by Reset, in order.
func (j *Journal) Pending() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	newest := map[string]int{}
	for i, e := range j.entries {
		newest[e.Action] = i
	}
	var out []Entry
	for i, e := range j.entries {
		if e.Kind == End && newest[e.Action] == i {
			out = append(out, e)
		}
	}
	return out
}

// Reset begins the file anew with the entries of those actions whose outcome the ledger does not have yet. It does
// nothing when that is all of them.
func (j *Journal) Reset(recorded func(action string) bool) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return j.failed
	}
	var left []Entry
	for _, e := range j.entries {
		if !recorded(e.Action) {
			left = append(left, e)
		}
	}
	if len(left) == len(j.entries) {
		return nil
	}
	if err := j.rewrite(left); err != nil {
		return j.fail(err)
	}
	return nil
}

// rewrite puts a new file in the place of the old one, whole and durable, and goes on in it. Numbers go on as well.
func (j *Journal) rewrite(entries []Entry) error {
	raw := frame(j.last+1, []byte(header))
	j.last++
	j.entries, j.open = nil, map[string]bool{}
	for _, e := range entries {
		line, err := encode(j.last+1, e)
		if err != nil {
			return err
		}
		raw = append(raw, line...)
		j.last++
		j.keep(e)
	}
	f, err := j.replace(raw)
	if err != nil {
		return err
	}
	if j.file != nil {
		_ = j.file.Close() // all of it was synced
	}
	j.file, j.size = f, len(raw)
	return nil
}

func (j *Journal) replace(raw []byte) (File, error) {
	draft := j.name + ".new"
	f, err := j.fs.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return nil, err
	}
	if _, err = f.Write(raw); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = j.fs.Rename(draft, j.name)
	}
	if err == nil {
		err = j.fs.SyncDir(path.Dir(j.name))
	}
	if err != nil {
		_ = f.Close()
		_ = j.fs.Remove(draft) // the next attempt writes over it anyway
		return nil, err
	}
	return f, nil
}

// Close lets another process open the journal.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	j.file, j.failed = nil, ErrClosed
	return errors.Join(err, j.unlock.Close())
}
