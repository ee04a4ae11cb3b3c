package runner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/policy"
)

// world is an adversarial adapter: it lets jobs end in any order and way, moves the clock as it likes, interrupts, and
// checks after every step what Step promises.
type world struct {
	t       *rapid.T
	s       State
	now     time.Time
	waves   []Wave
	limits  map[string]Limits
	pools   []Pool
	running map[Start]bool
	started map[Start]bool
	intent  map[int]bool
	settled map[int]bool
	down    map[string]int // in doubt, by ring
	failed  map[string]int
	lost    map[string]bool // hosts in doubt
	// succeeded is by wave and host.
	succeeded map[string]bool
	pending   []Effect // asked of us, not answered
	lease     Lease
	halt      Halt
	slots     int
	stopped   bool
	over      bool
}

// moment: machine time runs with the tenant's; their difference is nobody's business here.
func (w *world) moment() Moment { return Moment{At: w.now, Now: w.now.Add(-time.Hour)} }

func newWorld(t *rapid.T) *world {
	w := &world{
		t: t, now: time.Unix(1_800_000_000, 0), limits: map[string]Limits{}, running: map[Start]bool{}, started: map[Start]bool{},
		intent: map[int]bool{}, settled: map[int]bool{}, down: map[string]int{}, failed: map[string]int{}, lost: map[string]bool{}, succeeded: map[string]bool{},
	}
	for r := range rapid.IntRange(1, 3).Draw(t, "rings") {
		ring := fmt.Sprint("ring", r)
		w.limits[ring] = Limits{
			Budget: rapid.IntRange(1, 4).Draw(t, "budget"), StopAtFailures: rapid.IntRange(1, 3).Draw(t, "stop"),
			Down: rapid.IntRange(0, 2).Draw(t, "down"),
		}
		w.down[ring] = w.limits[ring].Down
		for range rapid.IntRange(0, 3).Draw(t, "waves") {
			closes := w.now.Add(time.Duration(rapid.IntRange(-5, 60).Draw(t, "closes")) * time.Minute)
			wave := Wave{Ring: ring, Opens: w.now.Add(-10 * time.Minute), Closes: &closes}
			for h := range rapid.IntRange(1, 4).Draw(t, "hosts") {
				wave.Hosts = append(wave.Hosts, fmt.Sprintf("%s-%d", ring, h))
			}
			w.waves = append(w.waves, wave)
		}
	}
	w.drawPools()
	w.lease = Lease{Fence: 7, Until: w.moment().Now.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "lease")) * time.Minute)}
	w.halt = Halt{Read: w.moment().Now}
	w.slots = rapid.IntRange(1, 4).Draw(t, "slots")
	w.s = NewState(Beginning{Waves: w.waves, Limits: w.limits, Pools: w.pools, Timing: testTiming, Lease: w.lease, Halt: w.halt, Parallel: w.slots})
	return w
}

// drawPools draws hosts that are bounded together, whatever their rings.
func (w *world) drawPools() {
	for i := range rapid.IntRange(0, 3).Draw(w.t, "pools") {
		p := Pool{Pool: policy.Pool{Name: fmt.Sprint("pool", i), Most: rapid.IntRange(0, 3).Draw(w.t, "most")}, Down: rapid.IntRange(0, 1).Draw(w.t, "pool down")}
		for _, wave := range w.waves {
			for _, h := range wave.Hosts {
				if !slices.Contains(p.Hosts, h) && rapid.Bool().Draw(w.t, "pooled") {
					p.Hosts = append(p.Hosts, h)
				}
			}
		}
		p.Quorum = rapid.Bool().Draw(w.t, "quorum")
		if rapid.Bool().Draw(w.t, "ordered") {
			p.Order = slices.Clone(p.Hosts)
		}
		w.pools = append(w.pools, p)
	}
}

// early is a host of a sequence that must have succeeded in all its waves before another one starts, and has not.
func (w *world) early(host string) string {
	for _, p := range w.pools {
		for _, h := range p.Before(host) {
			for i, wave := range w.waves {
				if slices.Contains(wave.Hosts, h) && !w.succeeded[fmt.Sprint(i, h)] {
					return h
				}
			}
		}
	}
	return ""
}

// crowded is a pool that has no room for a host, or nil.
func (w *world) crowded(host string) *Pool {
	for i, p := range w.pools {
		n := p.Down + 1
		for s := range w.running {
			if slices.Contains(p.Hosts, s.Host) {
				n++
			}
		}
		if slices.Contains(p.Hosts, host) && n > p.Most {
			return &w.pools[i]
		}
	}
	return nil
}

var testTiming = Timing{Need: 3 * time.Minute, Margin: time.Minute, Renew: 5 * time.Minute, Fresh: 5 * time.Minute, Reread: time.Minute, Reach: 20 * time.Second}

// move lets one thing happen: an announcement comes true, a job ends, time passes, a person interrupts.
func (w *world) move() {
	w.now = w.now.Add(time.Duration(rapid.IntRange(0, 10).Draw(w.t, "minutes")) * time.Minute)
	switch {
	case len(w.pending) > 0 && rapid.IntRange(0, 4).Draw(w.t, "answer") > 0:
		e := w.pending[0]
		w.pending = w.pending[1:]
		w.answer(e)
	case len(w.running) > 0 && rapid.IntRange(0, 9).Draw(w.t, "what") > 0:
		w.endOne()
	case rapid.IntRange(0, 9).Draw(w.t, "interrupt") == 0:
		w.stopped = true
		w.take(Interrupted{w.moment()})
	default:
		w.take(Tick{w.moment()})
	}
}

// answer lets what Step asked for succeed or fail.
func (w *world) answer(e Effect) {
	lucky := rapid.IntRange(0, 5).Draw(w.t, "lucky") > 0
	switch e := e.(type) {
	case Announce:
		if !lucky {
			w.stopped = true
			w.take(NotAnnounced{w.moment(), e.Wave})
			return
		}
		w.intent[e.Wave] = true
		w.take(Announced{w.moment(), e.Wave})
	case TakeLease:
		if !lucky {
			w.stopped = true
			w.take(LeaseLost{w.moment()})
			return
		}
		w.lease.Until = w.moment().Now.Add(10 * time.Minute)
		w.take(Leased{w.moment(), w.lease})
	case ReadHalt:
		if lucky {
			w.halt.Read = w.moment().Now
		} else {
			w.halt.Halted = rapid.Bool().Draw(w.t, "halted")
		}
		w.take(HaltRead{w.moment(), w.halt})
	}
}

func (w *world) endOne() {
	var list []Start
	for s := range w.running {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Start) int { return strings.Compare(a.Host, b.Host) })
	s := rapid.SampledFrom(list).Draw(w.t, "which")
	end := End(rapid.IntRange(0, 3).Draw(w.t, "end"))
	ring := w.waves[s.Wave].Ring
	delete(w.running, s)
	switch end {
	case EndFailed:
		w.failed[ring]++
	case EndInDoubt:
		w.down[ring]++
		w.lost[s.Host] = true
		for i, p := range w.pools {
			if slices.Contains(p.Hosts, s.Host) {
				w.pools[i].Down++
			}
		}
	case EndSucceeded:
		w.succeeded[fmt.Sprint(s.Wave, s.Host)] = true
	case EndSkipped:
		for i, p := range w.pools {
			if p.Quorum && slices.Contains(p.Hosts, s.Host) {
				w.pools[i].Down++
			}
		}
	}
	w.take(Finished{Moment: w.moment(), Wave: s.Wave, Host: s.Host, End: end})
}

func (w *world) take(e Event) {
	before := fmt.Sprint(w.s)
	next, effects := Step(w.s, e)
	if fmt.Sprint(w.s) != before {
		w.t.Fatal("Step changed the state it was given")
	}
	w.s = next
	for _, f := range effects {
		w.check(f)
	}
}
