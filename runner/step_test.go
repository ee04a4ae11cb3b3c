package runner

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

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
