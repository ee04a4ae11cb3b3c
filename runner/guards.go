//go:build !planted

package runner

import (
	"slices"
	"time"
)

// The predicates that everything safe about a run comes down to. They stand in a file of their own so that the
// simulator can be shown to find each of them broken: guards_planted.go has the same functions with one bug at a time.

// fits: the occurrence is open, and what starts now ends inside it.
func fits(w Wave, at time.Time, t Timing) bool {
	return !at.Before(w.Opens) && (w.Closes == nil || at.Before(*w.Closes) && !at.Add(t.Need).After(*w.Closes))
}

// room is how many more hosts of the ring may go down.
func room(r ringState) int { return r.Budget - r.running - r.inDoubt }

// spare is how many more hosts of the pool may go down.
func spare(p poolState) int { return p.Most - p.running - p.Down }

// lost: nobody knows what this run left behind on the host. It may be at work still.
func lost(inDoubt []string, host string) bool { return slices.Contains(inDoubt, host) }

// stopped: enough hosts of the ring failed in this run.
func stopped(r ringState) bool { return r.StopAtFailures > 0 && r.failed >= r.StopAtFailures }

// announced: the intent is recorded where every other runner sees it.
func announced(w waveState) bool { return w.announced }

// leased: the lease holds long enough for a start to reach its host.
func leased(l Lease, now time.Time, t Timing) bool { return !now.Add(t.Margin).After(l.Until) }

// expiring: it is time to renew the lease.
func expiring(l Lease, now time.Time, t Timing) bool { return now.Add(t.Renew).After(l.Until) }

// unhalted: the control branch was read lately and orders no halt.
func unhalted(h Halt, now time.Time, t Timing) bool { return !h.Halted && now.Sub(h.Read) <= t.Fresh }

// latest is the last instant of machine time at which a start that Step asks for now may reach its host.
func latest(w Wave, l Lease, h Halt, m Moment, t Timing) time.Time {
	by := m.Now.Add(t.Reach)
	by = earlier(by, l.Until)
	by = earlier(by, h.Read.Add(t.Fresh))
	if w.Closes != nil {
		by = earlier(by, m.Now.Add(w.Closes.Sub(m.At)-t.Need))
	}
	return by
}
