package command

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/runner/ledger"
)

var evening = time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC)

// screen is what a person sees; written by several goroutines.
type screen struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// station is a program with a clock and a ticker of its own.
func station(t *testing.T, terminal, json bool, env map[string]string) (e *emitter, stdout, stderr *screen, tick chan time.Time, every *time.Duration) {
	t.Helper()
	stdout, stderr, tick, every = &screen{}, &screen{}, make(chan time.Time), new(time.Duration)
	a := &app{json: json, Env: Env{
		Stdout: stdout, Stderr: stderr, Terminal: terminal, Now: func() time.Time { return evening }, Getenv: func(k string) string { return env[k] },
		Ticker: func(d time.Duration) (<-chan time.Time, func()) { *every = d; return tick, func() {} },
	}}
	e, err := newEmitter(a)
	if err != nil {
		t.Fatal(err)
	}
	a.out = e
	return e, stdout, stderr, tick, every
}

func started(host string) ledger.Action {
	return ledger.Action{Host: host, Verb: ledger.VerbApply, Ring: "broad", Lane: "default", Wave: 2, Opens: evening, Status: ledger.Started}
}

// atWork is a run of four hosts in the middle of it: one done, one failed, one running.
func atWork() *progress {
	closes := evening.Add(4 * time.Hour)
	made := &plan.Plan{
		Changes: []plan.Change{{}},
		Rings:   []plan.Ring{{Ring: "broad", Lane: "default", Waves: []plan.Wave{{Wave: 2, Opens: evening, Closes: &closes, Hosts: []string{"a", "b", "c", "d"}}}}},
	}
	g := newProgress("acme", "apply", func() time.Time { return evening.Add(2*time.Hour + 8*time.Minute) })
	g.due(made, evening, func(string, plan.Change, time.Time) bool { return true })
	for _, h := range []string{"a", "b", "c"} {
		g.acted(started(h))
	}
	for h, status := range map[string]ledger.Status{"a": ledger.Succeeded, "b": ledger.Failed} {
		a := started(h)
		a.Status = status
		g.acted(a)
	}
	return g
}

const stands = "acme broad wave 2, 1h52m left: 2/4 hosts done, 1 running, 1 failed, 0 in doubt"

func TestProgressInWords(t *testing.T) {
	g := atWork()
	if got := g.line(); got != stands {
		t.Errorf("%q", got)
	}
	f := g.fields()
	for k, want := range map[string]any{"hosts": 4, "done": 2, "running": 1, "failed": 1, "inDoubt": 0, "secondsLeft": 6720, "wave": 2} {
		if f[k] != want {
			t.Errorf("%s is %v, expected %v", k, f[k], want)
		}
	}
}

// TestAHeartbeatHasNoEscapes: without a terminal, and where nobody wants one, a line at most every half minute.
func TestAHeartbeatHasNoEscapes(t *testing.T) {
	for name, c := range map[string]struct {
		terminal bool
		env      map[string]string
	}{"in CI": {}, "no colour": {true, map[string]string{"NO_COLOR": "1"}}, "dumb": {true, map[string]string{"TERM": "dumb"}}} {
		e, _, stderr, tick, every := station(t, c.terminal, false, c.env)
		stop := e.follow(atWork())
		if *every != 30*time.Second || stderr.text() != "" {
			t.Errorf("%s: every %s, at once %q", name, *every, stderr.text())
		}
		tick <- evening
		stop()
		if got := stderr.text(); strings.ContainsAny(got, "\x1b\r") || strings.Count(got, "\n") != 1 || got != stands+"\n" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestOneLineOnATerminal: what else is said stands above the line, and nothing of it stays.
func TestOneLineOnATerminal(t *testing.T) {
	e, stdout, stderr, tick, every := station(t, true, false, nil)
	g := atWork()
	stop := e.follow(g)
	e.say("something happened")
	g.acted(started("d"))
	tick <- evening
	stop()
	e.say("over")
	lines := strings.Split(stderr.text(), "\r\x1b[K")
	if *every != time.Second || len(lines) != 4 {
		t.Fatalf("every %s: %q", *every, lines)
	}
	if !strings.HasPrefix(lines[1], "something happened\nacme broad wave 2, ") || !strings.Contains(lines[2], "2 running") || lines[3] != "over\n" || stdout.text() != "" {
		t.Errorf("%q, stdout %q", lines, stdout.text())
	}
}

// TestALineFitsItsTerminal: one that wraps could not be wiped.
func TestALineFitsItsTerminal(t *testing.T) {
	for columns, want := range map[int]int{0: 79, 40: 39, 200: len(stands)} {
		e, _, stderr, _, _ := station(t, true, false, nil)
		e.a.Columns = func() int { return columns }
		stop := e.follow(atWork())
		first, _, _ := strings.Cut(stderr.text(), "\r")
		stop()
		if got := len([]rune(first)); got != min(want, len(stands)) {
			t.Errorf("in %d columns the line has %d: %q", columns, got, first)
		}
	}
}

func TestAStreamHasNumbers(t *testing.T) {
	e, stdout, stderr, tick, _ := station(t, true, true, nil)
	stop := e.follow(atWork())
	tick <- evening
	stop()
	if n := strings.Count(stdout.text(), `"type":"progress"`); n != 2 || !strings.Contains(stdout.text(), `"secondsLeft":6720`) || stderr.text() != "" {
		t.Errorf("%d events: %s; stderr %q", n, stdout.text(), stderr.text())
	}
}
