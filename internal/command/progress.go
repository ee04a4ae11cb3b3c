package command

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
)

// How often progress is told: a terminal's line is drawn anew, anybody else gets a line at most that often.
const (
	redraw    = time.Second
	heartbeat = 30 * time.Second
)

// progress counts what a scan or a run has done so far. It takes no part in either: it is told, and tells people.
type progress struct {
	tenant string
	verb   string // "scan" or "apply"
	clock  runner.Clock
	closes map[place]*time.Time

	mu      sync.Mutex
	of      int // hosts
	ended   map[ledger.Status]int
	running map[string]place // by host
	newest  place            // the wave that began last
}

// place is one wave of a plan.
type place struct {
	ring, lane string
	wave       int
	opens      int64
}

func (w place) String() string { return fmt.Sprintf("%s wave %d", w.ring, w.wave) }

func newProgress(tenant, verb string, clock runner.Clock) *progress {
	return &progress{tenant: tenant, verb: verb, clock: clock, closes: map[place]*time.Time{}, ended: map[ledger.Status]int{}, running: map[string]place{}}
}

// due counts the hosts that a run may start and remembers when their windows close.
func (g *progress) due(p *plan.Plan, at time.Time, left func(string, plan.Change, time.Time) bool) {
	for _, w := range plan.Due(p, at) {
		g.closes[place{w.Ring, w.Lane, w.Wave.Wave, w.Opens.Unix()}] = w.Closes
		for _, h := range w.Hosts {
			if left(h, p.Changes[w.Change], w.Opens) {
				g.of++
			}
		}
	}
}

// acted takes an action as it starts and as it ends.
func (g *progress) acted(a ledger.Action) {
	if g == nil || a.Verb != ledger.VerbApply {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if a.Status == ledger.Started {
		g.newest = place{a.Ring, a.Lane, a.Wave, a.Opens.Unix()}
		g.running[a.Host] = g.newest
		return
	}
	delete(g.running, a.Host)
	g.ended[a.Status]++
}

// read takes a host's answer to a scan.
func (g *progress) read(r runner.Reading) {
	g.mu.Lock()
	defer g.mu.Unlock()
	status := ledger.Succeeded
	if r.Err != nil {
		status = ledger.Failed
	}
	g.ended[status]++
}

// hosts are those on which something runs at this moment.
func (g *progress) hosts() []string {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Sorted(maps.Keys(g.running))
}

func (g *progress) finished() int {
	n := 0
	for _, k := range g.ended {
		n += k
	}
	return n
}

// line says where it stands.
func (g *progress) line() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.verb == "scan" {
		return untrusted.Line(fmt.Sprintf("%s: scanning, %d of %s answered, %d failed", g.tenant, g.finished(), phrase.Count(g.of, "host"), g.ended[ledger.Failed]), 300)
	}
	where := g.tenant
	if g.newest.ring != "" {
		where += " " + g.newest.String()
	}
	if left, ok := g.left(); ok {
		where += ", " + roughly(left) + " left"
	}
	return untrusted.Line(fmt.Sprintf("%s: %d/%d hosts done, %d running, %d failed, %d in doubt", where, g.finished(), g.of,
		len(g.running), g.ended[ledger.Failed], g.ended[ledger.InDoubt]), 300)
}

// left is what remains of the window that closes first among those at work.
func (g *progress) left() (time.Duration, bool) {
	var first *time.Time
	for _, w := range append(slices.Collect(maps.Values(g.running)), g.newest) {
		if c := g.closes[w]; c != nil && (first == nil || c.Before(*first)) {
			first = c
		}
	}
	if first == nil {
		return 0, false
	}
	return max(0, first.Sub(g.clock())), true
}

func roughly(d time.Duration) string {
	if d < time.Minute {
		return d.Truncate(time.Second).String()
	}
	return strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s")
}

// fields are the numbers of a progress event.
func (g *progress) fields() event {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := event{
		"tenant": g.tenant, "verb": g.verb, "hosts": g.of, "done": g.finished(), "running": len(g.running),
		"failed": g.ended[ledger.Failed], "inDoubt": g.ended[ledger.InDoubt],
	}
	if g.newest.ring != "" {
		out["ring"], out["lane"], out["wave"] = g.newest.ring, g.newest.lane, g.newest.wave
	}
	if left, ok := g.left(); ok {
		out["secondsLeft"] = int(left / time.Second)
	}
	return out
}

// follow tells of progress until stop is called, which tells the stream how it ended.
func (e *emitter) follow(g *progress) (stop func()) {
	every := heartbeat
	if e.live {
		every = redraw
	}
	tick, end := e.a.ticker(every)
	over, ended := make(chan struct{}), make(chan struct{})
	e.show(g)
	go func() {
		defer close(ended)
		for {
			select {
			case <-over:
				return
			case <-tick:
				e.beat(g)
			}
		}
	}()
	return func() {
		close(over)
		<-ended
		end()
		e.show(nil)
		e.emit("progress", g.line(), g.fields())
	}
}

// beat tells where it stands: redrawn on a terminal, one more line elsewhere.
func (e *emitter) beat(g *progress) {
	switch {
	case e.live:
		e.redraw()
	case e.a.json:
		e.emit("progress", g.line(), g.fields())
	default:
		e.event("progress", g.fields(), "%s", g.line())
	}
}

// ticker is the system's unless the environment has one of its own.
func (a *app) ticker(every time.Duration) (<-chan time.Time, func()) {
	if a.Ticker != nil {
		return a.Ticker(every)
	}
	t := time.NewTicker(every)
	return t.C, t.Stop
}
