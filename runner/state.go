package runner

import (
	"maps"
	"slices"
	"time"
)

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
