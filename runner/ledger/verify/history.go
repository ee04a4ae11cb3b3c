package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
)

// step is one record in its place.
type step struct {
	seq           int // by its place: 1 is the first
	commit        gitrepo.Commit
	prev          *step // nil at the first
	record        ledger.Record
	files         map[string]string // path to content's name
	before, after ledger.State      // after is what before and the record add up to
}

// past is what stays in memory of a record.
type past struct {
	hash, run, site string
	phase           ledger.Phase
}

// maxFile bounds what is read of one file.
const maxFile = 1 << 30

// files every record has.
const (
	stateFile  = "state.json"
	recordFile = "run/record.json"
)

// walk lists the commits from the first record to the head. History that is cut off is an error of the ledger.
func (v *verifier) walk(head string) (hashes []string, whole bool) {
	whole = true
	for next := head; next != ""; {
		c, err := v.Repo.Header(next)
		if err != nil {
			v.found(nil, Chain, "commit %.12s cannot be read: %v%s", next, err, wayOut(err))
			whole = false
			break
		}
		hashes = append(hashes, next)
		next = ""
		if len(c.Parents) > 0 {
			next = c.Parents[0]
		}
	}
	slices.Reverse(hashes)
	for i, h := range hashes {
		v.hashes[h] = i + 1
	}
	return hashes, whole
}

func wayOut(err error) string {
	if errors.Is(err, gitrepo.ErrNoObject) {
		return "; a shallow clone lacks history: git fetch --unshallow"
	}
	return ""
}

// load reads a record and what it leads to; nil when it cannot be read.
func (v *verifier) load(seq int, hash string, prev *step) *step {
	s := &step{seq: seq, prev: prev}
	s.commit.Hash = hash
	c, err := v.Repo.Header(hash)
	if err == nil {
		s.commit = c
		s.files, err = v.Repo.PlainFiles(hash)
	}
	var raw []byte
	if err == nil {
		raw, err = v.file(s, recordFile)
	}
	if err == nil {
		s.record, err = ledger.DecodeRecord(raw)
	}
	if err != nil {
		if errors.Is(err, gitrepo.ErrPartial) {
			v.partial = fmt.Errorf("record %d of %s: %w", seq, v.Tenant, err)
		}
		v.found(s, Unreadable, "%v", err)
		return nil
	}
	if prev != nil {
		s.before = prev.after
	}
	s.after = ledger.Reduce(s.before, s.record)
	return s
}

var errNoFile = errors.New("it is not there")

// file reads one file of a record.
func (v *verifier) file(s *step, name string) ([]byte, error) {
	hash, ok := s.files[name]
	if !ok {
		return nil, &fileError{name, errNoFile}
	}
	raw, err := v.Repo.Blob(hash, maxFile)
	if err != nil {
		return nil, &fileError{name, err}
	}
	return raw, nil
}

type fileError struct {
	name string
	err  error
}

func (e *fileError) Error() string { return e.name + ": " + e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// seen compares the history with a record that is known from elsewhere.
func (v *verifier) seen(ctx context.Context, head string, hashes []string) {
	w := v.Seen
	switch {
	case w == nil:
	case w.Commit == "" && len(hashes) < w.Seq:
		v.found(nil, Truncated, "record %d was seen, and the newest is %d", w.Seq, len(hashes))
	case w.Commit == "":
	case v.hashes[w.Commit] == 0:
		v.missing(ctx, head, len(hashes))
	case w.Seq > 0 && v.hashes[w.Commit] != w.Seq:
		v.found(nil, Forked, "commit %.12s was seen as record %d and is record %d", w.Commit, w.Seq, v.hashes[w.Commit])
	}
}

// missing tells a history that was cut from one that was written anew.
func (v *verifier) missing(ctx context.Context, head string, n int) {
	w := v.Seen
	if later, err := v.Repo.Descends(ctx, w.Commit, head); err == nil && later {
		v.found(nil, Truncated, "commit %.12s was seen; the ledger ends before it, at record %d", w.Commit, n)
		return
	}
	if w.Seq > n {
		v.found(nil, Truncated, "record %d, commit %.12s, was seen; the ledger ends at record %d", w.Seq, w.Commit, n)
		return
	}
	v.found(nil, Forked, "commit %.12s was seen and is not in this history", w.Commit)
}
