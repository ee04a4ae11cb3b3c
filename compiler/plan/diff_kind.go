package plan

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
)

// DiffKind names what a change means.
type DiffKind string

// The kinds, the loudest first.
const (
	RejectedToApproved DiffKind = "rejected-to-approved" // refused before; now it will be installed, at once or in time
	LostCoverage       DiffKind = "lost-coverage"        // no ring has the host any more: nobody patches it
	NewlyApproved      DiffKind = "newly-approved"       // waited for people or a hold; now only for time or evidence
	NoLongerRejected   DiffKind = "no-longer-rejected"   // refused before; now it waits for people or a hold
	Earlier            DiffKind = "earlier"
	Reboots            DiffKind = "reboots" // hosts that may be rebooted and were not
	Limits             DiffKind = "limits"  // how many hosts of a ring may be down at once, and when it stops
	GainedCoverage     DiffKind = "gained-coverage"
	NewlyRejected      DiffKind = "newly-rejected"
	NoLongerApproved   DiffKind = "no-longer-approved" // now it waits for people or a hold
	Later              DiffKind = "later"
	RebootsMoved       DiffKind = "reboots-moved"
	NoReboots          DiffKind = "no-reboots"
	Changed            DiffKind = "changed" // another ring, lane, window or cause of waiting, at the same time
)

// DiffKinds are all kinds in order.
func DiffKinds() []DiffKind {
	return []DiffKind{
		RejectedToApproved, LostCoverage, NewlyApproved, NoLongerRejected, Earlier, Reboots, Limits, GainedCoverage,
		NewlyRejected, NoLongerApproved, Later, RebootsMoved, NoReboots, Changed,
	}
}

func (k DiffKind) rank() int { return slices.Index(DiffKinds(), k) }

// DiffStanding is what was decided of an update, without instants.
type DiffStanding string

// The standings.
const (
	StandsApproved      DiffStanding = "approved" // installed as soon as time, windows and evidence allow
	StandsHeld          DiffStanding = "held"     // until a rule changes or the breaker is released
	StandsNeedsApproval DiffStanding = "needs-approval"
	StandsRejected      DiffStanding = "rejected"
)

func standingOf(d decision.Decision) DiffStanding {
	switch {
	case d.Outcome == decision.Rejected:
		return StandsRejected
	case d.Outcome == decision.NeedsApproval:
		return StandsNeedsApproval
	case d.Outcome == decision.Pending && causeOf(d) == ForHold:
		return StandsHeld
	}
	return StandsApproved
}

// placement is where one plan puts a row. The zero placement is nowhere. Instants are seconds, 0 for none, so that
// equal places are equal values.
type placement struct {
	state                string
	ring, lane           string
	standing             DiffStanding
	window               string
	opens, closes, until int64
	cause                WaitFor
	why                  string
	down, stop           int
}

// start is the instant from which the row may happen; ok is false when nobody knows one.
func (p placement) start(at time.Time) (second int64, ok bool) {
	switch p.state {
	case "planned":
		return max(p.opens, at.Unix()), true
	case "waiting":
		return p.until, p.until != 0
	}
	return 0, false
}

// moved says whether one place is before or after another. What has no known instant is after all that have.
func moved(from, to placement, at time.Time) int {
	a, known := from.start(at)
	b, still := to.start(at)
	switch {
	case known && still:
		return cmp.Compare(b, a)
	case known:
		return 1
	case still:
		return -1
	}
	return 0
}

// updateKind classifies a host-update whose places differ.
func updateKind(from, to placement, at time.Time) DiffKind {
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
func rebootKind(from, to placement) DiffKind {
	switch {
	case from.state != "planned" && to.state == "planned":
		return Reboots
	case from.state == "planned" && to.state != "planned":
		return NoReboots
	}
	return RebootsMoved
}

// document writes a place down.
func (p placement) document() DiffState {
	return DiffState{
		State: cmp.Or(p.state, "none"), Ring: p.ring, Lane: p.lane, Standing: p.standing, Window: p.window,
		Opens: second(p.opens), Closes: second(p.closes), For: p.cause, Until: second(p.until), Why: p.why, Down: p.down, StopAt: p.stop,
	}
}

func second(unix int64) *time.Time {
	if unix == 0 {
		return nil
	}
	t := time.Unix(unix, 0).UTC()
	return &t
}

func unix(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

// placements gives equal places equal numbers; 0 is nowhere.
type placements struct {
	ids  map[placement]int32
	list []placement
}

func newPlacements() *placements {
	return &placements{map[placement]int32{{}: 0}, []placement{{}}}
}

func (s *placements) id(p placement) int32 {
	id, ok := s.ids[p]
	if !ok {
		id = int32(len(s.list))
		s.ids[p], s.list = id, append(s.list, p)
	}
	return id
}
