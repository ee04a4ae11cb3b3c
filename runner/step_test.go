package runner

import (
	"fmt"
	"slices"
	"strings"
	"testing"
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

func TestStepKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.take(Tick{w.moment()})
		for i := 0; !w.over; i++ {
			if i > 500 {
				t.Fatal("the run never ends")
			}
			w.move()
		}
		w.checkEnd()
	})
}

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

func (w *world) check(f Effect) {
	switch f := f.(type) {
	case Announce, TakeLease, ReadHalt:
		w.pending = append(w.pending, f)
	case Settle:
		for s := range w.running {
			if s.Wave == f.Wave {
				w.t.Fatalf("wave %d settled while %s runs", f.Wave, s.Host)
			}
		}
		w.settled[f.Wave] = true
	case Finish:
		w.over = true
	case Start:
		w.checkStart(f)
	}
}

func (w *world) checkStart(f Start) {
	wave := w.waves[f.Wave]
	limits := w.limits[wave.Ring]
	n := w.down[wave.Ring] + 1
	for s := range w.running {
		if w.waves[s.Wave].Ring == wave.Ring {
			n++
		}
	}
	latest := w.moment().Now.Add(testTiming.Reach)
	by := f.By
	f.By = time.Time{} // the rest says which start it is
	switch {
	case len(w.running) >= w.slots:
		w.t.Fatalf("%s started as one more than %d", f.Host, w.slots)
	case by.After(latest) || by.After(w.lease.Until) || by.After(w.halt.Read.Add(testTiming.Fresh)) || w.now.Add(by.Sub(w.moment().Now)+testTiming.Need).After(*wave.Closes):
		w.t.Fatalf("%s may start until %s", f.Host, by)
	case w.started[f]:
		w.t.Fatalf("%s was started twice", f.Host)
	case !w.intent[f.Wave]:
		w.t.Fatalf("%s started before its intent was recorded", f.Host)
	case w.now.Before(wave.Opens) || w.now.Add(testTiming.Need).After(*wave.Closes):
		w.t.Fatalf("%s started outside its window, or could not end inside it", f.Host)
	case w.moment().Now.Add(testTiming.Margin).After(w.lease.Until):
		w.t.Fatalf("%s started with %s of the lease left", f.Host, w.lease.Until.Sub(w.moment().Now))
	case f.Fence != w.lease.Fence:
		w.t.Fatalf("%s started under fence %d", f.Host, f.Fence)
	case w.halt.Halted || w.moment().Now.Sub(w.halt.Read) > testTiming.Fresh:
		w.t.Fatalf("%s started under a halt order or without knowing of one", f.Host)
	case n > limits.Budget:
		w.t.Fatalf("%d hosts of %s down, the budget is %d", n, wave.Ring, limits.Budget)
	case w.lost[f.Host]:
		w.t.Fatalf("%s started while it is in doubt", f.Host)
	case w.early(f.Host) != "":
		w.t.Fatalf("%s started before %s had succeeded", f.Host, w.early(f.Host))
	case w.crowded(f.Host) != nil:
		w.t.Fatalf("%s started and %+v has no room", f.Host, w.crowded(f.Host))
	case w.failed[wave.Ring] >= limits.StopAtFailures:
		w.t.Fatalf("%s started after %d failures", f.Host, w.failed[wave.Ring])
	case w.stopped:
		w.t.Fatalf("%s started after an interrupt", f.Host)
	case slices.ContainsFunc(w.pending, question):
		w.t.Fatalf("%s started while a question was open whose answer may forbid it", f.Host)
	}
	w.started[f], w.running[f] = true, true
}

func question(e Effect) bool {
	switch e.(type) {
	case TakeLease, ReadHalt:
		return true
	}
	return false
}

// TestAnUnreadableControlBranchIsNotAskedInALoop: the answer without a new reading must not be another question.
func TestAnUnreadableControlBranchIsNotAskedInALoop(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	at := func(seconds int) Moment {
		m := now.Add(time.Duration(seconds) * time.Second)
		return Moment{At: m, Now: m}
	}
	halt := Halt{Read: now}
	s := NewState(Beginning{
		Waves: []Wave{{Ring: "pilot", Opens: now, Hosts: []string{"a"}}}, Limits: map[string]Limits{"pilot": {Budget: 1}},
		Timing: testTiming, Lease: Lease{Until: now.Add(never)}, Halt: halt,
	})
	s, _ = Step(s, Tick{at(0)})
	for _, tt := range []struct {
		event Event
		asks  bool
	}{{Announced{at(1), 0}, false}, {Tick{at(70)}, true}, {HaltRead{at(71), halt}, false}, {Tick{at(120)}, false}, {Tick{at(131)}, true}} {
		var todo []Effect
		s, todo = Step(s, tt.event)
		if slices.ContainsFunc(todo, question) != tt.asks {
			t.Errorf("%#v: %#v", tt.event, todo)
		}
	}
}

func (w *world) checkEnd() {
	if len(w.running) > 0 {
		w.t.Fatal("the run ended while hosts were being patched")
	}
	for wave := range w.intent {
		if !w.settled[wave] {
			w.t.Fatalf("wave %d was announced and never settled", wave)
		}
	}
}

// TestStepDoesEverythingThatIsDue: with nothing in the way every host is started, or the ring would starve.
func TestStepDoesEverythingThatIsDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for i := range w.waves {
			w.waves[i].Closes = nil
			w.limits[w.waves[i].Ring] = Limits{Budget: rapid.IntRange(1, 3).Draw(t, "b"), StopAtFailures: 1}
		}
		for i := range w.pools {
			w.pools[i].Most, w.pools[i].Down, w.pools[i].Order = max(1, w.pools[i].Most), 0, nil
		}
		w.lease.Until, w.halt.Read = w.now.Add(never), w.now.Add(never)
		m := w.moment()
		s, todo := Step(NewState(Beginning{Waves: w.waves, Limits: w.limits, Pools: w.pools, Timing: testTiming, Lease: w.lease, Halt: w.halt}), Tick{m})
		started := 0
		for len(todo) > 0 {
			e := todo[0]
			todo = todo[1:]
			var more []Effect
			switch e := e.(type) {
			case Announce:
				s, more = Step(s, Announced{m, e.Wave})
			case Start:
				started++
				s, more = Step(s, Finished{Moment: m, Wave: e.Wave, Host: e.Host, End: EndSucceeded})
			case Settle, Finish, TakeLease, ReadHalt:
			}
			todo = append(todo, more...)
		}
		want := 0
		for _, wave := range w.waves {
			want += len(wave.Hosts)
		}
		if started != want {
			t.Fatalf("%d of %d hosts were started", started, want)
		}
	})
}
