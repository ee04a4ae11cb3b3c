package branch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
)

// ReadFile returns one file of a record's commit, such as run/plan.json.
func (l *Ledger) ReadFile(h Head, path string) ([]byte, error) {
	if h.Commit == "" {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	return l.repo.ReadFile(h.Commit, path, maxFile)
}

// At reads one record's commit whole, as Head reads the tip.
func (l *Ledger) At(commit string) (Head, error) { return l.at(commit) }

// Record reads what one record's commit tells, without the state after it.
func (l *Ledger) Record(commit string) (ledger.Record, error) {
	r, err := decodeFile(l, commit, recordFile, ledger.DecodeRecord)
	if err != nil {
		return ledger.Record{}, l.broken(commit, err)
	}
	return r, nil
}

// Snapshot returns the latest snapshot of a site. The error wraps ErrNoSnapshot when there is none.
func (l *Ledger) Snapshot(ctx context.Context, h Head, site string) (*inventory.Snapshot, error) {
	if !ledger.IsName(site) {
		return nil, fmt.Errorf("ledger: %q is no site name", site)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	raw, err := l.ReadFile(h, SnapshotPath(site))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("tenant %s, site %s: %w", l.tenant, site, ErrNoSnapshot)
	}
	if err != nil {
		return nil, l.broken(h.Commit, err)
	}
	s, err := inventory.Decode(bytes.NewReader(raw))
	if err == nil && (s.Tenant != l.tenant || s.Site != site) {
		err = fmt.Errorf("it is of tenant %q, site %q", s.Tenant, s.Site)
	}
	if err != nil {
		return nil, l.broken(h.Commit, fmt.Errorf("%s: %w", SnapshotPath(site), err))
	}
	return s, nil
}

// SnapshotPath is where a site's snapshot stands in a record's commit.
func SnapshotPath(site string) string { return "snapshot/" + site + ".jsonl" }

// LogEntry is one record as its commit's header shows it.
type LogEntry struct {
	Commit   string
	When     time.Time
	Subject  string
	Trailers gitrepo.Trailers
	Seq      int
	Signed   bool
}

// Log walks from a record to older ones, at most limit of them (0: all), reading headers only. A commit that is no
// record, or does not follow its parent, ends the walk with an error that wraps ledger.ErrBroken.
func (l *Ledger) Log(ctx context.Context, h Head, limit int) iter.Seq2[LogEntry, error] {
	return func(yield func(LogEntry, error) bool) {
		if h.Commit == "" {
			return
		}
		n, want, stopped := 0, h.State.Seq, false
		var failed error
		err := l.repo.Walk(h.Commit, func(c gitrepo.Commit) bool {
			if failed = ctx.Err(); failed != nil {
				return false
			}
			seq, err := number(c)
			if err == nil && seq != want {
				err = fmt.Errorf("record %d stands where %d belongs", seq, want)
			}
			if err != nil {
				failed = l.broken(c.Hash, err)
				return false
			}
			n, want = n+1, seq-1
			stopped = !yield(LogEntry{Commit: c.Hash, When: c.CommitTime, Subject: c.Subject, Trailers: c.Trailers, Seq: seq, Signed: c.Signed}, nil)
			return !stopped && n != limit && seq > 1
		})
		if err != nil {
			failed = l.broken(h.Commit, err)
		}
		if failed != nil && !stopped {
			yield(LogEntry{}, failed)
		}
	}
}

// Replay reduces every record from the first to h and returns the state that they add up to. A ledger that was not
// tampered with gives h.State. It needs the whole history, which a shallow clone does not have.
func (l *Ledger) Replay(ctx context.Context, h Head) (ledger.State, error) {
	defer l.repo.Hold()()
	var hashes []string
	for e, err := range l.Log(ctx, h, 0) {
		if err != nil {
			return ledger.State{}, err
		}
		hashes = append(hashes, e.Commit)
	}
	if len(hashes) != h.State.Seq {
		return ledger.State{}, fmt.Errorf("replay the ledger of %s: %d of %d records are here; fetch the rest: git fetch --unshallow", l.tenant, len(hashes), h.State.Seq)
	}
	var s ledger.State
	for _, hash := range slices.Backward(hashes) {
		if err := ctx.Err(); err != nil {
			return ledger.State{}, err
		}
		at, err := l.at(hash)
		if err != nil {
			return ledger.State{}, err
		}
		s = ledger.Reduce(s, at.Record)
	}
	return s, nil
}
