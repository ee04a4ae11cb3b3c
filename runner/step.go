package runner

import (
	"slices"
	"time"
)

// Step is the pure core of a run: given where the run stands and what just happened, it says where the run stands
// now and what to do next. It holds no clock, no randomness and no goroutine; every instant arrives with an event.
//
// What it guarantees, whatever the order of events, is written down as predicates in guards.go:
//   - nothing starts outside its window occurrence, nor what could not end inside it, nor before its wave's intent is
//     recorded;
//   - nothing starts without a lease that still holds, nor under a halt order, nor when nobody could read lately
//     whether there is one;
//   - hosts down in a ring (in flight or in doubt) never exceed the ring's budget, nor those of a pool the pool's;
//   - nothing more starts on a host that is in doubt;
//   - of a pool with an order, a host starts once all that are due before it have succeeded;
//   - a ring starts nothing more once stopAtFailures of its hosts failed in this run.
func Step(s State, e Event) (State, []Effect) {
	s = s.clone()
	s.take(e)
	return s, s.next(e.moment())
}

func (s *State) take(e Event) {
	switch e := e.(type) {
	case Tick:
	case Announced:
		s.waves[e.Wave].announced = true
	case NotAnnounced:
		s.waves[e.Wave].settled = true
		s.end(WhyNotAnnounced)
	case Refused:
		s.waves[e.Wave].settled = true
	case Leased:
		s.leasing, s.lease = false, e.Lease
	case LeaseLost:
		s.leasing = false
		s.end(WhyLeaseLost)
	case HaltRead:
		s.reading, s.halt, s.looked = false, e.Halt, e.Now
		if !unhalted(s.halt, e.Now, s.timing) {
			s.end(WhyHalted) // also when nobody could read it for too long
		}
	case Finished:
		s.finish(e)
		if e.Fenced {
			s.end(WhyLeaseLost)
		}
	case Interrupted:
		s.end(WhyInterrupted)
	}
}

// end keeps the first reason: the others follow from it.
func (s *State) end(why Why) {
	if s.why == "" {
		s.why = why
	}
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
	s.running--
	switch e.End {
	case EndFailed:
		r.failed++
	case EndInDoubt:
		r.inDoubt++
	case EndSucceeded, EndSkipped:
	}
	s.rings[w.Ring] = r
	s.leave(e.Host, e.End)
}

// next derives the effects from the state alone, so a lost or repeated Tick changes nothing.
func (s *State) next(m Moment) []Effect {
	if s.finished {
		return nil
	}
	out := s.upkeep(m)
	busy := map[string]bool{} // rings with a wave under way: the next one waits
	for i := range s.waves {
		w := &s.waves[i]
		if w.settled || busy[w.Ring] {
			continue
		}
		out = append(out, s.advance(i, m)...)
		busy[w.Ring] = !w.settled && (w.asked || s.wants(w, m))
	}
	if s.over(m) {
		s.finished = true
		out = append(out, Finish{})
	}
	return out
}

// upkeep keeps lease and halt reading fresh for as long as something runs or wants to start.
func (s *State) upkeep(m Moment) []Effect {
	if s.why != "" || s.over(m) {
		return nil
	}
	var out []Effect
	if !s.leasing && expiring(s.lease, m.Now, s.timing) {
		s.leasing = true
		out = append(out, TakeLease{})
	}
	if !s.reading && m.Now.Sub(s.looked) >= s.timing.Reread {
		s.reading = true
		out = append(out, ReadHalt{})
	}
	return out
}

// advance moves one wave on: announce, start as many as the budget has room for, settle.
func (s *State) advance(i int, m Moment) []Effect {
	w := &s.waves[i]
	wants, may := s.wants(w, m), s.may(m)
	if wants && may && !w.asked {
		w.asked = true
		return []Effect{Announce{i}}
	}
	var out []Effect
	for wants && may && announced(*w) && room(s.rings[w.Ring]) > 0 && (s.parallel == 0 || s.running < s.parallel) {
		next := slices.IndexFunc(w.queued, s.free)
		if next < 0 {
			break
		}
		host := w.queued[next]
		w.queued = slices.Delete(w.queued, next, next+1)
		s.enter(host)
		w.running = append(w.running, host)
		r := s.rings[w.Ring]
		r.running++
		s.running++
		s.rings[w.Ring] = r
		out = append(out, Start{i, host, s.lease.Fence, latest(w.Wave, s.lease, s.halt, m, s.timing)})
	}
	if w.announced && len(w.running) == 0 && !s.wants(w, m) {
		w.settled = true
		out = append(out, Settle{i})
	}
	return out
}

// wants: the wave has hosts that could start now, or once others are done, as far as window, budgets and failures go, and
// nothing ended the run.
func (s *State) wants(w *waveState, m Moment) bool {
	r := s.rings[w.Ring]
	return s.why == "" && fits(w.Wave, m.At, s.timing) && !stopped(r) && (room(r) > 0 || r.running > 0) && slices.ContainsFunc(w.queued, s.hopeful)
}

// may: lease and halt reading allow a start at this moment; upkeep asks for them when they do not. While a question is
// open nothing starts: the answer may be that nothing may.
func (s *State) may(m Moment) bool {
	return !s.leasing && !s.reading && leased(s.lease, m.Now, s.timing) && unhalted(s.halt, m.Now, s.timing)
}

// over: nothing runs, nothing waits for its announcement, and nothing may start any more.
func (s *State) over(m Moment) bool {
	for i := range s.waves {
		w := &s.waves[i]
		if !w.settled && (w.asked || s.wants(w, m)) {
			return false
		}
	}
	return true
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
