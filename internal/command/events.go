package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// event is one line of the stream. Fields beside the four common ones belong to the type.
type event map[string]any

// emitter says things: as text to stderr, or as JSON lines to stdout, and to the events file beside either. Its first
// line is the version, its last the result, so a stream that was cut is seen.
type emitter struct {
	a       *app
	mu      sync.Mutex // lines come from the signal watcher too
	streams []io.Writer
	file    io.Closer
	failed  error

	live  bool // a line of progress stays at the end of the terminal
	tty   sync.Mutex
	under *progress // what is going on, nil between two things
}

func newEmitter(a *app) (*emitter, error) {
	e := &emitter{a: a, live: a.Terminal && !a.json && a.Getenv("TERM") != "dumb" && a.Getenv("NO_COLOR") == ""}
	if a.json {
		e.streams = append(e.streams, a.Stdout)
	}
	if a.events != "" {
		f, err := os.OpenFile(join(a.Dir, a.events), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
		if err != nil {
			return nil, fail(ExitUsage, diag.New(diag.Usage, "--events: %s cannot be written: %s", a.events, plainly(err)).WithFix("name a file in a folder that is there"))
		}
		e.streams = append(e.streams, f)
		e.file = f
	}
	e.emit("version", "ringfence "+version(), event{"version": version(), "apiVersion": canonical.APIVersion})
	return e, nil
}

// streaming reports whether anybody reads events.
func (e *emitter) streaming() bool { return len(e.streams) > 0 }

// emit writes one event to the streams only.
func (e *emitter) emit(kind, msg string, fields event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	line := event{"type": kind, "at": e.a.Now().UTC().Format(time.RFC3339), "level": "info", "msg": untrusted.Line(msg, 1000)}
	for k, v := range fields {
		line[k] = v
	}
	raw, err := json.Marshal(line)
	for _, w := range e.streams {
		if err == nil {
			_, err = w.Write(append(raw, '\n'))
		}
	}
	e.failed = errors.Join(e.failed, err)
}

// say tells a person on stderr; with --json nobody reads that, so it is an event instead.
func (e *emitter) say(format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	if e.a.json {
		e.emit("progress", msg, nil)
		return
	}
	e.print(func() { fmt.Fprintln(e.a.Stderr, msg) })
}

// print writes for a person, above the line of progress where there is one.
func (e *emitter) print(write func()) {
	e.tty.Lock()
	defer e.tty.Unlock()
	e.wipe()
	write()
	e.draw()
}

func (e *emitter) wipe() {
	if e.live && e.under != nil {
		fmt.Fprint(e.a.Stderr, "\r\x1b[K")
	}
}

func (e *emitter) draw() {
	if e.live && e.under != nil {
		fmt.Fprint(e.a.Stderr, untrusted.Line(e.under.line(), e.a.columns()-1)) // one that wraps could not be wiped
	}
}

func (e *emitter) redraw() { e.print(func() {}) }

// show begins and, with nil, ends the line of progress.
func (e *emitter) show(g *progress) {
	e.tty.Lock()
	defer e.tty.Unlock()
	e.wipe()
	e.under = g
	e.draw()
}

// busy names the hosts on which something runs.
func (e *emitter) busy() string {
	e.tty.Lock()
	defer e.tty.Unlock()
	return strings.Join(phrase.First(e.under.hosts(), 5), ", ")
}

// event is emit, and text for a person where there is no --json.
func (e *emitter) event(kind string, fields event, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	e.emit(kind, msg, fields)
	if !e.a.json {
		e.print(func() { fmt.Fprintln(e.a.Stderr, msg) })
	}
}

// diagnostics shows a list; src gives the source lines and may be nil.
func (e *emitter) diagnostics(list diag.List, src fs.FS) {
	for _, d := range list {
		e.emit("diagnostic", d.Summary, event{"level": level(d), "diagnostic": d})
		if !e.a.json {
			e.print(func() { printDiagnostic(e.a.Stderr, d, src) })
		}
	}
}

// failure shows the error that ends the program.
func (e *emitter) failure(x *exit) {
	var list diag.List
	var d diag.Diagnostic
	switch {
	case errors.As(x.err, &list):
		e.diagnostics(list, nil)
	case errors.As(x.err, &d):
		e.diagnostics(diag.List{d}, nil)
	default:
		e.emit("diagnostic", x.err.Error(), event{"level": "error"})
		if !e.a.json {
			e.print(func() { fmt.Fprintln(e.a.Stderr, "error:", untrusted.Block(x.err.Error(), 2000)) })
		}
	}
}

func (e *emitter) close(x *exit) error {
	e.emit("result", reasons[x.code], event{"exit": x.code, "reason": reasons[x.code]})
	if e.file != nil {
		e.failed = errors.Join(e.failed, e.file.Close())
	}
	return e.failed
}

// pluginLog is where plugins' stderr goes: neutralised by then, and only on request.
func (e *emitter) pluginLog() io.Writer {
	if e.a.Getenv("RINGFENCE_LOG") == "" {
		return nil
	}
	return e.a.Stderr
}
