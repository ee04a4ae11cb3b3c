package gitrepo

import (
	"context"
	"errors"
	"fmt"
)

// Descends reports whether a commit is another one or has it among its ancestors. When this repository lacks one of
// them, the error wraps ErrNoObject.
func (r *Repo) Descends(ctx context.Context, commit, ancestor string) (bool, error) {
	for _, h := range []string{commit, ancestor} {
		if _, err := r.Header(h); err != nil {
			return false, err
		}
	}
	if commit == ancestor {
		return true, nil
	}
	_, err := r.call("merge-base", "--is-ancestor", ancestor, commit).run(ctx)
	var failed *GitError
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &failed) && failed.Exit == 1:
		return false, nil
	}
	return false, fmt.Errorf("compare %s with %s: %w", commit, ancestor, err)
}
