package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	guardWait = 30 * time.Second
	guardPoll = 20 * time.Millisecond
	tornAge   = time.Minute // before a lock file that says nothing may be taken for ours
)

// UpdateRef moves a ref from old to new; old "" means that the ref must not exist yet. When it returns nil the ref is
// on disk. It returns ErrRefMoved when the ref is somewhere else, also when it is at new already, and a *LockedError
// when another git process holds it. After any other error, such as an ended context, only Ref tells where it is.
func (r *Repo) UpdateRef(ctx context.Context, ref, new, old string) error {
	if err := checkRefName(ref); err != nil {
		return err
	}
	for _, h := range []string{new, zerosIfEmpty(old)} {
		if _, err := fullHash(h); err != nil {
			return err
		}
	}
	g, err := r.guard(ctx, ref)
	if err != nil {
		return err
	}
	defer g.release()
	if err := g.reap(); err != nil {
		return err
	}
	if err := g.intend(new); err != nil {
		return err
	}
	c := r.call("update-ref", "--no-deref", "-m", "ringfence", ref, new, zerosIfEmpty(old))
	c.hold = []*os.File{g.file}
	if _, err := c.run(ctx); err != nil {
		return r.whyNotMoved(g, ref, old, err)
	}
	return nil
}

func zerosIfEmpty(hash string) string {
	if hash == "" {
		return strings.Repeat("0", 40)
	}
	return hash
}

// whyNotMoved looks for the cause of git's refusal. A git that was cut off refused nothing: the ref may have moved.
func (r *Repo) whyNotMoved(g *guard, ref, old string, failed error) error {
	var refused *GitError
	if !errors.As(failed, &refused) {
		return fmt.Errorf("move %s: %w", ref, failed)
	}
	now, err := r.Ref(ref)
	if err != nil && !errors.Is(err, ErrRefNotFound) {
		return err
	}
	if now != old {
		return fmt.Errorf("%s is at %s, not at %s: %w", ref, orNothing(now), orNothing(old), ErrRefMoved)
	}
	if locked := g.locked(); locked != nil {
		return locked
	}
	return fmt.Errorf("move %s: %w", ref, failed)
}

func orNothing(hash string) string {
	if hash == "" {
		return "nothing"
	}
	return hash
}
