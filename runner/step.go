package runner

import (
	"maps"
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

// Moment is an instant on the two clocks of a run: At is the tenant's, which windows are held against; Now is the
// machine's, which leases and halt orders live by. They differ only for a tenant with a test clock.
type Moment struct{ At, Now time.Time }

func (m Moment) moment() Moment { return m }

// Event is something that happened. The set is closed.
type Event interface{ moment() Moment }

// Tick says that time has passed; it also begins a run.
type Tick struct{ Moment }

// Announced says that the intent of a wave is recorded where every runner sees it.
type Announced struct {
	Moment
	Wave int
}

// NotAnnounced says that the intent could not be recorded: nothing of the wave may start.
type NotAnnounced struct {
	Moment
	Wave int
}

// Refused says that the wave's intent was refused by what is known by now: nothing of the wave may start in this run.
// The other waves are not concerned.
type Refused struct {
	Moment
	Wave int
}

// Leased says that this run holds the lease until then.
type Leased struct {
	Moment
	Lease Lease
}

// LeaseLost says that somebody else holds the lease, or that nobody can tell.
type LeaseLost struct{ Moment }

// HaltRead says what the control branch says, and when it was read.
type HaltRead struct {
	Moment
	Halt Halt
}

// Finished says how the job of one host ended.
type Finished struct {
	Moment
	Wave   int
	Host   string
	End    End
	Fenced bool // the host refused: it has seen a newer lease, so this run's is gone
}

// Interrupted asks for a safe point: nothing more starts.
type Interrupted struct{ Moment }

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

// TakeLease asks for the lease to be taken or renewed; Leased or LeaseLost answers.
type TakeLease struct{}

// ReadHalt asks for the control branch to be read; HaltRead answers, with the old reading when it cannot be read.
type ReadHalt struct{}

// Announce asks for the wave's intent to be recorded before anything of it starts; Announced, Refused or NotAnnounced
// answers.
type Announce struct{ Wave int }

// Start begins the job of one host, under a fencing number that the host refuses once it has seen a higher one. The
// host refuses it after By, too, in machine time: a runner that was stopped between Step and its host must not start
// something later, when the window is over, a halt was ordered or somebody else holds the lease.
type Start struct {
	Wave  int
	Host  string
	Fence int
	By    time.Time
}

// Settle asks for the outcomes of a wave to be recorded: nothing of it runs any more.
type Settle struct{ Wave int }

// Finish says that the run is over.
type Finish struct{}

func (TakeLease) effect() {}
func (ReadHalt) effect()  {}
func (Announce) effect()  {}
func (Start) effect()     {}
func (Settle) effect()    {}
func (Finish) effect()    {}

// Wave is what Step knows of a wave: which ring, when, and whom. Waves of a ring go one after the other in the order
// of the list.
type Wave struct {
	Ring   string
	Opens  time.Time
	Closes *time.Time // nil: open without end
	Hosts  []string
}

// Limits are a ring's limits, in hosts.
type Limits struct {
	Budget         int // hosts that may be down at once
	StopAtFailures int
	Down           int // hosts in doubt from before this run
}

// Lease is the right to start anything at a site.
type Lease struct {
	Fence int
	Until time.Time // machine time
}

// Halt is what was last read of the control branch.
type Halt struct {
	Read   time.Time // machine time
	Halted bool
}

// Timing are the durations that the guards go by.
type Timing struct {
	Need   time.Duration // what one action may take: nothing starts that could not end inside its window
	Margin time.Duration // what a lease must have left for a start
	Renew  time.Duration // what it has left when it is renewed
	Fresh  time.Duration // the oldest reading of the control branch that allows a start
	Reread time.Duration // how long after an answer the control branch is read again
	Reach  time.Duration // what a start may take to reach its host
}

// DefaultTiming holds a halt order to 60 seconds and an unreadable remote to 5 minutes.
var DefaultTiming = Timing{Need: 0, Margin: time.Minute, Renew: 5 * time.Minute, Fresh: 5 * time.Minute, Reread: 30 * time.Second, Reach: 20 * time.Second}

// Beginning is where a run begins: what is due, within which limits, under which lease and reading.
type Beginning struct {
	Waves  []Wave
	Limits map[string]Limits
	Pools  []Pool
	Timing Timing
	Lease  Lease
	Halt   Halt
	// Parallel is how many jobs may run at once, 0 for any number. A start that had to wait for another job's end would
	// wait longer than what allowed it holds.
	Parallel int
}

// Why says what ended a run early. The zero value: nothing did.
type Why string

// The reasons.
const (
	WhyInterrupted  Why = "interrupted"
	WhyLeaseLost    Why = "lease lost"
	WhyHalted       Why = "halted"
	WhyNotAnnounced Why = "intent not recorded"
)

// State is where a run stands.
type State struct {
	waves    []waveState
	rings    map[string]ringState
	pools    []poolState
	poolsOf  map[string][]int    // by host; never changed
	lost     []string            // hosts that this run left in doubt
	busy     []string            // hosts that are being changed
	before   map[string][]string // by host, who must have succeeded first; never changed
	open     map[string]int      // by host, how often it is yet to succeed
	parallel int
	running  int
	timing   Timing
	lease    Lease
	halt     Halt
	leasing  bool // asked, not answered
	reading  bool
	looked   time.Time // when the question about halt orders was last answered, with whatever reading
	why      Why       // not empty: nothing more starts
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
func NewState(b Beginning) State {
	s := State{rings: map[string]ringState{}, parallel: b.Parallel, timing: b.Timing, lease: b.Lease, halt: b.Halt, looked: b.Halt.Read}
	for _, w := range b.Waves {
		s.waves = append(s.waves, waveState{Wave: w, queued: slices.Clone(w.Hosts)})
		l := b.Limits[w.Ring]
		s.rings[w.Ring] = ringState{Limits: l, inDoubt: l.Down}
	}
	s.pool(b.Pools)
	return s
}

// Why says what stopped the run early, if anything did.
func (s State) Why() Why { return s.why }

// Stopped lists the rings that stopAtFailures stopped, sorted.
func (s State) Stopped() []string {
	var out []string
	for name, r := range s.rings {
		if stopped(r) {
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

func (s State) clone() State {
	s.waves = slices.Clone(s.waves)
	for i := range s.waves {
		s.waves[i].queued = slices.Clone(s.waves[i].queued)
		s.waves[i].running = slices.Clone(s.waves[i].running)
	}
	s.rings = maps.Clone(s.rings)
	s.pools = slices.Clone(s.pools)
	s.open = maps.Clone(s.open)
	return s
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
