package gitrepo

import (
	"errors"
	"fmt"
	"time"
)

// Errors that callers branch on.
var (
	ErrNotRepository   = errors.New("not a Git repository")
	ErrUnsupported     = errors.New("unsupported repository") // see UnsupportedError
	ErrEmpty           = errors.New("the repository has no commits yet")
	ErrUnknownRevision = errors.New("unknown revision")
	ErrRefNotFound     = errors.New("the ref does not exist")
	ErrRefMoved        = errors.New("the ref is not where it was expected")
	ErrBrokenRef       = errors.New("the ref's file is damaged")
	ErrNoObject        = errors.New("the object is missing")
	ErrPartial         = errors.New("this is a partial clone, which lacks what git would fetch when asked") // with ErrNoObject
	ErrCorrupt         = errors.New("the object is damaged")
	ErrNoGit           = errors.New("the git program was not found")
)

// UnsupportedError says why a repository cannot be used although git may know it.
type UnsupportedError struct{ Dir, What string }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s: unsupported repository: %s; Ringfence reads SHA-1 repositories with the files ref format", e.Dir, e.What)
}

// Is makes errors.Is(err, ErrUnsupported) hold.
func (e *UnsupportedError) Is(target error) bool { return target == ErrUnsupported }

// RefusedError names a file of a commit that is never read: a symlink, a submodule, or one beyond a limit.
type RefusedError struct {
	Path, Why string
	cause     error
}

// Unwrap is what refused it, if that was an error of its own.
func (e *RefusedError) Unwrap() error { return e.cause }

func (e *RefusedError) Error() string { return fmt.Sprintf("%s: refused: %s", e.Path, e.Why) }

// LockedError says that another git process holds a ref, or died holding it.
type LockedError struct {
	Path string        // of the lock file
	Age  time.Duration // since it was written
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s exists since %s: another git process holds it or died holding it; try again, and when no git process uses this repository any more, delete that file",
		e.Path, e.Age.Truncate(time.Second))
}

// GitError is a git program that failed. Stderr is neutralised and bounded.
type GitError struct {
	Verb   string
	Exit   int
	Stderr string
}

func (e *GitError) Error() string {
	return fmt.Sprintf("git %s: exit status %d: %s", e.Verb, e.Exit, e.Stderr)
}
