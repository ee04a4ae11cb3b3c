package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/internal/gitrepo"
)

// seenRef holds the last commit of a shared ref that this repository saw on a remote. It lies outside refs/remotes,
// which any git fetch moves backwards without a word.
func seenRef(remote, name string) string { return "refs/ringfence/seen/" + remote + "/" + name }

// seen is that commit, "" before the first.
func (s shared) seen() (string, error) { return absent(s.repo.Ref(s.seenRef)) }

// shared is one ref of a remote whose history only grows.
type shared struct {
	repo    *gitrepo.Repo
	remote  string
	ref     string
	seenRef string
}

func (l *Ledger) shared() shared {
	return shared{l.repo, l.o.Remote, l.ref, seenRef(l.o.Remote, "ledger/"+l.tenant)}
}

// fetch brings the ref's history here and returns its tip, "" without the ref. A tip that is not the last one seen or
// a descendant of it is ErrRewound; otherwise it is remembered.
func (s shared) fetch(ctx context.Context) (string, error) {
	tip, err := absent(s.repo.RemoteRef(ctx, s.remote, s.ref))
	if err != nil {
		return "", err
	}
	seen, err := s.seen()
	if err != nil || tip == seen {
		return tip, err
	}
	if tip == "" {
		return "", s.rewound(seen, "nothing")
	}
	if err := s.repo.Fetch(ctx, s.remote, s.ref); err != nil {
		return "", err
	}
	if seen != "" {
		grown, err := s.repo.Descends(ctx, tip, seen)
		switch {
		case errors.Is(err, gitrepo.ErrNoObject):
			return "", fmt.Errorf("%w: %w", gitrepo.ErrRefMoved, err) // it moved again before the fetch
		case err != nil:
			return "", err
		case !grown:
			return "", s.rewound(seen, tip)
		}
	}
	return tip, s.repo.UpdateRef(ctx, s.seenRef, tip, seen)
}

func (s shared) rewound(seen, now string) error {
	return fmt.Errorf("%w: %s of %s was at %s and is at %s, which does not follow it; restore it with: git push %s %s:%s; "+
		"if it was meant so, forget what was seen with: git update-ref -d %s",
		ErrRewound, s.ref, s.remote, short(seen), short(now), s.remote, short(seen), s.ref, s.seenRef)
}

// push moves the ref from the last value seen to new, which must descend from it.
func (s shared) push(ctx context.Context, new string) error {
	seen, err := s.seen()
	if err != nil {
		return err
	}
	if seen != "" {
		grown, err := s.repo.Descends(ctx, new, seen)
		if err != nil {
			return err
		}
		if !grown { // another process of this machine saw more than new was built on
			return fmt.Errorf("%s: %w", s.ref, gitrepo.ErrRefMoved)
		}
	}
	if err := s.repo.Push(ctx, s.remote, s.ref, new, seen); err != nil {
		return err
	}
	// The remote has it. If this note cannot be written, the next fetch writes it.
	_ = s.repo.UpdateRef(ctx, s.seenRef, new, seen)
	return nil
}

// absent takes a ref that does not exist for the hash "".
func absent(hash string, err error) (string, error) {
	if errors.Is(err, gitrepo.ErrRefNotFound) {
		return "", nil
	}
	return hash, err
}
