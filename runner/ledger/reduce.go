package ledger

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/internal/canonical"
)

// StateVersion numbers what Reduce makes of records. Whatever gives other states for the same records raises it, so that
// a verifier can tell a state that it cannot recompute from one that was changed. States before number 2 have none.
const StateVersion = 2

// maxOccurrences is how many window occurrences a state remembers.
const maxOccurrences = 200

// Reduce returns the state after a record. It is a pure function, does not change its input, and gives the same state
// whatever the order of the record's actions. In every row of evidence attempted = succeeded + failed + in doubt.
//
// Only apply actions are evidence: a reboot that a change needs is part of the apply's own outcome. What was installed
// and still lacks its reboot becomes a success with that reboot, see State.Asleep.
//
// What no scan lists any more is forgotten after half a year, see forget.
func Reduce(s State, r Record) State { return newReducer(s, r).reduce(r) }

func (x *reducer) reduce(r Record) State {
	for _, a := range inOrder(r.Actions) {
		if r.Phase == PhaseNote {
			x.late(a)
			continue
		}
		x.action(a)
	}
	if r.Scan != nil {
		x.scan(*r.Scan) // after the actions: the scan has already seen what they changed
		x.forget(r.Scan.Seen)
	}
	return x.finish()
}

// reducer builds the next state. Slices and maps are its own; what they point at is replaced, never written.
type reducer struct {
	s        State
	site     string
	at       time.Time
	rows     map[[2]string]int          // ring and update to evidence
	missing  map[[3]string]int          // site, ring and update to hosts
	failures map[[2]string]plan.Failure // by host and update
	doubts   map[string]plan.InDoubt    // by action id
	reboots  map[string]plan.Rebooted   // by host
	asleep   map[[2]string]Asleep       // by host and update
	health   map[[3]string]SiteHealth   // by site, ring and update
	canaries map[[2]string]Canaries     // by ring and update
	settled  string                     // id of the last action that got its outcome in this record
	dropped  map[string]bool            // updates that are forgotten in this record
	keep     time.Duration              // how long what is gone is remembered
}

func newReducer(s State, r Record) *reducer {
	s.APIVersion, s.Kind, s.Version, s.Tenant, s.Seq = canonical.APIVersion, "State", StateVersion, r.Tenant, r.Seq
	s.Evidence, s.Occurrences = slices.Clone(s.Evidence), slices.Clone(s.Occurrences)
	s.FirstSeen, s.Durations, s.Fences = maps.Clone(s.FirstSeen), maps.Clone(s.Durations), maps.Clone(s.Fences)
	x := &reducer{
		s: s.filled(), site: r.Site, at: canonical.Instant(r.At), rows: map[[2]string]int{}, missing: map[[3]string]int{},
		failures: map[[2]string]plan.Failure{}, doubts: map[string]plan.InDoubt{},
		reboots: map[string]plan.Rebooted{}, asleep: map[[2]string]Asleep{}, health: map[[3]string]SiteHealth{}, canaries: map[[2]string]Canaries{},
		dropped: map[string]bool{}, keep: retention,
	}
	if r.Fence > 0 {
		x.s.Fences[r.Site] = max(x.s.Fences[r.Site], r.Fence)
	}
	for i, e := range s.Evidence {
		x.rows[[2]string{e.Ring, e.Update}] = i
	}
	for _, m := range s.Missing {
		x.missing[[3]string{m.Site, m.Ring, m.Update}] = m.Hosts
	}
	for _, f := range s.Failures {
		x.failures[[2]string{f.Host, f.Update}] = f
	}
	for _, d := range s.InDoubt {
		x.doubts[d.ID] = d
	}
	for _, r := range s.Reboots {
		x.reboots[r.Host] = r
	}
	for _, h := range s.Health {
		x.health[h.key()] = h
	}
	for _, a := range s.Asleep {
		x.asleep[[2]string{a.Host, a.Update}] = a
	}
	for _, c := range s.Canaries {
		x.canaries[[2]string{c.Ring, c.Update}] = c
	}
	return x
}

// row returns the evidence of an update in a ring, new if there was none. It is valid until the next call.
func (x *reducer) row(ring, update string) *decision.RingEvidence {
	key := [2]string{ring, update}
	i, ok := x.rows[key]
	if !ok {
		i = len(x.s.Evidence)
		x.rows[key] = i
		x.s.Evidence = append(x.s.Evidence, decision.RingEvidence{Ring: ring, Update: update, Platforms: []string{}})
	}
	return &x.s.Evidence[i]
}

func (x *reducer) scan(s Scan) {
	for _, purl := range s.Seen {
		if _, known := x.s.FirstSeen[purl]; !known {
			x.s.FirstSeen[purl] = x.at
		}
	}
	maps.DeleteFunc(x.missing, func(key [3]string, _ int) bool { return key[0] == x.site })
	for _, m := range s.Missing {
		x.missing[[3]string{x.site, m.Ring, m.Update}] += m.Hosts
	}
	for _, u := range s.Unseen {
		x.missing[[3]string{x.site, u.Ring, decision.AnyUpdate}] += u.Hosts
	}
	x.s.Rings = slices.DeleteFunc(slices.Clone(x.s.Rings), func(r SiteHosts) bool { return r.Site == x.site })
	for _, r := range s.Rings {
		x.s.Rings = append(x.s.Rings, SiteHosts{Site: x.site, Ring: r.Ring, Hosts: r.Hosts})
	}
	slices.SortFunc(x.s.Rings, func(a, b SiteHosts) int { return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Ring, b.Ring)) })
	for _, host := range s.Awake {
		x.wake(host, x.at)
	}
	x.looked(s.Health)
	x.missedBy(s.Away)
}

// finish sorts every list and drops what says nothing any more.
func (x *reducer) finish() State {
	x.countMissing()
	x.finishReboots()
	x.finishHealth()
	x.finishCanaries()
	s := x.s
	s.Evidence = slices.DeleteFunc(s.Evidence, func(e decision.RingEvidence) bool { return e.Attempted == 0 && e.Missing == 0 || x.dropped[e.Update] })
	slices.SortFunc(s.Evidence, func(a, b decision.RingEvidence) int {
		return cmp.Or(cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Update, b.Update))
	})
	s.Failures = slices.SortedFunc(maps.Values(x.failures), func(a, b plan.Failure) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Update, b.Update))
	})
	s.InDoubt = slices.SortedFunc(maps.Values(x.doubts), func(a, b plan.InDoubt) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(s.Occurrences, func(a, b Occurrence) int {
		return cmp.Or(a.Opens.Compare(b.Opens), cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.Window, b.Window))
	})
	s.Occurrences = s.Occurrences[max(0, len(s.Occurrences)-maxOccurrences):]
	return s.filled()
}

// countMissing rewrites the sites' list and the sums of it that evidence shows.
func (x *reducer) countMissing() {
	for i := range x.s.Evidence {
		x.s.Evidence[i].Missing = 0
	}
	x.s.Missing = make([]SiteMissing, 0, len(x.missing))
	for key, hosts := range x.missing {
		if hosts <= 0 {
			continue
		}
		x.s.Missing = append(x.s.Missing, SiteMissing{Site: key[0], Ring: key[1], Update: key[2], Hosts: hosts})
		x.row(key[1], key[2]).Missing += hosts
	}
	slices.SortFunc(x.s.Missing, func(a, b SiteMissing) int {
		return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Update, b.Update))
	})
}

// filled has no nil lists, so that a state and its JSON are the same value.
func (s State) filled() State {
	s.Evidence = notNil(s.Evidence)
	s.Missing = notNil(s.Missing)
	s.Failures = notNil(s.Failures)
	s.Occurrences = notNil(s.Occurrences)
	s.InDoubt = notNil(s.InDoubt)
	if s.FirstSeen == nil {
		s.FirstSeen = map[string]time.Time{}
	}
	if s.GoneSince == nil {
		s.GoneSince = map[string]time.Time{}
	}
	if s.Durations == nil {
		s.Durations = map[string]int{}
	}
	if s.Fences == nil {
		s.Fences = map[string]int{}
	}
	return s
}

func notNil[S ~[]E, E any](list S) S {
	if list == nil {
		return S{}
	}
	return list
}
