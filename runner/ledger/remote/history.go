package remote

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/internal/gitrepo"
)

// History is one ref of a remote whose history only grows.
type History struct {
	repo   *gitrepo.Repo
	remote string
	ref    string
	seen   string // ref of the last commit that this repository saw there
}

// NewHistory names a ref of a remote. What was last seen of it is kept under name, outside refs/remotes, which any git
// fetch moves backwards without a word.
func NewHistory(repo *gitrepo.Repo, remote, ref, name string) History {
	return History{repo, remote, ref, "refs/ringfence/seen/" + remote + "/" + name}
}

// SeenRef is where the last commit is kept that this repository saw of the ref.
func (h History) SeenRef() string { return h.seen }

// Seen is that commit, "" before the first.
func (h History) Seen() (string, error) { return Here(h.repo, h.seen) }

// Fetch brings the ref's history here and returns its tip, "" without the ref. A tip that is not the last one seen or
// a descendant of it is ErrRewound; otherwise it is remembered.
func (h History) Fetch(ctx context.Context) (string, error) {
	tip, err := absent(h.repo.RemoteRef(ctx, h.remote, h.ref))
	if err != nil {
		return "", err
	}
	seen, err := h.Seen()
	if err != nil || tip == seen {
		return tip, err
	}
	if tip == "" {
		return "", h.rewound(seen, "nothing")
	}
	if err := h.repo.Fetch(ctx, h.remote, h.ref); err != nil {
		return "", err
	}
	if seen != "" {
		grown, err := h.repo.Descends(ctx, tip, seen)
		switch {
		case errors.Is(err, gitrepo.ErrNoObject):
			return "", fmt.Errorf("%w: %w", gitrepo.ErrRefMoved, err) // it moved again before the fetch
		case err != nil:
			return "", err
		case !grown:
			return "", h.rewound(seen, tip)
		}
	}
	return tip, h.repo.UpdateRef(ctx, h.seen, tip, seen)
}

func (h History) rewound(seen, now string) error {
	return fmt.Errorf("%w: %s of %s was at %s and is at %s, which does not follow it; restore it with: git push %s %s:%s; "+
		"if it was meant so, forget what was seen with: git update-ref -d %s",
		ErrRewound, h.ref, h.remote, gitrepo.Short(seen), gitrepo.Short(now), h.remote, gitrepo.Short(seen), h.ref, h.seen)
}

// Push moves the ref from the last value seen to new, which must descend from it.
func (h History) Push(ctx context.Context, new string) error {
	seen, err := h.Seen()
	if err != nil {
		return err
	}
	if seen != "" {
		grown, err := h.repo.Descends(ctx, new, seen)
		if err != nil {
			return err
		}
		if !grown { // another process of this machine saw more than new was built on
			return fmt.Errorf("%s: %w", h.ref, gitrepo.ErrRefMoved)
		}
	}
	if err := h.repo.Push(ctx, h.remote, h.ref, new, seen); err != nil {
		return err
	}
	// The remote has it. If this note cannot be written, the next fetch writes it.
	_ = h.repo.UpdateRef(ctx, h.seen, new, seen)
	return nil
}

// Here is where a ref of this repository is, "" for one that does not exist.
func Here(repo *gitrepo.Repo, ref string) (string, error) { return absent(repo.Ref(ref)) }

// absent takes a ref that does not exist for the hash "".
func absent(hash string, err error) (string, error) {
	if errors.Is(err, gitrepo.ErrRefNotFound) {
		return "", nil
	}
	return hash, err
}
