package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/ringfence/ringfence/internal/untrusted"
)

// overrides switch off whatever a repository's configuration could make git run, and make what it writes durable.
// Everything else of the user's configuration stays.
var overrides = []string{
	"core.hooksPath=/dev/null",
	"core.fsmonitor=false",
	"core.untrackedCache=false",
	"core.splitIndex=false",
	"core.symlinks=false",
	"core.editor=true",
	"core.fsync=all",
	"core.fsyncMethod=fsync",
	"core.filesRefLockTimeout=1000",
	"submodule.recurse=false",
	"protocol.allow=never",
	"fetch.fsckObjects=true",
	"safe.bareRepository=explicit",
	"gc.auto=0",
	"maintenance.auto=false",
	"i18n.commitEncoding=UTF-8",
	"log.showSignature=false",
}

// keptEnv are the GIT_ variables that carry the user's own settings. All others are dropped: inside a hook, GIT_DIR
// and GIT_INDEX_FILE would point every call at another repository.
var keptEnv = []string{
	"GIT_CONFIG_GLOBAL=", "GIT_CONFIG_SYSTEM=", "GIT_CONFIG_NOSYSTEM=", "GIT_CONFIG_COUNT=", "GIT_CONFIG_KEY_",
	"GIT_CONFIG_VALUE_", "GIT_EXEC_PATH=", "GIT_CEILING_DIRECTORIES=", "GIT_DISCOVERY_ACROSS_FILESYSTEM=",
}

// fixedEnv makes messages parsable and keeps git from asking, replacing objects or reaching the network.
var fixedEnv = []string{
	"LC_ALL=C", "LANGUAGE=", "GIT_TERMINAL_PROMPT=0", "GIT_PAGER=cat", "GIT_OPTIONAL_LOCKS=0",
	"GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none", "GIT_LITERAL_PATHSPECS=1",
}

const (
	defaultOutput = 1 << 20
	errorOutput   = 8 << 10
	graceful      = 5 * time.Second
)

// call is one run of the git program.
type call struct {
	dir    string
	config []string // more key=value
	args   []string
	env    []string
	stdin  []byte
	limit  int        // of the output in bytes, 0: defaultOutput
	hold   []*os.File // the child inherits these, and with them the locks they carry
	alone  bool       // in a session of its own: nothing can ask on the terminal, and all it started ends with it
}

// command is the git process, without input and output.
func (c call) command(ctx context.Context) *exec.Cmd {
	var argv []string
	for _, kv := range append(overrides[:len(overrides):len(overrides)], c.config...) {
		argv = append(argv, "-c", kv)
	}
	cmd := exec.CommandContext(ctx, "git", append(argv, c.args...)...)
	cmd.Dir, cmd.Env, cmd.ExtraFiles = c.dir, append(environment(os.Environ()), c.env...), c.hold
	if detach(cmd); c.alone {
		ownSession(cmd)
	}
	cmd.WaitDelay = graceful
	return cmd
}

// run returns what git wrote to stdout, also when it failed. A failure is a *GitError.
func (c call) run(ctx context.Context) ([]byte, error) {
	cmd := c.command(ctx)
	out := &bounded{limit: max(c.limit, defaultOutput)}
	stderr := &bounded{limit: errorOutput, cut: true}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(c.stdin), out, stderr
	err := cmd.Run()
	return out.kept.Bytes(), c.explain(ctx, err, stderr.kept.String())
}

func (c call) explain(ctx context.Context, err error, stderr string) error {
	var exit *exec.ExitError
	verb := c.verb()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("git %s: %w", verb, ErrNoGit)
	case ctx.Err() != nil:
		return fmt.Errorf("git %s: %w", verb, ctx.Err())
	case errors.As(err, &exit):
		return &GitError{Verb: verb, Exit: exit.ExitCode(), Stderr: strings.TrimSpace(untrusted.Block(stderr, errorOutput))}
	}
	return fmt.Errorf("git %s: %w", verb, err)
}

// verb is the subcommand: the first argument that is no option.
func (c call) verb() string {
	for _, a := range c.args {
		if !strings.HasPrefix(a, "-") {
			return a
		}
	}
	return ""
}

func environment(of []string) []string {
	var env []string
	for _, kv := range of {
		if !strings.HasPrefix(kv, "GIT_") || kept(kv) {
			env = append(env, kv)
		}
	}
	return append(env, fixedEnv...)
}

func kept(kv string) bool {
	for _, prefix := range keptEnv {
		if strings.HasPrefix(kv, prefix) {
			return true
		}
	}
	return false
}

var errTooMuch = errors.New("git wrote more than is accepted")

// bounded keeps at most limit bytes; more is an error, or silently dropped when cut is set.
type bounded struct {
	kept  bytes.Buffer // not embedded: its ReadFrom would get round the limit
	limit int
	cut   bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := b.limit - b.kept.Len()
	if len(p) <= room {
		return b.kept.Write(p)
	}
	b.kept.Write(p[:max(room, 0)])
	if b.cut {
		return len(p), nil
	}
	return 0, errTooMuch
}

// call prepares a run in this repository. The git directory is named, so nothing is discovered again.
func (r *Repo) call(args ...string) call {
	return call{dir: r.gitDir, args: append([]string{"--git-dir=" + r.gitDir}, args...)}
}
