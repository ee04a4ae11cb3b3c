package command

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"
	"syscall"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/gitrepo"
)

// sink is stdout. It remembers that it did not take everything: a document that was cut because the disk is full must
// not end with exit code 0. Who reads no further, as head does, has what it wants; that is no failure.
type sink struct {
	to     io.Writer
	mu     sync.Mutex
	failed error
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return 0, s.failed // what comes after a gap is no use, and whoever fails of it fails of the first one
	}
	n, err := s.to.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		return len(p), nil
	}
	s.failed = err
	return n, err
}

func (s *sink) lost() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// unwritten says which of the program's output is not whole, given what became of the event streams.
func (a *app) unwritten(events error) (diag.Diagnostic, bool) {
	what, err := "standard output was", a.stdout.lost()
	if err == nil {
		what, err = "the events were", events
	}
	return diag.New(diag.WriteFailed, "%s not written whole: %s", what, plainly(err)).
		WithFix("make room or name another place, then run the command again"), err != nil
}

// systemError gives what git and the system say, whichever verb met it, a code and a way out. Other errors stay.
func systemError(err error) error {
	var git *gitrepo.GitError
	var file *fs.PathError
	switch {
	case errors.Is(err, gitrepo.ErrNoRemote):
		return noRemote(err)
	case errors.Is(err, gitrepo.ErrPartial):
		return partialClone(err)
	case errors.Is(err, gitrepo.ErrNoGit):
		return diag.New(diag.GitFailed, "the git program was not found").WithFix("install git, or put its folder on PATH")
	case errors.As(err, &git):
		return gitFailure(git)
	case errors.As(err, &file) && errors.Is(err, fs.ErrPermission):
		return diag.New(diag.WriteFailed, "%s: %s", file.Path, plainly(err)).WithFix("see that this user may read and write it")
	}
	return err
}

// gitFailure reads the few messages of git that a person can do something about.
func gitFailure(e *gitrepo.GitError) error {
	first := firstLine(e)
	switch {
	case strings.Contains(first, "dubious ownership"):
		return diag.New(diag.GitFailed, "git does not trust this repository: its folder belongs to another user").
			WithFix("run ringfence as that user, or add the folder to safe.directory of git's configuration")
	case saysAny(e.Stderr, "ermission denied", "insufficient permission", "Read-only file system", "No space left", "Disk quota"):
		return diag.New(diag.WriteFailed, "the repository was not written: git %s: %s", e.Verb, first).
			WithFix("see that this user may write its .git folder, and that there is room")
	}
	return diag.New(diag.GitFailed, "git %s: %s", e.Verb, first).WithFix("see what git says there: git status, git fsck")
}

// firstLine is what git says first, without the word before it that says how bad it is.
func firstLine(e *gitrepo.GitError) string {
	first, _, _ := strings.Cut(e.Stderr, "\n")
	return strings.TrimPrefix(strings.TrimPrefix(first, "fatal: "), "error: ")
}

func saysAny(text string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(text, p) {
			return true
		}
	}
	return false
}
