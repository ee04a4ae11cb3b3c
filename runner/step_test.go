package runner

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// world is an adversarial adapter: it lets jobs end in any order and way, moves the clock as it likes, interrupts, and
// checks after every step what Step promises.
type world struct {
	t       *rapid.T
	s       State
	now     time.Time
	waves   []Wave
	limits  map[string]Limits
	running map[Start]bool
	started map[Start]bool
	intent  map[int]bool
	settled map[int]bool
	down    map[string]int // in doubt, by ring
	failed  map[string]int
	asked   []int
	stopped bool
	over    bool
}

func TestStepKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.take(Tick{w.now})
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
		intent: map[int]bool{}, settled: map[int]bool{}, down: map[string]int{}, failed: map[string]int{},
	}
	for r := range rapid.IntRange(1, 3).Draw(t, "rings") {
		ring := fmt.Sprint("ring", r)
		w.limits[ring] = Limits{
			Budget: rapid.IntRange(1, 4).Draw(t, "budget"), StopAtFailures: rapid.IntRange(1, 3).Draw(t, "stop"),
			Down: rapid.IntRange(0, 2).Draw(t, "down"),
		}
		w.down[ring] = w.limits[ring].Down
		for n := range rapid.IntRange(0, 3).Draw(t, "waves") {
			closes := w.now.Add(time.Duration(rapid.IntRange(-5, 60).Draw(t, "closes")) * time.Minute)
			wave := Wave{Ring: ring, Opens: w.now.Add(-10 * time.Minute), Closes: &closes}
			for h := range rapid.IntRange(1, 4).Draw(t, "hosts") {
				wave.Hosts = append(wave.Hosts, fmt.Sprintf("%s-%d-%d", ring, n, h))
			}
			w.waves = append(w.waves, wave)
		}
	}
	w.s = NewState(w.waves, w.limits)
	return w
}

// move lets one thing happen: an announcement comes true, a job ends, time passes, a person interrupts.
func (w *world) move() {
	w.now = w.now.Add(time.Duration(rapid.IntRange(0, 10).Draw(w.t, "minutes")) * time.Minute)
	switch {
	case len(w.asked) > 0:
		wave := w.asked[0]
		w.asked = w.asked[1:]
		w.intent[wave] = true
		w.take(Announced{w.now, wave})
	case len(w.running) > 0 && rapid.IntRange(0, 9).Draw(w.t, "what") > 0:
		w.endOne()
	case rapid.IntRange(0, 5).Draw(w.t, "interrupt") == 0:
		w.stopped = true
		w.take(Interrupted{w.now})
	default:
		w.take(Tick{w.now})
	}
}

func (w *world) endOne() {
	var list []Start
	for s := range w.running {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Start) int { return slices.Compare([]string{a.Host}, []string{b.Host}) })
	s := rapid.SampledFrom(list).Draw(w.t, "which")
	end := End(rapid.IntRange(0, 3).Draw(w.t, "end"))
	ring := w.waves[s.Wave].Ring
	delete(w.running, s)
	switch end {
	case EndFailed:
		w.failed[ring]++
	case EndInDoubt:
		w.down[ring]++
	case EndSucceeded, EndSkipped:
	}
	w.take(Finished{w.now, s.Wave, s.Host, end})
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
	case Announce:
		w.asked = append(w.asked, f.Wave)
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
	switch {
	case w.started[f]:
		w.t.Fatalf("%s was started twice", f.Host)
	case !w.intent[f.Wave]:
		w.t.Fatalf("%s started before its intent was recorded", f.Host)
	case w.now.Before(wave.Opens) || !w.now.Before(*wave.Closes):
		w.t.Fatalf("%s started outside its window", f.Host)
	case n > limits.Budget:
		w.t.Fatalf("%d hosts of %s down, the budget is %d", n, wave.Ring, limits.Budget)
	case w.failed[wave.Ring] >= limits.StopAtFailures:
		w.t.Fatalf("%s started after %d failures", f.Host, w.failed[wave.Ring])
	case w.stopped:
		w.t.Fatalf("%s started after an interrupt", f.Host)
	}
	w.started[f], w.running[f] = true, true
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
		s, todo := Step(NewState(w.waves, w.limits), Tick{w.now})
		started := 0
		for len(todo) > 0 {
			e := todo[0]
			todo = todo[1:]
			var more []Effect
			switch e := e.(type) {
			case Announce:
				s, more = Step(s, Announced{w.now, e.Wave})
			case Start:
				started++
				s, more = Step(s, Finished{w.now, e.Wave, e.Host, EndSucceeded})
			case Settle, Finish:
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
