package transport

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
)

// State is how a command stands on its host.
type State string

// The states. Of an action that is none nothing was started, of one that is lost the outcome is not known and never
// will be by asking.
const (
	StateNone    State = "none"
	StateClaimed State = "claimed" // about to begin
	StateRunning State = "running"
	StateEnded   State = "ended"
	StateLost    State = "lost" // it began, and is gone without an exit code: a restart of the host, a kill
)

// Status is what a host's supervisor knows of an action. Everything in it is the host's word.
type Status struct {
	State     State
	ExitCode  int       // of an action that has ended
	StartedAt time.Time // by the host's clock; zero if nothing was started
	EndedAt   time.Time // by the host's clock; zero unless it has ended
	Log       []byte    // the end of what it printed: stdout, then stderr; bounded, never to be trusted
	Commands  int       // how many commands of the action were started; the rest speaks of the last one
}

const (
	supervisorName = "ringfence-supervisor"
	maxAnswer      = 4 << 10 // what may stand before the end of the answer's line
)

var errNoAnswer = errors.New("the supervisor did not answer")

// answer is the supervisor's line and what came after it.
type answer struct {
	line   string // neutralised
	word   string
	fields map[string]string
	said   providers.Output
}

// readAnswer finds the supervisor's line, which a talkative login script may precede, and keeps so many bytes of each
// stream of what follows.
func readAnswer(out providers.Output, keep int) (answer, error) {
	const mark = supervisorName + " 1 "
	head, rest := cutLine(out.Stdout, mark)
	words := strings.Fields(head)
	if len(words) == 0 {
		return answer{}, fmt.Errorf("%w: exit code %d: %s", errNoAnswer, out.ExitCode, untrusted.Line(string(lastLine(out.Stderr)), maxSaid))
	}
	a := answer{line: untrusted.Line(head, maxSaid), word: words[0], fields: map[string]string{}, said: out}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		a.fields[key] = value
	}
	a.said.Truncated = out.Truncated || len(rest) > keep || len(out.Stderr) > keep
	a.said.Stdout, a.said.Stderr = rest[:min(len(rest), keep)], out.Stderr[:min(len(out.Stderr), keep)]
	return a, nil
}

// cutLine returns the rest of the first whole line that begins with mark, and what follows that line.
func cutLine(text []byte, mark string) (line string, rest []byte) {
	for len(text) > 0 {
		head, tail, whole := bytes.Cut(text, []byte("\n"))
		if whole && bytes.HasPrefix(head, []byte(mark)) {
			return string(head[len(mark):]), tail
		}
		text = tail
	}
	return "", nil
}

// status reads the answer to a question.
func (a answer) status() (Status, error) {
	st := Status{State: State(a.word)}
	switch st.State {
	case StateNone, StateClaimed, StateRunning, StateEnded, StateLost:
	default:
		return st, fmt.Errorf("%w: it says %q", errNoAnswer, a.line)
	}
	code, began, ended := a.number("code"), a.number("began"), a.number("ended")
	if code < 0 || began < 0 || ended < 0 || code > 255 {
		return st, fmt.Errorf("%w: it says %q", errNoAnswer, a.line)
	}
	st.ExitCode, st.StartedAt, st.EndedAt = int(code), instant(began), instant(ended)
	return st, nil
}

func (a answer) number(key string) int64 {
	n, err := strconv.ParseInt(a.fields[key], 10, 64)
	if err != nil || n > 1<<40 {
		return -1
	}
	return n
}

func instant(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}

// output is what a command that has ended printed.
func (a answer) output(st Status) providers.Output {
	out := a.said
	out.ExitCode = st.ExitCode
	out.Truncated = out.Truncated || a.fields["whole"] != "1"
	return out
}

// log is what came with the answer as one text.
func (a answer) log() []byte {
	log := bytes.Clone(a.said.Stdout)
	if len(log) > 0 && len(a.said.Stderr) > 0 && log[len(log)-1] != '\n' {
		log = append(log, '\n')
	}
	return append(log, a.said.Stderr...)
}
