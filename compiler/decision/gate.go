package decision

import (
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// gates are the conditions that the ring's required rings make. Those that hold say nothing, except that one which is
// waived because nobody can test the update is told.
func gates(q Query) (out []condition) {
	for _, r := range q.Ring.Requires {
		g := gate{Requirement: r, key: r.Key(), at: q.At}
		g.e, _ = q.Evidence.Of(g.key, q.Update.PURL)
		if r.Tenant == "" && q.Missing != nil {
			g.e.Missing = q.Missing(g.key)
		}
		if r.Tenant != "" {
			unseen, _ := q.Evidence.Of(g.key, AnyUpdate)
			g.e.Missing += unseen.Missing
		}
		if q.Lane != nil && q.Lane.Soak != nil {
			g.Soak = *q.Lane.Soak
		}
		out = append(out, g.conditions()...)
	}
	return out
}

// gate is one requirement and what is known of its ring.
type gate struct {
	policy.Requirement
	key string
	e   RingEvidence
	at  time.Time
}

// conditions are those that do not hold yet. The soak is only counted once the numbers are right, since any new success
// starts it anew.
func (g gate) conditions() []condition {
	out := g.counts()
	if g.untested() {
		out = append(out, g.whenUntested())
	}
	if slices.ContainsFunc(out, func(c condition) bool { return c.outcome != Approved }) {
		return out
	}
	return append(out, g.soaks()...)
}

// counts are the conditions on what was attempted: nothing in doubt, enough successes, few enough failures.
func (g gate) counts() (out []condition) {
	e, need := g.e, g.needed()
	if e.contradicts() {
		return []condition{g.wait(ReasonGateInDoubt, "%s: its evidence contradicts itself (%d attempted, %d succeeded, %d failed, %d in doubt)",
			g.key, e.Attempted, e.Succeeded, e.Failed, e.InDoubt)}
	}
	if e.InDoubt > 0 {
		out = append(out, g.wait(ReasonGateInDoubt, "%s: %s must be settled first", g.key, hosts(e.InDoubt)+" in doubt"))
	}
	if e.Succeeded*100 < g.Succeeded*e.Attempted {
		out = append(out, g.wait(ReasonGateFailed, "%s: %d of %d attempted hosts succeeded (%d%%), %d%% are needed",
			g.key, e.Succeeded, e.Attempted, e.Succeeded*100/e.Attempted, g.Succeeded))
	}
	if e.Succeeded < need && !g.untested() {
		out = append(out, g.wait(ReasonWaitGate, "%s: %d of %d needed hosts succeeded", g.key, e.Succeeded, need))
	}
	return out
}

// needed is at least one host: a ring in which nobody ever tried an update does not vouch for it.
func (g gate) needed() int { return max(1, g.MinSucceeded) }

// untested reports whether the ring can never reach the number of successes.
func (g gate) untested() bool { return g.e.Attempted+g.e.Missing < g.needed() }

func (e RingEvidence) contradicts() bool {
	negative := e.Attempted < 0 || e.Succeeded < 0 || e.Failed < 0 || e.InDoubt < 0 || e.Missing < 0
	return negative || e.Succeeded+e.Failed+e.InDoubt > e.Attempted
}

func concerned(n int) string {
	if n == 0 {
		return "none needs this update"
	}
	return fmt.Sprintf("only %d need this update", n)
}

func (g gate) whenUntested() condition {
	c := g.wait(ReasonUntested, "%s cannot test it: %s must succeed there, %s", g.key, hosts(g.needed()), concerned(g.e.Attempted+g.e.Missing))
	switch g.IfUntested {
	case policy.UntestedApprove:
		c.outcome, c.rank = Approved, rankWaived
		c.msg += "; ifUntested lets it pass"
	case policy.UntestedWait:
		c.msg += "; it waits until more of its hosts need this update"
	default:
		c.outcome = NeedsApproval
		c.msg += ", so a person has to approve it"
	}
	return c
}

func (g gate) soaks() []condition {
	if g.Soak <= 0 || g.untested() && g.e.Succeeded == 0 {
		return nil // nothing to soak
	}
	if g.e.SucceededAt == nil || !real(*g.e.SucceededAt) {
		return []condition{g.wait(ReasonWaitSoak, "%s: %s after the newest success, whose time is not recorded", g.key, g.Soak)}
	}
	until := after(*g.e.SucceededAt, g.Soak)
	if until != nil && !until.After(g.at) {
		return nil
	}
	c := g.wait(ReasonWaitSoak, "%s: %s after its newest success at %s", g.key, g.Soak, stamp(*g.e.SucceededAt))
	c.until = until
	return []condition{c}
}

// wait is a condition of this gate without a known end.
func (g gate) wait(code, format string, args ...any) condition {
	return condition{outcome: Pending, code: code, msg: fmt.Sprintf(format, args...), source: g.Source, rank: rankGate}
}

func hosts(n int) string {
	if n == 1 {
		return "1 host"
	}
	return fmt.Sprintf("%d hosts", n)
}
