package plan

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/internal/canonical"
)

// verdict is what becomes of one update in one ring: decided once, whatever the number of hosts. Exactly one of
// rejected, waiting and bucket is set, or none where each zone of hosts has its own target; held, doubted and retried say
// where it goes on a host with a cause of its own.
type verdict struct {
	rest     *verdict        // of hosts that are no canaries, while they wait for those; nil: for all hosts this one counts
	left     int             // canaries that may go yet
	chosen   map[string]bool // lazily: hosts that are canaries
	part     *part
	decision decision.Decision
	rejected *Rejected
	waiting  *Waiting // on hosts without a cause of their own
	bucket   *bucket  // planned
	allowed  []string // the freezes that let it through
	ready    time.Time
	stuck    map[string]*Waiting // lazily: hosts that their group keeps, by why
	held     *Waiting            // lazily: hosts whose package manager holds it
	doubted  *Waiting            // lazily: hosts in doubt
	local    map[rota]target     // lazily, where hosts have windows in their own zones
	retried  map[again]target    // lazily
	skipped  map[again]target    // lazily: hosts that were away
}

// again is a second from which an update may be tried again in some windows.
type again struct {
	rota rota
	from int64
}

// target is where a host-update goes: into a bucket or a waiting entry.
type target struct {
	bucket  *bucket
	waiting *Waiting
}

// count tells how many members of each ring lack each update, and how many hosts of each ring nobody looked at.
func (b *build) count() {
	n := len(b.Snapshot.Updates)
	b.lacking = make([]int32, len(b.rings)*n)
	b.unseen = slices.Clone(b.sizes)
	for _, m := range b.members {
		b.unseen[m.ring]--
		for _, x := range m.missing {
			b.lacking[m.ring*n+x.Update]++
		}
	}
}

// decide asks for every update in every ring that lacks it.
func (b *build) decide() {
	n := len(b.Snapshot.Updates)
	b.verdicts = make([]*verdict, len(b.lacking))
	evidence := decision.NewIndex(b.Evidence)
	lanes := map[string]int{}
	for i, l := range b.lanes {
		if l != nil {
			lanes[l.Name] = i
		}
	}
	for u := range n {
		lane := 0
		if l := decision.LaneOf(b.Policy, b.Answers[u]); l != nil {
			lane = lanes[l.Name]
		}
		for r := range b.rings {
			if b.lacking[r*n+u] > 0 {
				b.verdicts[r*n+u] = b.verdict(r, lane, u, evidence)
			}
		}
	}
}

func (b *build) verdict(r, lane, u int, evidence *decision.Index) *verdict {
	q := decision.Query{
		Policy: b.Policy, Ring: &b.rings[r], Lane: b.lanes[lane], Update: b.Snapshot.Updates[u], Answer: b.Answers[u],
		Evidence: evidence, At: b.At, Break: b.broken(b.Snapshot.Updates[u].PURL), Canaries: b.canaries[r*len(b.lanes)+lane],
		Missing:   func(ring string) int { return b.stillMissing(ring, u, evidence) },
		Reported:  func(ring string) decision.Reports { return b.reported(ring, evidence) },
		Platforms: func() []string { return b.platforms(r, u) },
		Unwell:    func(ring string, h inventory.Health) []string { return b.unwell(ring, u, h) },
	}
	v := b.ruled(decision.Decide(q), r, lane, u)
	if q.Canaries > 0 && v.rejected == nil {
		v.left, q.Rest = q.CanariesLeft(), true
		if rest := decision.Decide(q); rest.Outcome != v.decision.Outcome || !canonical.SameInstant(rest.Until, v.decision.Until) {
			v.rest = b.ruled(rest, r, lane, u)
		}
	}
	return v
}

// ruled is the verdict that a decision makes.
func (b *build) ruled(d decision.Decision, r, lane, u int) *verdict {
	update := b.Snapshot.Updates[u]
	d.Reasons = inSeconds(d.Reasons)
	v := &verdict{part: b.part(r, lane), decision: d, allowed: b.Answers[u].Freezes, ready: b.At}
	if l := b.lanes[lane]; l != nil && len(l.Passes) > 0 {
		v.allowed = slices.Concat(v.allowed, l.Passes)
	}
	switch {
	case d.Outcome == decision.Rejected:
		v.rejected = v.part.reject(update.PURL, d.Reasons)
		return v
	case d.Outcome == decision.Approved:
	case d.Outcome == decision.Pending && d.Until != nil:
		v.ready = later(b.At, upTo(*d.Until))
	default:
		v.waiting = v.part.wait(update.PURL, WaitsFor(d), nil, d.Reasons)
		return v
	}
	if !b.rotas[r*len(b.lanes)+lane].perHost {
		t := b.target(v, b.rota(r, lane, ""), v.ready)
		v.bucket, v.waiting = t.bucket, t.waiting
	}
	return v
}

// broken is the oldest break of an update, nil for none.
func (b *build) broken(update string) *decision.Break {
	i := slices.IndexFunc(b.Breaks, func(x decision.Break) bool { return x.Update == update })
	if i < 0 {
		return nil
	}
	return &b.Breaks[i]
}

// stillMissing counts the hosts of a ring of this tenant that lack an update, or may: a host that was not scanned might
// yet test it, so nobody may say that the ring never will. A ring that has hosts at other sites is also counted by what
// its own scans recorded, so that those hosts are not taken for absent.
func (b *build) stillMissing(ring string, u int, evidence *decision.Index) int {
	for r := range b.rings {
		if b.rings[r].Name != ring {
			continue
		}
		n := int(b.lacking[r*len(b.Snapshot.Updates)+u]) + b.unseen[r]
		if b.elsewhere[r] {
			e, _ := evidence.Of(ring, b.Snapshot.Updates[u].PURL)
			n = max(n, e.Missing)
		}
		return n
	}
	return 0
}

// target finds the occurrence for an update that is ready at an instant, or why there is none.
func (b *build) target(v *verdict, r rota, ready time.Time) target {
	spot := b.calendar.find(r, v.allowed, ready)
	switch {
	case spot.open:
		return target{bucket: v.part.bucket(spot.occurrence, false)}
	case v.decision.Until != nil && !v.ready.Before(b.calendar.end):
		return target{waiting: v.part.wait(v.decision.Update, WaitsFor(v.decision), &v.ready, v.decision.Reasons)}
	}
	reasons := append([]decision.Reason{spot.reason}, v.decision.Reasons...)
	return target{waiting: v.part.wait(v.decision.Update, spot.cause, spot.reason.Until, reasons)}
}

// causes are what the reasons of decisions make an update wait for.
var causes = map[string]WaitFor{
	decision.ReasonWaitAnchor:    ForAnchor,
	decision.ReasonNoAnchor:      ForAnchor,
	decision.ReasonNeedsApproval: ForApproval,
	decision.ReasonNoRule:        ForApproval,
	decision.ReasonHold:          ForHold,
	decision.ReasonEvaluator:     ForHold,
	decision.ReasonBreaker:       ForHold,
	decision.ReasonWaitGate:      ForGate,
	decision.ReasonGateFailed:    ForGate,
	decision.ReasonGateInDoubt:   ForGate,
	decision.ReasonWaitSoak:      ForSoak,
	decision.ReasonWaitReports:   ForGate,
	decision.ReasonWaitPlatform:  ForGate,
	decision.ReasonWaitHealth:    ForGate,
	decision.ReasonWaitCanary:    ForGate,
	decision.ReasonCanaryFailed:  ForGate,
	decision.ReasonCanaryInDoubt: ForGate,
}

// WaitsFor names what an update waits for that a decision does not approve yet: of several waits the one that ends last.
func WaitsFor(d decision.Decision) WaitFor {
	if d.Outcome == decision.NeedsApproval {
		return ForApproval
	}
	if len(d.Reasons) == 0 {
		return ForHold
	}
	if d.Reasons[0].Code == decision.ReasonUntested {
		return ForGate // ifUntested: wait
	}
	if c, ok := causes[d.Reasons[0].Code]; ok {
		return c
	}
	return ForHold
}

func inSeconds(list []decision.Reason) []decision.Reason {
	list = append([]decision.Reason{}, list...)
	for i := range list {
		if u := list[i].Until; u != nil {
			end := upTo(*u)
			list[i].Until = &end
		}
	}
	return slices.Clip(list)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
