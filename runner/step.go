package runner

import (
	"slices"
	"time"
)

// Step is the pure core of a run: given where the run stands and what just happened, it says where the run stands
// now and what to do next. It holds no clock, no randomness and no goroutine; every instant arrives with an event.
//
// What it guarantees, whatever the order of events:
//   - nothing starts outside its window occurrence, nor before its wave's intent is announced;
//   - hosts down in a ring (in flight or in doubt) never exceed the ring's budget;
//   - a ring starts nothing more once stopAtFailures of its hosts failed in this run.
func Step(s State, e Event) (State, []Effect) {
	s = s.clone()
	switch e := e.(type) {
	case Tick:
	case Announced:
		s.waves[e.Wave].announced = true
	case Finished:
		s.finish(e)
	case Interrupted:
		s.stopping = true
	}
	return s, s.next(e.when())
}

// Event is something that happened, at an instant. The set is closed.
type Event interface{ when() time.Time }

// Tick says that time has passed; it also begins a run.
type Tick struct{ At time.Time }

// Announced says that the intent of a wave is recorded.
type Announced struct {
	At   time.Time
	Wave int
}

// Finished says how the job of one host ended.
type Finished struct {
	At   time.Time
	Wave int
	Host string
	End  End
}

// Interrupted asks for a safe point: nothing more starts.
type Interrupted struct{ At time.Time }

func (e Tick) when() time.Time        { return e.At }
func (e Announced) when() time.Time   { return e.At }
func (e Finished) when() time.Time    { return e.At }
func (e Interrupted) when() time.Time { return e.At }

// End is how one host's job ended.
type End int

// The ends.
const (
	EndSucceeded End = iota
	EndFailed
	EndSkipped // nothing was started: unreachable, or its key is wrong
	EndInDoubt
)

// Effect is what the adapter must do next. The set is closed.
type Effect interface{ effect() }

// Announce asks for the wave's intent to be recorded before anything of it starts.
type Announce struct{ Wave int }

// Start begins the job of one host.
type Start struct {
	Wave int
	Host string
}

// Settle asks for the outcomes of a wave to be recorded: nothing of it runs any more.
type Settle struct{ Wave int }

// Finish says that the run is over.
type Finish struct{}

func (Announce) effect() {}
func (Start) effect()    {}
func (Settle) effect()   {}
func (Finish) effect()   {}

// Wave is what Step knows of a wave: which ring, when, and whom. Waves of a ring go one after the other in the order
// of the list.
type Wave struct {
	Ring   string
	Closes *time.Time // nil: open without end
	Opens  time.Time
	Hosts  []string
}

// Limits are a ring's limits, in hosts.
type Limits struct {
	Budget         int // hosts that may be down at once
	StopAtFailures int
	Down           int // hosts in doubt from before this run
}

// State is where a run stands.
type State struct {
	waves    []waveState
	rings    map[string]ringState
	stopping bool
	finished bool
}

type waveState struct {
	Wave
	asked, announced, settled bool
	queued, running           []string
}

type ringState struct {
	Limits
	running, inDoubt, failed int
}

// NewState is the state before the first event.
func NewState(waves []Wave, limits map[string]Limits) State {
	s := State{rings: map[string]ringState{}}
	for _, w := range waves {
		s.waves = append(s.waves, waveState{Wave: w, queued: slices.Clone(w.Hosts)})
		l := limits[w.Ring]
		s.rings[w.Ring] = ringState{Limits: l, inDoubt: l.Down}
	}
	return s
}

// Stopped lists the rings that stopAtFailures stopped, sorted.
func (s State) Stopped() []string {
	var out []string
	for name, r := range s.rings {
		if r.stopped() {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Left returns the hosts of a wave that were never started.
func (s State) Left(wave int) []string { return slices.Clone(s.waves[wave].queued) }

// Asked reports whether the wave's intent was asked for.
func (s State) Asked(wave int) bool { return s.waves[wave].asked }

func (r ringState) stopped() bool { return r.StopAtFailures > 0 && r.failed >= r.StopAtFailures }

func (r ringState) room() int { return r.Budget - r.running - r.inDoubt }

func (s State) clone() State {
	waves := slices.Clone(s.waves)
	for i := range waves {
		waves[i].queued = slices.Clone(waves[i].queued)
		waves[i].running = slices.Clone(waves[i].running)
	}
	rings := make(map[string]ringState, len(s.rings))
	for k, v := range s.rings {
		rings[k] = v
	}
	s.waves, s.rings = waves, rings
	return s
}

func (s *State) finish(e Finished) {
	w := &s.waves[e.Wave]
	i := slices.Index(w.running, e.Host)
	if i < 0 {
		return
	}
	w.running = slices.Delete(w.running, i, i+1)
	r := s.rings[w.Ring]
	r.running--
	switch e.End {
	case EndFailed:
		r.failed++
	case EndInDoubt:
		r.inDoubt++
	case EndSucceeded, EndSkipped:
	}
	s.rings[w.Ring] = r
}

// next derives the effects from the state alone, so a lost or repeated Tick changes nothing.
func (s *State) next(at time.Time) []Effect {
	if s.finished {
		return nil
	}
	var out []Effect
	busy := map[string]bool{} // rings with a wave under way: the next one waits
	for i := range s.waves {
		w := &s.waves[i]
		if w.settled || busy[w.Ring] {
			continue
		}
		out = append(out, s.advance(i, at)...)
		busy[w.Ring] = !w.settled && (w.asked || s.mayStart(w, at))
	}
	if s.over(at) {
		s.finished = true
		out = append(out, Finish{})
	}
	return out
}

// advance moves one wave on: announce, start as many as the budget has room for, settle.
func (s *State) advance(i int, at time.Time) []Effect {
	w := &s.waves[i]
	var out []Effect
	open := s.mayStart(w, at)
	if open && !w.asked {
		w.asked = true
		return []Effect{Announce{i}}
	}
	for open && w.announced && len(w.queued) > 0 && s.rings[w.Ring].room() > 0 {
		host := w.queued[0]
		w.queued = w.queued[1:]
		w.running = append(w.running, host)
		r := s.rings[w.Ring]
		r.running++
		s.rings[w.Ring] = r
		out = append(out, Start{i, host})
	}
	if w.announced && len(w.running) == 0 && (len(w.queued) == 0 || !open || s.rings[w.Ring].room() <= 0) {
		w.settled = true
		out = append(out, Settle{i})
	}
	return out
}

// mayStart: the window is open, the ring is not stopped, a host could still go, and nobody asked us to stop.
func (s *State) mayStart(w *waveState, at time.Time) bool {
	open := !at.Before(w.Opens) && (w.Closes == nil || at.Before(*w.Closes))
	r := s.rings[w.Ring]
	return open && !s.stopping && !r.stopped() && len(w.queued) > 0 && (r.room() > 0 || r.running > 0)
}

// over: nothing runs, nothing waits for its announcement, and nothing may start any more.
func (s *State) over(at time.Time) bool {
	for i := range s.waves {
		w := &s.waves[i]
		if w.asked && !w.settled {
			return false
		}
		if !w.settled && s.mayStart(w, at) {
			return false
		}
	}
	return true
}
