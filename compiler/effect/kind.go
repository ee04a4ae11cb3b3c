package effect

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
)

// Kind names what a change means.
type Kind string

// The kinds, the loudest first.
const (
	RejectedToApproved Kind = "rejected-to-approved" // refused before; now it will be installed, at once or in time
	LostCoverage       Kind = "lost-coverage"        // no ring has the host any more: nobody patches it
	NewlyApproved      Kind = "newly-approved"       // waited for people or a hold; now only for time or evidence
	NoLongerRejected   Kind = "no-longer-rejected"   // refused before; now it waits for people or a hold
	Earlier            Kind = "earlier"
	Reboots            Kind = "reboots" // hosts that may be rebooted and were not
	Limits             Kind = "limits"  // how many hosts of a ring may be down at once, and when it stops
	GainedCoverage     Kind = "gained-coverage"
	NewlyRejected      Kind = "newly-rejected"
	NoLongerApproved   Kind = "no-longer-approved" // now it waits for people or a hold
	Later              Kind = "later"
	RebootsMoved       Kind = "reboots-moved"
	NoReboots          Kind = "no-reboots"
	Changed            Kind = "changed" // another ring, lane, window or cause of waiting, at the same time
)

// Kinds are all kinds in order.
func Kinds() []Kind {
	return []Kind{
		RejectedToApproved, LostCoverage, NewlyApproved, NoLongerRejected, Earlier, Reboots, Limits, GainedCoverage,
		NewlyRejected, NoLongerApproved, Later, RebootsMoved, NoReboots, Changed,
	}
}

// KindsOf lists the kinds that occur, the loudest first.
func KindsOf(list []TenantDiff) []Kind {
	found := map[Kind]bool{}
	for _, t := range list {
		for _, g := range t.Groups {
			found[g.Kind] = true
		}
	}
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return !found[k] })
}

func (k Kind) rank() int { return slices.Index(Kinds(), k) }

// Standing is what was decided of an update, without instants.
type Standing string

// The standings.
const (
	StandsApproved      Standing = "approved" // installed as soon as time, windows and evidence allow
	StandsHeld          Standing = "held"     // until a rule changes or the breaker is released
	StandsNeedsApproval Standing = "needs-approval"
	StandsRejected      Standing = "rejected"
)

func standingOf(d decision.Decision) Standing {
	switch {
	case d.Outcome == decision.Rejected:
		return StandsRejected
	case d.Outcome == decision.NeedsApproval:
		return StandsNeedsApproval
	case d.Outcome == decision.Pending && plan.WaitsFor(d) == plan.ForHold:
		return StandsHeld
	}
	return StandsApproved
}

// updateKind classifies a host-update whose places differ.
func updateKind(from, to placement, at time.Time) Kind {
	switch was, is := from.standing, to.standing; {
	case from == (placement{}):
		return GainedCoverage
	case to == (placement{}):
		return LostCoverage
	case was == StandsRejected && is == StandsApproved:
		return RejectedToApproved
	case was != StandsRejected && is == StandsRejected:
		return NewlyRejected
	case was == StandsRejected && is != StandsRejected:
		return NoLongerRejected
	case was != StandsApproved && is == StandsApproved:
		return NewlyApproved
	case was == StandsApproved && is != StandsApproved:
		return NoLongerApproved
	}
	switch moved(from, to, at) {
	case -1:
		return Earlier
	case 1:
		return Later
	}
	return Changed
}

// rebootKind classifies a host's reboot: one that only waits is none yet.
func rebootKind(from, to placement) Kind {
	switch {
	case from.state != "planned" && to.state == "planned":
		return Reboots
	case from.state == "planned" && to.state != "planned":
		return NoReboots
	}
	return RebootsMoved
}
