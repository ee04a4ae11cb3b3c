package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// Push moves a ref of a remote from old to new; old "" means that the ref must not exist yet, new "" deletes it. When it
// returns nil, the remote says that the ref was moved by this very call. It returns ErrRefMoved when the ref is somewhere
// else, also when it is at new already; ErrRemoteRefused when the remote does not want it; ErrRemoteDown when there was
// no clear answer. After ErrRemoteDown, or an ended context, the ref may have moved all the same: only RemoteRef tells.
func (r *Repo) Push(ctx context.Context, remote, ref, new, old string) error {
	if err := checkPush(ref, new, old); err != nil {
		return err
	}
	out, err := r.talk(ctx, remote, talk{
		verb: "push",
		args: []string{
			"--porcelain", "--no-verify", "--atomic", "--no-signed", "--receive-pack=git-receive-pack",
			"--force-with-lease=" + ref + ":" + old,
		},
		specs: []string{new + ":" + ref},
	})
	a, answered := parseAnswer(string(out), ref)
	var said *talkError
	switch {
	case err != nil && !errors.As(err, &said):
		return err
	case answered && a.flag == '!':
		return r.whyNotPushed(ctx, remote, ref, old, a, said)
	case err != nil && new == "" && strings.Contains(said.git.Stderr, "remote ref does not exist"):
		return fmt.Errorf("%s of %s is not there: %w", ref, remote, ErrRefMoved)
	case err != nil:
		return err
	case !answered:
		return &RemoteError{Remote: remote, Kind: ErrRemoteDown, Text: "git did not say what became of " + ref}
	case a.flag == '=' && new != old:
		return fmt.Errorf("%s of %s is at %s already: %w", ref, remote, new, ErrRefMoved)
	}
	return nil
}

func checkPush(ref, new, old string) error {
	if err := checkRefName(ref); err != nil {
		return err
	}
	if new == "" && old == "" {
		return fmt.Errorf("push %s: neither an old nor a new value", ref)
	}
	for _, h := range []string{new, old} {
		if _, err := fullHash(zerosIfEmpty(h)); err != nil {
			return err
		}
	}
	return nil
}

// answer is one line of git push --porcelain: what became of a ref.
type answer struct {
	flag byte   // ' ' or '+' moved, '*' new, '-' deleted, '=' was there already, '!' not moved
	text string // for people
}

// parseAnswer finds the line of one ref; without exactly one there is no answer.
func parseAnswer(out, ref string) (a answer, ok bool) {
	n := 0
	for line := range strings.Lines(out) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 3 || len(fields[0]) != 1 || !strings.ContainsAny(fields[0], " +*-=!") {
			continue
		}
		if _, target, _ := strings.Cut(fields[1], ":"); target == ref {
			a, n = answer{flag: fields[0][0], text: fields[2]}, n+1
		}
	}
	return a, n == 1
}

// The words for a ref that another writer moved, or is moving right now: in git's answer, and in what the server tells
// beside it, where a hook may write anything.
var (
	overtaken = lazyregexp.New(`stale info|fetch first|non-fast-forward|already exists|failed to lock|incorrect old value|needs force|remote ref updated`)
	contended = lazyregexp.New(`cannot lock ref .*(is at .* but expected|File exists|unable to resolve|reference already exists)`)
)

// whyNotPushed tells a race from a refusal. Servers word both as they like, so in doubt the ref itself is asked.
func (r *Repo) whyNotPushed(ctx context.Context, remote, ref, old string, a answer, said *talkError) error {
	var stderr string
	if said != nil {
		stderr = said.git.Stderr
	}
	words := a.text + "\n" + stderr
	switch {
	case strings.Contains(a.text, "[remote failure]"):
		return &RemoteError{Remote: remote, Kind: ErrRemoteDown, Text: gist(words)}
	case overtaken.MatchString(a.text), contended.MatchString(stderr):
		return fmt.Errorf("%s of %s: %w: %s", ref, remote, ErrRefMoved, gist(words))
	}
	now, err := r.RemoteRef(ctx, remote, ref)
	if err != nil && !errors.Is(err, ErrRefNotFound) {
		return err
	}
	if now != old {
		return fmt.Errorf("%s of %s is at %s, not at %s: %w", ref, remote, orNothing(now), orNothing(old), ErrRefMoved)
	}
	return &RemoteError{Remote: remote, Kind: ErrRemoteRefused, Text: untrusted.Line(ref, maxGist) + ": " + gist(words)}
}
