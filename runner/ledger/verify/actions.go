package verify

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/runner/ledger"
)

// intent is an announced action and how it ended.
type intent struct {
	ledger.Action
	seq   int       // of the record that announced it
	last  int       // of the record that ended it, 0 for none
	at    time.Time // of the announcement
	told  time.Time // the same by the announcer's own clock
	test  bool      // by a test clock
	site  string
	run   *run
	row   *plan.Wave // what the plan says of it; nil: not planned, which has been told
	known bool       // the runner recorded when it started
	begun time.Time  // when it started, if known
	ended *time.Time // nil: nobody knows; then it is in doubt
	done  bool       // it has its outcome
}

// actions judges what a record announces and what it ends, in that order: an outcome needs an earlier record's intent.
func (v *verifier) actions(s *step, r *run) {
	if s.record.Phase == ledger.PhaseNote {
		v.late(s)
		return
	}
	for _, a := range s.record.Actions {
		if a.Status != ledger.Started {
			v.outcome(s, r, a)
		}
	}
	for _, a := range s.record.Actions {
		if a.Status == ledger.Started {
			v.announce(s, r, a)
		}
	}
}

// late: a note may take a success back, long after the action ended. It starts and ends nothing.
func (v *verifier) late(s *step) {
	for _, a := range s.record.Actions {
		if a.Verb != ledger.VerbApply || a.Status != ledger.Failed {
			v.found(s, NoIntent, "a note says of %s on %s that it is %s; it may only say that an update turned out bad", a.Verb, a.Host, a.Status)
		}
	}
}

func (v *verifier) announce(s *step, r *run, a ledger.Action) {
	if s.record.Phase != ledger.PhaseIntent || r == nil {
		v.found(s, NoIntent, "action %.20s on %s was started in a record of phase %s", a.ID, a.Host, s.record.Phase)
		return
	}
	if old := v.intents[a.ID]; old != nil && !(old.done && old.Status == ledger.Skipped) {
		v.found(s, Twice, "action %.20s on %s was announced in record %d already", a.ID, a.Host, old.seq)
		return
	}
	in := &intent{Action: a, seq: s.seq, at: s.record.At, told: told(s.record, a), test: s.record.TestClock, site: s.record.Site, run: r}
	v.intents[a.ID] = in
	v.order = append(v.order, in)
	r.hosts[a.Host] = true
	if a.Verb != ledger.VerbApply && a.Verb != ledger.VerbReboot {
		return
	}
	v.planned(s, in)
	v.held(s, in)
	v.inWindow(s, in, in.told, "was announced")
	v.gate(s, in)
	v.canaries(s, in)
	v.present(s, in)
}

// told is when an action was announced, by the clock of who did. The record may say later, by as much as the clock of
// whoever wrote the one before was ahead.
func told(r ledger.Record, a ledger.Action) time.Time {
	switch earliest := r.At.Add(-ledger.Skew); {
	case a.StartedAt.After(r.At):
		return r.At
	case a.StartedAt.Before(earliest):
		return earliest
	}
	return a.StartedAt
}

// outcome compares how an action ended with what was announced.
func (v *verifier) outcome(s *step, r *run, a ledger.Action) {
	in := v.intents[a.ID]
	if in == nil {
		v.unannounced(s, r, a)
		return
	}
	if in.done { // a runner that was overtaken may come late with what it knows; only the first outcome counts
		v.warn(s, Twice, "action %.20s on %s has ended already: %s; that it %s counts for nothing", a.ID, a.Host, in.Status, a.Status)
		return
	}
	if a.Host != in.Host || a.Ring != in.Ring || !slices.Equal(purls(a.Updates), purls(in.Updates)) {
		v.found(s, Other, "action %.20s was announced for %s in %s with %d updates, and ended for %s in %s with %d",
			a.ID, in.Host, in.Ring, len(in.Updates), a.Host, a.Ring, len(a.Updates))
	}
	v.timed(s, in, a)
	in.Status, in.done = a.Status, a.Status != ledger.InDoubt
}

// unannounced: what never started needs no announcement, such as a wave that was refused. What follows a patch goes with
// the announcement of its host.
func (v *verifier) unannounced(s *step, r *run, a ledger.Action) {
	alone := a.Verb == ledger.VerbApply || a.Verb == ledger.VerbReboot
	if a.Status == ledger.Skipped && alone {
		return
	}
	if alone || r == nil || !r.hosts[a.Host] {
		v.found(s, NoIntent, "%s %.20s on %s ended (%s) and was never announced", a.Verb, a.ID, a.Host, a.Status)
	}
}

// timed takes the times of an outcome. One that a scan found later does not say when the action started.
func (v *verifier) timed(s *step, in *intent, a ledger.Action) {
	ended := s.record.At
	if a.EndedAt != nil {
		ended = *a.EndedAt
	}
	if a.Status != ledger.InDoubt {
		in.ended, in.last = &ended, s.seq
	}
	if ended.After(s.record.At.Add(ledger.Skew)) || ended.Before(a.StartedAt.Add(-ledger.Skew)) && !s.record.TestClock && !in.test {
		v.found(s, Clock, "action %.20s on %s ended at %s: after the record, or before its start", a.ID, a.Host, stamp(ended))
	}
	if a.Window == "" || a.Status == ledger.Skipped || a.Verb != ledger.VerbApply && a.Verb != ledger.VerbReboot {
		return
	}
	in.known, in.begun = true, a.StartedAt
	if a.StartedAt.Before(in.at.Add(-ledger.Skew)) {
		v.found(s, NoIntent, "action %.20s on %s started at %s, before it was announced at %s", a.ID, a.Host, stamp(a.StartedAt), stamp(in.at))
	}
	v.inWindow(s, in, a.StartedAt, "started")
}

func purls(updates []plan.ChangeUpdate) []string {
	var out []string
	for _, u := range updates {
		out = append(out, u.Update)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
