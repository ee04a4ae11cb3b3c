package branch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

// Trailers of a ledger commit.
const (
	TrailerRun     = "Ringfence-Run"
	TrailerPlan    = "Ringfence-Plan"
	TrailerPolicy  = "Ringfence-Policy"
	TrailerOutcome = "Ringfence-Outcome"
	TrailerSeq     = "Ringfence-Seq"
)

// Entry is one record to append. Files are further files of its commit, below snapshot/, run/ or inputs/; a snapshot
// stays until another one of its site replaces it, the others belong to this record alone.
type Entry struct {
	Record  ledger.Record
	Files   map[string][]byte
	Subject string // "": composed from the record
	Outcome string // "": the record's

	// Check, if set, is called with each record that this one is about to follow, also when other runners' records came
	// in between: what was sensible then need not be sensible now. Its error ends the append, and nothing is written.
	Check func(Head) error
	// MustPush keeps nothing here when the remote cannot be written: for an intent, which then starts nothing.
	MustPush bool
}

// Append writes an entry as the successor of prev and returns the new tip. When it returns without an error, the
// record is on disk, and on the remote if the ledger has one.
//
// Without a remote: when somebody else wrote since prev was read, nothing is written and the error wraps
// remote.ErrMoved.
//
// With a remote, the record follows whatever others wrote meanwhile, as far as Check lets it. When the remote cannot be
// written, the record stays here for Push, and the error wraps ErrUnpushed and the cause; the tip is returned all the
// same. With MustPush the error does not wrap ErrUnpushed, and nothing stays here, not even after remote.ErrMoved.
func (l *Ledger) Append(ctx context.Context, prev Head, e Entry) (Head, error) {
	next, err := l.append(ctx, prev, e)
	if err != nil {
		return next, fmt.Errorf("append to the ledger of %s: %w", l.tenant, err)
	}
	return next, nil
}

func (l *Ledger) append(ctx context.Context, prev Head, e Entry) (Head, error) {
	if err := l.check(); err != nil {
		return Head{}, err
	}
	if l.o.Remote != "" {
		return l.appendShared(ctx, prev, e)
	}
	next, err := l.build(ctx, prev, e)
	if err != nil {
		return Head{}, err
	}
	if err := l.move(ctx, next.Commit, prev.Commit); err != nil {
		return Head{}, err
	}
	return next, nil
}

// build writes an entry's commit as the successor of prev; no ref leads to it yet.
func (l *Ledger) build(ctx context.Context, prev Head, e Entry) (Head, error) {
	if l.o.Signed && l.o.Sign == nil {
		return Head{}, fmt.Errorf("record %d must be signed: %w", prev.State.Seq+1, ErrUnsigned)
	}
	if e.Check != nil {
		if err := e.Check(prev); err != nil {
			return Head{}, err
		}
	}
	next, err := l.successor(prev, e.Record)
	if err != nil {
		return Head{}, err
	}
	spec, err := l.spec(prev, next, e)
	if err != nil {
		return Head{}, err
	}
	next.Commit, err = l.repo.Commit(ctx, spec)
	if err != nil {
		return Head{}, err
	}
	return next, nil
}

// move sets the local branch.
func (l *Ledger) move(ctx context.Context, new, old string) error {
	err := l.repo.UpdateRef(ctx, l.ref, new, old)
	if errors.Is(err, gitrepo.ErrRefMoved) {
		return fmt.Errorf("%w: %w", remote.ErrMoved, err)
	}
	return err
}

func (l *Ledger) successor(prev Head, r ledger.Record) (Head, error) {
	if r.Tenant != "" && r.Tenant != l.tenant {
		return Head{}, fmt.Errorf("the record is of tenant %q", r.Tenant)
	}
	r.Tenant, r.Seq, r.At = l.tenant, prev.State.Seq+1, notBefore(r, prev.Record)
	r = r.Filled()
	if err := r.Check(); err != nil {
		return Head{}, err
	}
	return Head{State: ledger.Reduce(prev.State, r), Record: r, Signed: l.o.Sign != nil}, nil
}

// notBefore is when a record was written as the successor of another. One that waited, because its remote was down or
// its runner was stopped, is put on top of records that are later than itself. Test clocks may run backwards.
func notBefore(r, prev ledger.Record) time.Time {
	if r.TestClock || prev.TestClock || !r.At.Before(prev.At) {
		return r.At
	}
	return prev.At
}

func (l *Ledger) spec(prev, next Head, e Entry) (gitrepo.CommitSpec, error) {
	spec := gitrepo.CommitSpec{
		Parent: prev.Commit, Files: map[string][]byte{}, Message: message(next.Record, e),
		AuthorName: ledger.Author, AuthorEmail: ledger.AuthorEmail, When: next.Record.At, Sign: l.o.Sign,
	}
	for name, raw := range e.Files {
		top, rest, _ := strings.Cut(name, "/")
		if rest == "" || name == recordFile || (top != "snapshot" && top != "run" && top != "inputs") {
			return spec, fmt.Errorf("%q has no place in a record", name)
		}
		spec.Files[name] = raw
	}
	for name, v := range map[string]any{stateFile: next.State, recordFile: next.Record} {
		raw, err := ledger.Encode(v)
		if err != nil {
			return spec, fmt.Errorf("%s: %w", name, err)
		}
		spec.Files[name] = raw
	}
	kept, err := l.snapshots(prev)
	for _, name := range kept {
		if _, replaced := spec.Files[name]; !replaced {
			spec.Keep = append(spec.Keep, name)
		}
	}
	return spec, err
}

func (l *Ledger) snapshots(prev Head) ([]string, error) {
	if prev.Commit == "" {
		return nil, nil
	}
	names, err := l.repo.List(prev.Commit, "snapshot")
	for i, name := range names {
		names[i] = "snapshot/" + name
	}
	return names, err
}

// message is the commit's text. Every part is neutralised: it is printed by git log and by forges.
func message(r ledger.Record, e Entry) string {
	subject, outcome := e.Subject, e.Outcome
	if subject == "" {
		subject = ledger.Subject(r)
	}
	if outcome == "" {
		outcome = r.Outcome
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n\n", ledger.Line(subject))
	for _, t := range []gitrepo.Trailer{
		{Key: TrailerRun, Value: r.Run},
		{Key: TrailerPlan, Value: r.Plan},
		{Key: TrailerPolicy, Value: r.Policy},
		{Key: TrailerOutcome, Value: outcome},
		{Key: TrailerSeq, Value: strconv.Itoa(r.Seq)},
	} {
		if t.Value != "" {
			fmt.Fprintf(&b, "%s: %s\n", t.Key, ledger.Line(t.Value))
		}
	}
	return b.String()
}

// number reads a commit's Ringfence-Seq.
func number(c gitrepo.Commit) (int, error) {
	value, ok := c.Trailers.Get(TrailerSeq)
	if !ok {
		return 0, fmt.Errorf("the commit is no record: it has not exactly one %s", TrailerSeq)
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || strconv.Itoa(n) != value {
		return 0, fmt.Errorf("the commit's %s is %q", TrailerSeq, value)
	}
	return n, nil
}
