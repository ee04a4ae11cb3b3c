package plugin

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/ringfence/ringfence/internal/untrusted"
)

// The bounds of what a provider may write to its standard error and output in its life.
const (
	maxLine = 400
	maxLogs = 256 << 10
)

// talk is what a provider's process prints: neutralised, one prefixed line at a time, bounded. It also keeps the line
// that most likely says why the process died.
type talk struct {
	name string
	to   io.Writer

	mu    sync.Mutex
	left  int
	last  string
	panic string
}

func newTalk(name string, to io.Writer) *talk {
	if to == nil {
		to = io.Discard
	}
	return &talk{name: name, to: to, left: maxLogs}
}

// why returns the line that explains a death best: of a panic, else the last one; empty when nothing was said.
func (t *talk) why() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.panic != "" {
		return t.panic
	}
	return t.last
}

func (t *talk) line(raw []byte) {
	line := strings.TrimRight(untrusted.Line(string(raw), maxLine), " ")
	if line == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = line
	if t.panic == "" && (strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ")) {
		t.panic = line
	}
	if t.left <= 0 {
		return
	}
	t.left -= len(line)
	if t.left <= 0 {
		line = "further output is dropped"
	}
	_, _ = fmt.Fprintf(t.to, "%s: %s\n", t.name, line)
}

// stream returns a writer of its own, since half a line of one stream must not be joined with another's.
func (t *talk) stream() io.Writer { return &lines{talk: t} }

type lines struct {
	talk *talk
	mu   sync.Mutex
	half []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(p)
	for len(p) > 0 {
		line, rest, found := bytes.Cut(p, []byte{'\n'})
		if len(l.half) < 4*maxLine {
			l.half = append(l.half, line[:min(len(line), 4*maxLine)]...)
		}
		if found {
			l.talk.line(l.half)
			l.half = l.half[:0]
		}
		p = rest
	}
	return n, nil
}
