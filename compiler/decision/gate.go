package decision

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// gate is one requirement and what is known of its ring.
type gate struct {
	policy.Requirement
	key     string
	e       RingEvidence
	reports Reports
	counted bool     // reports are known
	wanted  []string // platforms on which it must have succeeded
	at      time.Time
	failing []string // own hosts that have it and are not well
	unknown []string // own hosts that have it, of which nobody knows how they are
}

// name is how messages call it.
func (g gate) name() string {
	if g.Pooled() {
		return "the pool"
	}
	return g.key
}

// conditions are those that do not hold yet. The soak is only counted once the numbers are right, since any new success
// starts it anew.
func (g gate) conditions() []condition {
	out := append(g.counts(), g.covers()...)
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
			g.name(), e.Attempted, e.Succeeded, e.Failed, e.InDoubt)}
	}
	if e.InDoubt > 0 && !g.Pooled() { // somewhere in the pool something is always under way; it is no success yet
		out = append(out, g.wait(ReasonGateInDoubt, "%s: %s must be settled first", g.name(), hosts(e.InDoubt)+" in doubt"))
	}
	if e.Succeeded*100 < g.Succeeded*e.Attempted {
		out = append(out, g.wait(ReasonGateFailed, "%s: %d of %d attempted hosts succeeded (%d%%), %d%% are needed",
			g.name(), e.Succeeded, e.Attempted, e.Succeeded*100/e.Attempted, g.Succeeded))
	}
	if e.Succeeded < need && !g.untested() {
		out = append(out, g.wait(ReasonWaitGate, "%s: %d of %d needed hosts succeeded", g.name(), e.Succeeded, need))
	}
	if e.Tenants < g.Tenants {
		out = append(out, g.wait(ReasonWaitGate, "%s: it succeeded in %d of %d needed tenants", g.name(), e.Tenants, g.Tenants))
	}
	return append(append(out, g.reported()...), g.healthy()...)
}

// reported is the condition that the newest scans reached enough hosts of the ring: few answers from a ring that is
// mostly silent say little of it.
func (g gate) reported() []condition {
	need, r := g.MinReported, g.reports
	switch {
	case need == policy.Amount{}:
		return nil
	case !g.counted || r.Reached > r.Hosts || r.Reached < 0:
		return []condition{g.wait(ReasonWaitReports, "%s: nobody knows how many of its hosts were scanned", g.name())}
	case r.Reached >= need.Count && r.Reached*100 >= need.Percent*r.Hosts:
		return nil
	case need.Count > 0:
		return []condition{g.wait(ReasonWaitReports, "%s: %d of %s were scanned, %d are needed", g.name(), r.Reached, hosts(r.Hosts), need.Count)}
	}
	return []condition{g.wait(ReasonWaitReports, "%s: %d of %s were scanned, %d%% are needed", g.name(), r.Reached, hosts(r.Hosts), need.Percent)}
}

// covers are the conditions on platforms. That nobody can test the update does not waive them.
func (g gate) covers() []condition {
	var lacks []string
	for _, p := range g.wanted {
		switch {
		case p == "":
			lacks = append(lacks, "one that is not known")
		case g.EachPlatform && !g.proven(p):
			on := g.e.On(p)
			lacks = append(lacks, fmt.Sprintf("%s (%d of %d hosts, %d of %d tenants)", p, on.Succeeded, g.needed(), on.Tenants, g.Tenants))
		case !g.EachPlatform && !slices.Contains(g.e.Platforms, p):
			lacks = append(lacks, p)
		}
	}
	if len(lacks) == 0 {
		return nil
	}
	slices.Sort(lacks)
	if lacks = slices.Compact(lacks); g.EachPlatform {
		return []condition{g.wait(ReasonWaitPlatform, "%s: on each platform by itself it must succeed on %s in %d tenants; it lacks %s",
			g.name(), hosts(g.needed()), g.Tenants, strings.Join(lacks, ", "))}
	}
	have := cmp.Or(strings.Join(g.e.Platforms, ", "), "none")
	return []condition{g.wait(ReasonWaitPlatform, "%s: it must succeed on %s first; it has on %s", g.name(), strings.Join(lacks, ", "), have)}
}

// proven reports whether the counts hold on one platform by itself.
func (g gate) proven(platform string) bool {
	on := g.e.On(platform)
	return on.Succeeded >= g.needed() && on.Tenants >= g.Tenants
}

// needed is at least one host: a ring in which nobody ever tried an update does not vouch for it.
func (g gate) needed() int { return max(1, g.MinSucceeded) }

// untested reports whether the ring can never reach the number of successes. Of the pool nobody can say so.
func (g gate) untested() bool { return !g.Pooled() && g.e.Attempted+g.e.Missing < g.needed() }

func (e RingEvidence) contradicts() bool {
	negative := e.Attempted < 0 || e.Succeeded < 0 || e.Failed < 0 || e.InDoubt < 0 || e.Missing < 0
	sum := 0
	for _, p := range e.OnPlatforms {
		sum += p.Succeeded
		negative = negative || p.Succeeded < 0
	}
	return negative || sum > e.Succeeded || e.Succeeded+e.Failed+e.InDoubt > e.Attempted
}

func concerned(n int) string {
	if n == 0 {
		return "none needs this update"
	}
	return fmt.Sprintf("only %d need this update", n)
}

func (g gate) whenUntested() condition {
	c := g.wait(ReasonUntested, "%s cannot test it: %s must succeed there, %s", g.name(), hosts(g.needed()), concerned(g.e.Attempted+g.e.Missing))
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
		return []condition{g.wait(ReasonWaitSoak, "%s: %s after the newest success, whose time is not recorded", g.name(), g.Soak)}
	}
	until := after(*g.e.SucceededAt, g.Soak)
	if until != nil && !until.After(g.at) {
		return nil
	}
	c := g.wait(ReasonWaitSoak, "%s: %s after its newest success at %s", g.name(), g.Soak, stamp(*g.e.SucceededAt))
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
