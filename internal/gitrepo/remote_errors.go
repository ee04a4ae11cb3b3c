package gitrepo

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// Errors of remotes that callers branch on.
var (
	ErrNoRemote      = errors.New("the repository has no such remote")
	ErrRemoteDown    = errors.New("the remote cannot be reached")
	ErrRemoteRefused = errors.New("the remote refused") // a hook, a permission, a quota: asking again will not help
)

// RemoteError is a remote that could not be reached or refused. Text is git's and the server's words, neutralised, in
// one line, without credentials.
type RemoteError struct {
	Remote string
	Kind   error // ErrRemoteDown or ErrRemoteRefused
	Text   string
}

func (e *RemoteError) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.Remote, e.Kind, e.Text)
}

func (e *RemoteError) Unwrap() error { return e.Kind }

// refusals are what git and the usual servers say when another try will not help.
var refusals = lazyregexp.New(`(?i)permission (to .* )?denied|permission denied|access denied|not allowed|unauthorized|forbidden|` +
	`authentication failed|could not read (username|password)|invalid credentials|repository not found|project .* could not be found|` +
	`returned error: 40[13]|dubious ownership|archived|quota|read-?only|exceed|no space left|unpack failed|unpacker error`)

// failure says what a failed conversation with a remote means. When no word tells, the remote is down: its answer,
// whatever it was, was not understood.
func failure(remote, text string) *RemoteError {
	e := &RemoteError{Remote: remote, Kind: ErrRemoteDown, Text: gist(text)}
	if refusals.MatchString(text) {
		e.Kind = ErrRemoteRefused
	}
	return e
}

const maxGist = 600

var credentials = lazyregexp.New(`://[^/@\s]*@`)

// gist is what matters of git's stderr, in one line: not its advice, not its progress, no password of a URL.
func gist(stderr string) string {
	var lines []string
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "remote: "))
		if line == "" || line == "remote:" || strings.HasPrefix(line, "hint:") || strings.HasPrefix(line, "Please make sure") ||
			strings.HasPrefix(line, "and the repository exists") || strings.HasPrefix(line, "error: failed to push some refs") {
			continue
		}
		lines = append(lines, line)
	}
	return untrusted.Line(credentials.ReplaceAllString(strings.Join(lines, "; "), "://"), maxGist)
}
