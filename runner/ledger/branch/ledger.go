// Package branch is a tenant's ledger in Git: one commit per record on branch ringfence/ledger/<tenant>, whose tree holds
// the state that all records so far add up to. It only grows, here and on the remote that runners share.
package branch

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

// Errors that callers branch on.
var (
	ErrNoSnapshot = errors.New("no scan has been recorded")
	ErrUnpushed   = errors.New("the record is kept here, but is not on the remote")
	ErrUnsigned   = errors.New("there is no key to sign with") // and nothing was written
)

// The files of a ledger commit.
const (
	stateFile  = "state.json"
	recordFile = "run/record.json"
)

// maxFile bounds what is read back of a ledger: a snapshot of a million hosts fits.
const maxFile = 1 << 30

// Ledger is one tenant's record in a repository.
type Ledger struct {
	repo   *gitrepo.Repo
	tenant string
	ref    string
	o      remote.Options
}

// Open names a tenant's ledger that nobody else writes; nothing is read or written yet.
func Open(repo *gitrepo.Repo, tenant string) *Ledger { return OpenWith(repo, tenant, remote.Options{}) }

// OpenWith is Open with options; with a remote in them, runners share the ledger.
func OpenWith(repo *gitrepo.Repo, tenant string, o remote.Options) *Ledger {
	return &Ledger{repo: repo, tenant: tenant, ref: "refs/heads/ringfence/ledger/" + tenant, o: o}
}

// Ref is the ledger's branch.
func (l *Ledger) Ref() string { return l.ref }

// Head is the tip of a ledger. The zero Head is that of a ledger that nothing was written to yet.
type Head struct {
	Commit string
	State  ledger.State
	Record ledger.Record
	Signed bool // it carries a signature; only a verifier says whether it is a good one
}

// Head reads the tip and checks that it is a whole record of this tenant; if not, the error wraps ledger.ErrBroken. Without
// the branch it returns the zero Head.
func (l *Ledger) Head(ctx context.Context) (Head, error) {
	if err := l.check(); err != nil {
		return Head{}, err
	}
	if err := ctx.Err(); err != nil {
		return Head{}, err
	}
	hash, err := l.repo.Ref(l.ref)
	switch {
	case errors.Is(err, gitrepo.ErrRefNotFound):
		return Head{}, nil
	case errors.Is(err, gitrepo.ErrBrokenRef):
		return Head{}, l.broken("", err)
	case err != nil:
		return Head{}, fmt.Errorf("ledger of %s: %w", l.tenant, err)
	}
	return l.at(hash)
}

// at reads one record's commit whole; any error wraps ledger.ErrBroken.
func (l *Ledger) at(hash string) (Head, error) {
	h, err := l.read(hash)
	if err != nil {
		return Head{}, l.broken(hash, err)
	}
	return h, nil
}

func (l *Ledger) read(hash string) (Head, error) {
	c, err := l.repo.Header(hash)
	if err != nil {
		return Head{}, err
	}
	seq, err := l.follows(c)
	if err != nil {
		return Head{}, err
	}
	h := Head{Commit: hash, Signed: c.Signed}
	if h.Record, err = decodeFile(l, hash, recordFile, ledger.DecodeRecord); err != nil {
		return Head{}, err
	}
	if h.State, err = decodeFile(l, hash, stateFile, ledger.DecodeState); err != nil {
		return Head{}, err
	}
	if err := l.matches(recordFile, h.Record.Tenant, h.Record.Seq, seq); err != nil {
		return Head{}, err
	}
	return h, l.matches(stateFile, h.State.Tenant, h.State.Seq, seq)
}

func decodeFile[T any](l *Ledger, hash, name string, decode func([]byte) (T, error)) (T, error) {
	raw, err := l.repo.ReadFile(hash, name, maxFile)
	if err != nil {
		var none T
		return none, err
	}
	return decode(raw)
}

func (l *Ledger) matches(file, tenant string, seq, want int) error {
	if tenant != l.tenant {
		return fmt.Errorf("%s is of tenant %q", file, tenant)
	}
	if seq != want {
		return fmt.Errorf("%s says number %d, the commit says %d", file, seq, want)
	}
	return nil
}

// follows returns a commit's number, after comparing it with its parent's: numbers have no gaps.
func (l *Ledger) follows(c gitrepo.Commit) (int, error) {
	seq, err := number(c)
	if err != nil {
		return 0, err
	}
	if want := min(seq-1, 1); len(c.Parents) != want {
		return 0, fmt.Errorf("record %d has %d parents, not %d", seq, len(c.Parents), want)
	}
	if seq == 1 {
		return seq, nil
	}
	parent, err := l.repo.Header(c.Parents[0])
	if errors.Is(err, gitrepo.ErrNoObject) {
		return seq, nil // the edge of a shallow clone
	}
	if err != nil {
		return 0, err
	}
	if before, err := number(parent); err != nil || before != seq-1 {
		return 0, fmt.Errorf("record %d does not follow record %d", seq, seq-1)
	}
	return seq, nil
}

func (l *Ledger) broken(commit string, why error) error {
	if errors.Is(why, gitrepo.ErrPartial) { // nothing is wrong with it
		return fmt.Errorf("record %s of %s: %w", gitrepo.Short(commit), l.tenant, why)
	}
	if commit == "" {
		return fmt.Errorf("%w: tenant %s: %w; look with: git fsck --full, git reflog show %s", ledger.ErrBroken, l.tenant, why, l.ref)
	}
	return fmt.Errorf("%w: tenant %s, commit %s: %w; look with: git show %s, git log --first-parent %s",
		ledger.ErrBroken, l.tenant, gitrepo.Short(commit), why, gitrepo.Short(commit), l.ref)
}

func (l *Ledger) check() error {
	if !ledger.IsName(l.tenant) {
		return fmt.Errorf("ledger: %q is no tenant name", l.tenant)
	}
	return nil
}
