//go:build linux

package killloop

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ringfence/ringfence/runner/ledger"
)

// TestRaces lets two to four runners with clones of their own work on the same hosts and the same remote for a few
// releases, and stops one of them at a time: for a moment, or until long after its lease has ended. RACES is how many
// of these worlds there are.
func TestRaces(t *testing.T) {
	t.Parallel()
	eachSeed(t, *seedFlag, number("RACES", 1), func(t *testing.T, seed int64) { newRace(t, seed).play(releases) })
}

// A machine's minutes pass in a fifth of a second here: a lease of ten minutes and the two of its margin in two and a
// half seconds.
const (
	raceSpeed = 300
	leaseEnds = 2500 * time.Millisecond
	releases  = 2
)

type race struct {
	*arena
	*rand.Rand
	runners []*service
	fast    machineClock
	beyond  int // how often one was stopped for longer than its lease
}

func newRace(t *testing.T, seed int64) *race {
	t.Helper()
	r := &race{arena: newArena(t, shape{hosts: 4, budget: 2, takes: 120 * time.Millisecond}, raceSpeed), Rand: rand.New(rand.NewPCG(uint64(seed), 7))}
	r.fast = r.clock
	for i := range 2 + r.IntN(3) {
		machine := string(rune('a' + i))
		r.clone(machine)
		r.runners = append(r.runners, r.serve(machine, runIt...))
	}
	return r
}

func (r *race) play(rounds int) {
	r.Helper()
	for round := range rounds {
		if round > 0 {
			r.release()
		}
		r.stopOne()
		r.wait()
	}
	for _, s := range r.runners {
		s.end()
	}
	r.slow()
	r.settle("a", "b")
	r.clone("auditor")
	r.audit("auditor")
	r.secondOpinion("auditor")
	r.inTurn()
	r.Logf("%d runners, one of them stopped beyond its lease %d times in %d releases", len(r.runners), r.beyond, rounds)
}

// stopOne stops whoever starts something next.
func (r *race) stopOne() {
	d := time.Duration(r.Int64N(int64(leaseEnds / 2)))
	if r.IntN(3) > 0 {
		d = leaseEnds + time.Duration(r.Int64N(int64(leaseEnds)))
		r.beyond++
	}
	for range 100 {
		for _, s := range r.runners {
			select {
			case <-s.starts:
				s.pause(d)
				return
			default:
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	r.runners[r.IntN(len(r.runners))].pause(d) // nobody starts anything: some other moment will do
}

// wait lets the runners get on, though a host that is in doubt or failed may have to wait for tomorrow.
func (r *race) wait() {
	for range 30 {
		if r.upToDate() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// inTurn: nothing began on a host under a lease after a run with a newer one had written.
func (r *race) inTurn() {
	r.Helper()
	_, records := r.records("auditor")
	fence, next := map[string]int{}, map[int]time.Time{} // of an action; when a fence was first seen
	for _, rec := range records {
		if _, seen := next[rec.Fence]; !seen && rec.Fence > 0 {
			next[rec.Fence] = rec.At
		}
		for _, a := range rec.Actions {
			if rec.Phase == ledger.PhaseIntent {
				fence[a.ID] = rec.Fence
			}
		}
	}
	log, err := readLog(r.path("hosts.log"))
	r.check(err)
	for _, s := range log {
		if s.What != began {
			continue
		}
		at := r.fast.at(s.At)
		for f, since := range next {
			if f > fence[s.Action] && at.After(since) && s.At.Before(r.clock.origin) {
				r.Errorf("%s: began under lease %d at %s, and a run with lease %d had written at %s", s.Host, fence[s.Action], at, f, since)
			}
		}
	}
}
