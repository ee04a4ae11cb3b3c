package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// guard keeps two writers of Ringfence off one ref, and proves that a lock file which git left behind is an orphan.
//
// Its file carries a kernel lock that the git child inherits: while we hold it, no git that Ringfence ever started for
// this ref is alive, even if the runner that started it was killed. The file also says which value was being written.
// So a lock file that holds exactly this value has no living owner. Anything else is left alone.
type guard struct {
	file   *os.File
	lock   string // git's lock file
	intent string // what a dead writer was about to write, "" if the last one finished
	since  time.Time
	now    func() time.Time
}

func (r *Repo) guard(ctx context.Context, ref string) (*guard, error) {
	dir, err := r.StateDir()
	if err != nil {
		return nil, fmt.Errorf("guard %s: %w", ref, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, url.PathEscape(ref)), os.O_RDWR|os.O_CREATE|noFollow, 0o644)
	if err != nil {
		return nil, fmt.Errorf("guard %s: %w", ref, err)
	}
	g := &guard{file: f, lock: filepath.Join(r.commonDir, filepath.FromSlash(ref)) + ".lock", now: r.now}
	if err := g.acquire(ctx); err != nil {
		f.Close()
		return nil, fmt.Errorf("guard %s: %w", ref, err)
	}
	return g, nil
}

// StateDir is the folder for what Ringfence keeps of this clone beside Git's own files, shared by linked working
// folders. It is made if it is missing; a *RefusedError says that something else stands in its place.
func (r *Repo) StateDir() (string, error) {
	dir := filepath.Join(r.commonDir, "ringfence")
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() { // a symlink could make us write anywhere
		return "", &RefusedError{Path: dir, Why: "it is no folder"}
	}
	return dir, nil
}

func (g *guard) acquire(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, guardWait, errors.New("another run of ringfence holds it"))
	defer cancel()
	for {
		ok, err := tryLock(g.file)
		if err != nil {
			return err
		}
		if ok {
			return g.readIntent()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(guardPoll):
		}
	}
}

func (g *guard) readIntent() error {
	raw, err := io.ReadAll(io.LimitReader(g.file, 64))
	if err != nil {
		return err
	}
	info, err := g.file.Stat()
	if err != nil {
		return err
	}
	g.since = info.ModTime()
	if h := strings.TrimSpace(string(raw)); h != "" {
		if _, err := fullHash(h); err == nil {
			g.intent = h
		}
	}
	return nil
}

// reap removes git's lock file when it is provably an orphan; otherwise it returns a *LockedError.
func (g *guard) reap() error {
	locked := g.locked()
	if locked == nil {
		return nil
	}
	if !g.orphaned(locked.Age) {
		return locked
	}
	if err := os.Remove(g.lock); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the orphaned lock %s: %w", g.lock, err)
	}
	return nil
}

func (g *guard) locked() *LockedError {
	info, err := os.Lstat(g.lock)
	if err != nil {
		return nil
	}
	return &LockedError{Path: g.lock, Age: g.now().Sub(info.ModTime())}
}

// orphaned holds when the lock file is ours, younger than our dead writer's intent and holds the intended value. One
// that was cut short says less; it must also be older than any git would leave it so.
func (g *guard) orphaned(age time.Duration) bool {
	info, err := os.Lstat(g.lock)
	if err != nil || g.intent == "" || !info.Mode().IsRegular() || !ownedByUs(info) || info.ModTime().Before(g.since) {
		return false
	}
	raw, err := os.ReadFile(g.lock)
	if err != nil || info.Size() > 64 {
		return false
	}
	if want := g.intent + "\n"; string(raw) != want {
		return strings.HasPrefix(want, string(raw)) && age > tornAge
	}
	return true
}

func (g *guard) intend(hash string) error {
	if err := g.write(hash + "\n"); err != nil {
		return fmt.Errorf("write %s: %w", g.file.Name(), err)
	}
	return nil
}

func (g *guard) write(s string) error {
	if err := g.file.Truncate(0); err != nil {
		return err
	}
	if _, err := g.file.WriteAt([]byte(s), 0); err != nil {
		return err
	}
	return g.file.Sync()
}

// release forgets the intent, unless git's lock file is still there to be judged by it.
func (g *guard) release() {
	if g.locked() == nil {
		_ = g.file.Truncate(0) // an intent that stays for no lock file is harmless
	}
	_ = g.file.Close()
}
