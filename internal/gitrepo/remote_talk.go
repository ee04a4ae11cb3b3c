package gitrepo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// remotePatience is how long one conversation with a remote may take: a large snapshot over a slow line fits, a line
// that hangs costs no window.
const remotePatience = 2 * time.Minute

// remoteOverrides switch off what a repository's configuration could make a fetch or push do beside what it was asked.
var remoteOverrides = []string{
	"fetch.recurseSubmodules=false",
	"push.recurseSubmodules=no",
	"push.gpgSign=false",
	"push.followTags=false",
	"push.negotiate=false",
	"fetch.bundleURI=",
	"fetch.writeCommitGraph=false",
	"protocol.version=2",
}

// remoteEnv are the GIT_ variables by which a user says how to reach remotes.
var remoteEnv = []string{"GIT_SSH=", "GIT_SSH_COMMAND=", "GIT_SSH_VARIANT=", "GIT_ASKPASS=", "GIT_SSL_", "GIT_HTTP_"}

// allowedProtocols are those that authenticate the server, and the file system. ext:: would run a command.
const allowedProtocols = "GIT_ALLOW_PROTOCOL=file:https:ssh"

// talk is one conversation with a remote.
type talk struct {
	verb  string
	args  []string
	specs []string // after the remote's name
}

// talk returns what git wrote to stdout, also when it failed. What failed is a *RemoteError, unless git itself could
// not run or the caller's context ended. It is also a *GitError when git ended by itself.
func (r *Repo) talk(ctx context.Context, remote string, t talk) ([]byte, error) {
	if err := r.CheckRemote(ctx, remote); err != nil {
		return nil, err
	}
	c := r.call(append(append([]string{t.verb}, t.args...), append([]string{"--", remote}, t.specs...)...)...)
	c.dir, c.alone, c.limit = cmp.Or(r.root, r.gitDir), true, remoteOutput // a relative address counts from where git would be
	c.config = append(c.config, remoteOverrides...)
	c.config = append(c.config, "remote."+remote+".mirror=false", "remote."+remote+".prune=false")
	c.env = append(usersRemoteEnv(os.Environ()), allowedProtocols)
	limited, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	out, err := c.run(limited)
	return out, r.explainTalk(ctx, limited, remote, err)
}

func (r *Repo) explainTalk(ctx, limited context.Context, remote string, err error) error {
	var failed *GitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("talk to %s: %w", remote, ctx.Err())
	case limited.Err() != nil:
		return &RemoteError{Remote: remote, Kind: ErrRemoteDown, Text: "no answer within " + r.patience.String()}
	case errors.As(err, &failed):
		return &talkError{failure(remote, failed.Stderr), failed}
	}
	return fmt.Errorf("talk to %s: %w", remote, err)
}

// talkError is a RemoteError that still knows what git said, for those who can say more of it.
type talkError struct {
	*RemoteError
	git *GitError
}

func (e *talkError) Unwrap() []error { return []error{e.RemoteError, e.git} }

// CheckRemote refuses a remote that does not exist, and one with several addresses: git would push to one after the
// other, which no compare-and-swap can undo.
func (r *Repo) CheckRemote(ctx context.Context, name string) error {
	if !plainRemote.MatchString(name) {
		return fmt.Errorf("%q: %w", name, ErrNoRemote)
	}
	out, err := r.call("remote", "get-url", "--push", "--all", name).run(ctx)
	var failed *GitError
	switch {
	case errors.As(err, &failed):
		return fmt.Errorf("%s: %w", name, ErrNoRemote)
	case err != nil:
		return err
	case strings.Count(string(out), "\n") != 1:
		return fmt.Errorf("%s: %w: it has several addresses to push to, and only one can be the place where all runners meet", name, ErrUnsupported)
	}
	return nil
}

func usersRemoteEnv(of []string) []string {
	var env []string
	for _, kv := range of {
		for _, prefix := range remoteEnv {
			if strings.HasPrefix(kv, prefix) {
				env = append(env, kv)
			}
		}
	}
	return env
}
