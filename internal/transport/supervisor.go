package transport

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/providers"
)

// Action is what a supervised command belongs to. The host runs an ID at most once, whoever asks, and nothing whose
// Fence is lower than the highest that it has seen of the Scope.
type Action struct {
	ID    string // "sha256:…"; at most 74 of a-z, 0-9, - and one colon
	Scope string // "tenant/site"
	Fence int
	// By is the last instant at which the action's first command may start, by the clock Now; the zero By is no limit.
	// The host itself holds to it: what was sent in time and arrives late starts nothing.
	By  time.Time
	Now func() time.Time
}

// refusal is an answer of the supervisor after which nothing was started.
type refusal string

func (r refusal) Error() string { return string(r) }

// Is lets providers, who know nothing of supervision, see a command that was refused.
func (r refusal) Is(target error) bool { return target == providers.ErrRefused }

// What the supervisor on a host refuses. In each case this call started nothing, and errors.Is also finds
// providers.ErrRefused.
var (
	ErrClaimed      error = refusal("the action was started on the host before")
	ErrFenced       error = refusal("the host has seen a newer lease")
	ErrLate         error = refusal("the start reached the host too late")
	ErrUnsupervised error = refusal("the host cannot run a command under supervision")
)

// The script in three files.
var (
	//go:embed supervisor_job.sh
	jobScript string
	//go:embed supervisor_start.sh
	startScript string
	//go:embed supervisor.sh
	mainScript string
)

// supervisorText is what runs on the host: constant, and without comments and indentation to keep the line short.
var supervisorText = bare(jobScript) + bare(startScript) + bare(mainScript)

// supervisorEntry unpacks the text, because no word of a command line may hold a line feed: see quote.
const supervisorEntry = `script=$(printf %b "$1"); shift; eval "$script"`

var packed = strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(supervisorText)

func bare(script string) string {
	var b strings.Builder
	for line := range strings.Lines(script) {
		if line = strings.TrimLeft(line, "\t"); line != "\n" && !strings.HasPrefix(line, "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// supervisor asks the script on one host.
type supervisor struct {
	conn Conn
	root bool   // with the rights of root; otherwise with those of the login, who then has a supervisor of its own
	dir  string // where it keeps its state, for tests; empty means where it belongs
	max  int    // bytes of each stream; 0 means the default
}

// patience is how long the supervisor may take beyond what it was asked to wait: a start that finds others at work
// takes up to half a minute.
const patience = 2 * time.Minute

func (s supervisor) call(ctx context.Context, wait time.Duration, verb string, args ...string) (answer, error) {
	argv := []string{"sh", "-c", supervisorEntry, supervisorName, packed}
	if s.dir != "" {
		argv = append(argv, "--dir", s.dir)
	}
	argv = slices.Concat(argv, []string{verb}, args)
	sudo := s.root && s.conn.User() != "root"
	if sudo {
		argv = withSudo(argv)
	}
	opt := Options{MaxOutput: s.max, Timeout: wait + patience}.withDefaults()
	kept := opt.MaxOutput
	opt.MaxOutput += maxAnswer
	out, err := s.conn.Run(ctx, argv, opt)
	if err == nil && sudo {
		out, err = readSudo(out)
	}
	if err != nil {
		return answer{}, err
	}
	return readAnswer(out, kept)
}

// start returns when the command runs. ErrClaimed, ErrFenced, ErrLate, ErrUnsupervised, ErrSudo and ErrUnreachable say
// that it does not, providers.ErrLost that nobody can tell.
func (s supervisor) start(ctx context.Context, id string, a Action, argv []string) error {
	from, by, err := s.deadline(ctx, a)
	if err != nil {
		return err
	}
	args := append([]string{id, a.Scope, strconv.Itoa(a.Fence), from, by, "--"}, argv...)
	ans, err := s.call(ctx, 0, "start", args...)
	if errors.Is(err, errNoAnswer) {
		return fmt.Errorf("%w: %w", providers.ErrLost, err)
	}
	if err != nil {
		return err
	}
	switch ans.word {
	case "started":
		return nil
	case "claimed":
		return fmt.Errorf("%w: it is %.20q there", ErrClaimed, ans.fields["state"])
	case "fenced":
		return fmt.Errorf("%w: number %.20q, this run has %d", ErrFenced, ans.fields["highest"], a.Fence)
	case "late":
		return ErrLate
	case "failed", "usage":
		return fmt.Errorf("%w: %s", ErrUnsupervised, ans.line)
	}
	return fmt.Errorf("%w: the supervisor says %q", providers.ErrLost, ans.line)
}

// slice is how long one question after a running command waits. A dead link is noticed sooner, by the connection.
const slice = time.Minute

// wait returns what the command printed and its exit code, as if it had been run directly. Whatever else happens, the
// command was started, so every error is providers.ErrLost and nothing that could be taken for a refusal.
func (s supervisor) wait(ctx context.Context, id string) (providers.Output, error) {
	st, out, err := s.await(ctx, id)
	if err != nil && context.Cause(ctx) != nil {
		return providers.Output{}, lost(ctx, err)
	}
	if err != nil {
		return providers.Output{}, fmt.Errorf("%w: %v", providers.ErrLost, err)
	}
	if st.State != StateEnded {
		return providers.Output{}, fmt.Errorf("%w: its supervisor says %s: the host was restarted, or somebody killed it", providers.ErrLost, st.State)
	}
	return out, nil
}

// await asks until the command is neither claimed nor running. A host that answers at once that it runs is not asked
// again at once.
func (s supervisor) await(ctx context.Context, id string) (Status, providers.Output, error) {
	for {
		soonest := time.NewTimer(time.Second)
		ans, err := s.call(ctx, slice, "wait", id, strconv.Itoa(int(slice/time.Second)))
		if err != nil {
			soonest.Stop()
			return Status{}, providers.Output{}, err
		}
		st, err := ans.status()
		if err != nil || st.State != StateClaimed && st.State != StateRunning {
			soonest.Stop()
			return st, ans.output(st), err
		}
		select {
		case <-soonest.C:
		case <-ctx.Done():
			return st, providers.Output{}, context.Cause(ctx)
		}
	}
}

var idGrammar = lazyregexp.New(`^[a-z0-9][a-z0-9-]{0,79}$`)

// hostID is what the n-th changing command of an action is called on the host.
func hostID(id string, n int) (string, error) {
	name := strings.Replace(id, ":", "-", 1)
	if n > 1 {
		name += "-" + strconv.Itoa(n)
	}
	if !idGrammar.MatchString(name) {
		return "", fmt.Errorf("%w: %.100q is no action's id", ErrUnsupervised, id)
	}
	return name, nil
}
