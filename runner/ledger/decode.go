package ledger

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/internal/canonical"
)

// DecodeRecord reads a record strictly: canonical JSON, no unknown field, no unknown phase, verb or status. What this
// version does not know could change what the record means.
func DecodeRecord(raw []byte) (Record, error) {
	var r Record
	if err := Decode(raw, &r); err != nil {
		return Record{}, fmt.Errorf("record: %w", err)
	}
	if r.APIVersion != canonical.APIVersion || r.Kind != "Record" {
		return Record{}, fmt.Errorf("record: it is a %q of %q", r.Kind, r.APIVersion)
	}
	if err := r.Check(); err != nil {
		return Record{}, err
	}
	return r, nil
}

// DecodeState reads a state strictly; counts that contradict each other are an error.
func DecodeState(raw []byte) (State, error) {
	var s State
	if err := Decode(raw, &s); err != nil {
		return State{}, fmt.Errorf("state: %w", err)
	}
	if s.APIVersion != canonical.APIVersion || s.Kind != "State" {
		return State{}, fmt.Errorf("state: it is a %q of %q", s.Kind, s.APIVersion)
	}
	if s.Version > StateVersion {
		return State{}, fmt.Errorf("state: it is of version %d; a newer ringfence has written it, this one knows version %d", s.Version, StateVersion)
	}
	if err := s.check(); err != nil {
		return State{}, fmt.Errorf("state: %w", err)
	}
	return s, nil
}

var (
	phases = []Phase{PhaseScan, PhaseIntent, PhaseWave, PhaseEnd, PhaseLease, PhaseHalt, PhaseNote}
	verbs  = []Verb{VerbApply, VerbAcquire, VerbReboot, VerbHook, VerbHealth}
)

// Check says what of a record contradicts itself or is of a kind that this version does not know.
func (r Record) Check() error {
	if r.Seq < 1 {
		return fmt.Errorf("record: number %d", r.Seq)
	}
	if !slices.Contains(phases, r.Phase) {
		return fmt.Errorf("record: unknown phase %q", r.Phase)
	}
	if r.Fence < 0 {
		return fmt.Errorf("record: fencing number %d", r.Fence)
	}
	if r.Scan != nil && slices.ContainsFunc(r.Scan.Missing, func(m RingMissing) bool { return m.Hosts < 0 }) {
		return errors.New("record: fewer than no hosts are missing an update")
	}
	if r.Scan != nil && slices.ContainsFunc(r.Scan.Rings, func(h RingHosts) bool { return h.Hosts < 0 }) {
		return errors.New("record: a ring has fewer than no hosts")
	}
	ended := map[string]bool{}
	for _, a := range r.Actions {
		if err := a.check(); err != nil {
			return err
		}
		if a.final() && ended[a.ID] {
			return fmt.Errorf("record: action %s has two outcomes", a.ID)
		}
		ended[a.ID] = ended[a.ID] || a.final()
	}
	return nil
}

func (a Action) check() error {
	if a.ID == "" || a.Host == "" || a.Ring == "" {
		return fmt.Errorf("record: an action lacks its id, host or ring (id %q, host %q)", a.ID, a.Host)
	}
	if !slices.Contains(verbs, a.Verb) {
		return fmt.Errorf("record: action %s: unknown verb %q", a.ID, a.Verb)
	}
	if _, ok := rank[a.Status]; !ok {
		return fmt.Errorf("record: action %s: unknown status %q", a.ID, a.Status)
	}
	return nil
}

// final reports whether the status is an outcome.
func (a Action) final() bool {
	return a.Status == Succeeded || a.Status == Failed || a.Status == Skipped
}

// Filled is the record with no nil lists and only instants that encode and decode to themselves.
func (r Record) Filled() Record {
	r.APIVersion, r.Kind, r.At = canonical.APIVersion, "Record", canonical.Instant(r.At)
	r.Actions = slices.Clone(notNil(r.Actions))
	for i, a := range r.Actions {
		a.Updates = notNil(a.Updates)
		a.Opens, a.StartedAt = canonical.Instant(a.Opens), canonical.Instant(a.StartedAt)
		if a.EndedAt != nil {
			a.EndedAt = canonical.InstantPtr(*a.EndedAt)
		}
		r.Actions[i] = a
	}
	if r.Scan != nil {
		s := *r.Scan
		s.Unreachable, s.Stale, s.Quarantined = notNil(s.Unreachable), notNil(s.Stale), notNil(s.Quarantined)
		s.Missing, s.Seen = notNil(s.Missing), notNil(s.Seen)
		r.Scan = &s
	}
	return r
}

func (s State) check() error {
	if s.Seq < 1 {
		return fmt.Errorf("number %d", s.Seq)
	}
	for site, fence := range s.Fences {
		if fence < 1 {
			return fmt.Errorf("site %s has fencing number %d", site, fence)
		}
	}
	for _, e := range s.Evidence {
		if e.Attempted != e.Succeeded+e.Failed+e.InDoubt || min(e.Succeeded, e.Failed, e.InDoubt, e.Missing) < 0 {
			return fmt.Errorf("the counts of %s in ring %s contradict each other", e.Update, e.Ring)
		}
	}
	same := func(a, b decision.RingEvidence) bool { return a.Ring == b.Ring && a.Update == b.Update }
	if len(slices.CompactFunc(slices.Clone(s.Evidence), same)) != len(s.Evidence) {
		return errors.New("it has two rows of evidence for one update in one ring")
	}
	if slices.ContainsFunc(s.InDoubt, func(d plan.InDoubt) bool { return d.ID == "" || d.Host == "" }) {
		return errors.New("an action in doubt lacks its id or host")
	}
	return nil
}
