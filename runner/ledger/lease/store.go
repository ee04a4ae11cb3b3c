package lease

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

const (
	prefix        = "refs/ringfence/lease/"
	file          = "lease.json"
	maxFile       = 64 << 10
	defaultMargin = ledger.Skew
)

// Store keeps the leases of all tenants and sites, on the remote if there is one.
type Store struct {
	repo *gitrepo.Repo
	refs remote.Refs
	o    remote.Options
}

// Open names the leases; nothing is read or written yet.
func Open(repo *gitrepo.Repo, o remote.Options) *Store {
	return &Store{repo: repo, refs: remote.NewRefs(repo, o.Remote, file, maxFile), o: o}
}

// margin is by how much the clocks of two runners may differ.
func (s *Store) margin() time.Duration {
	if s.o.Margin > 0 {
		return s.o.Margin
	}
	return defaultMargin
}

// Acquire takes the lease of want's tenant and site. Want says Holder, Run, Link and Expires; its Fence is the highest
// that the ledger knows of this site (State.Fences), so that a lost ref does not bring old numbers back. The lease has a
// higher one, and without a Run in want it is named RunOf that. While another run holds the lease, also one of the same
// name, the error is a *HeldError. An expired lease is taken over only when the margin has passed too. After
// gitrepo.ErrRemoteDown the lease may have been taken all the same; it then expires unused.
func (s *Store) Acquire(ctx context.Context, now time.Time, want Held) (Held, error) {
	want.Taken, want.Released = now, false
	var got Held
	err := s.o.Retry(ctx, func() error {
		old, err := s.read(ctx, want.Tenant, want.Site)
		if err != nil {
			return err
		}
		if !old.Free(now, s.margin()) {
			return &HeldError{old}
		}
		next := want
		next.Fence = max(want.Fence, old.Fence) + 1
		next.Run = cmp.Or(want.Run, RunOf(want.Tenant, want.Site, next.Fence))
		got, err = s.write(ctx, now, next, old.commit)
		return err
	})
	return got, err
}

// Renew moves the end of a lease that is held. When it is not held any more, the error is a *HeldError that tells what
// became of it. After another error the lease stands as it was, until its end.
func (s *Store) Renew(ctx context.Context, now time.Time, held Held, expires time.Time) (Held, error) {
	if !expires.After(now) {
		return Held{}, fmt.Errorf("renew the lease of %s/%s: its end is over", held.Tenant, held.Site)
	}
	return s.replace(ctx, now, held, func(l *Held) { l.Expires = expires })
}

// Release gives a lease up; what stays of it keeps its fencing number taken. A lease that is not held any more is
// released already. Releasing a lease that Locks returned takes it away from whoever holds it: the holder notices with
// its next Renew, and its fencing number is refused by hosts that saw a higher one.
func (s *Store) Release(ctx context.Context, now time.Time, held Held) error {
	_, err := s.replace(ctx, now, held, func(l *Held) { l.Expires, l.Released = now, true })
	var lost *HeldError
	if errors.As(err, &lost) {
		return nil
	}
	return err
}

// replace writes a lease's next form over its last one. The last one may be newer than held: an answer was lost.
func (s *Store) replace(ctx context.Context, now time.Time, held Held, edit func(*Held)) (Held, error) {
	var got Held
	err := s.o.Retry(ctx, func() (err error) {
		next := held
		edit(&next)
		if got, err = s.write(ctx, now, next, held.commit); !remote.Overtaken(err) {
			return err
		}
		current, unread := s.read(ctx, held.Tenant, held.Site)
		switch {
		case unread != nil:
			return unread
		case current.commit == "", current.Released, current.Fence != held.Fence:
			return &HeldError{current}
		}
		held = current
		return err
	})
	return got, err
}

// Locks returns all leases, released and expired ones too, by tenant and site. Those that cannot be read are in the
// error, which does not keep the others back.
func (s *Store) Locks(ctx context.Context) ([]Held, error) {
	var at map[string]string
	err := s.o.Retry(ctx, func() (err error) {
		at, err = s.refs.List(ctx, prefix)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the leases: %w", err)
	}
	out, failed := []Held{}, []error{}
	for ref, commit := range at {
		l, err := s.decode(ref, commit)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b Held) int { return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Site, b.Site)) })
	slices.SortFunc(failed, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return out, errors.Join(failed...)
}

func refOf(tenant, site string) string { return prefix + tenant + "/" + site }

// read returns a lease as it stands, the zero Held if there never was one.
func (s *Store) read(ctx context.Context, tenant, site string) (Held, error) {
	if !ledger.IsName(tenant) || !ledger.IsName(site) {
		return Held{}, fmt.Errorf("lease: tenant %q and site %q", tenant, site)
	}
	ref := refOf(tenant, site)
	commit, err := s.refs.Get(ctx, ref)
	if err != nil || commit == "" {
		return Held{}, err
	}
	return s.decode(ref, commit)
}

func (s *Store) decode(ref, commit string) (Held, error) {
	raw, err := s.refs.Read(commit)
	var l Held
	if err == nil {
		l, err = Decode(raw)
	}
	if err == nil && refOf(l.Tenant, l.Site) != ref {
		err = fmt.Errorf("it is the lease of %s/%s", l.Tenant, l.Site)
	}
	if err != nil {
		return Held{}, fmt.Errorf("%w: %s at %s: %w; once no runner works there, remove it with: %s", ledger.ErrBroken, ref, gitrepo.Short(commit), err, s.refs.Removal(ref))
	}
	l.commit = commit
	return l, nil
}

func (s *Store) write(ctx context.Context, now time.Time, l Held, old string) (Held, error) {
	l = l.filled()
	if err := l.check(); err != nil {
		return Held{}, err
	}
	raw, err := ledger.Encode(l)
	if err != nil {
		return Held{}, err
	}
	l.commit, err = s.repo.Commit(ctx, gitrepo.CommitSpec{
		Files: map[string][]byte{file: raw}, Message: message(l), AuthorName: ledger.Author, AuthorEmail: ledger.AuthorEmail,
		When: now, Sign: s.o.Sign,
	})
	if err != nil {
		return Held{}, err
	}
	if err := s.refs.Swap(ctx, refOf(l.Tenant, l.Site), l.commit, old); err != nil {
		return Held{}, err
	}
	return l, nil
}

func message(l Held) string {
	if l.Released {
		return fmt.Sprintf("lease: %s/%s released (fence %d)\n", l.Tenant, l.Site, l.Fence)
	}
	return fmt.Sprintf("lease: %s\n", (&HeldError{l}).Error())
}
