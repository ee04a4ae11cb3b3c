package verify

import (
	"slices"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/runner/ledger"
)

// canaries judges who went first. No more hosts than the lane says are canaries of an update, and none starts while one of
// them failed or is in doubt, but to try it again; the others start once so many have succeeded and soaked, as the run
// knew when it judged its plan and as was recorded since.
func (v *verifier) canaries(s *step, in *intent) {
	if in.run.policy == nil || in.run.snapshot == nil {
		return
	}
	lane := in.run.lane(in.Lane)
	need := in.run.policy.Canaries(in.Ring, lane)
	for _, u := range in.Updates {
		switch {
		case u.Canary:
			v.first(s, in, u.Update, need)
		case need > 0:
			v.rest(s, in, lane, u.Update, need)
		}
	}
}

// first judges a canary by all that were announced before it, whatever became of them.
func (v *verifier) first(s *step, in *intent, update string, need int) {
	if slices.ContainsFunc(s.before.Failures, func(f plan.Failure) bool { return f.Host == in.Host && f.Update == update && f.Canary }) {
		return
	}
	of := sung(s.before, in, update)
	settled := sung(s.before.Without(v.underway), in, update)
	before := of.Succeeded + of.InDoubt
	for _, a := range s.record.Actions { // those of the same record that stand before it
		if a.ID == in.ID {
			break
		}
		if a.Ring == in.Ring && slices.ContainsFunc(a.Updates, func(x plan.ChangeUpdate) bool { return x.Update == update && x.Canary }) {
			before++
		}
	}
	switch {
	case settled.Failed+settled.InDoubt > 0:
		v.found(s, Gate, "%s in %s: %s went first though it failed or is in doubt on %d that did before", update, in.Ring, in.Host, settled.Failed+settled.InDoubt)
	case before >= need:
		v.found(s, Gate, "%s in %s: %s went first as number %d, and only %d may", update, in.Ring, in.Host, before+1, need)
	}
}

// rest judges a host that had to wait for the canaries.
func (v *verifier) rest(s *step, in *intent, lane *policy.Lane, update string, need int) {
	q := decision.Query{Policy: in.run.policy, Ring: in.run.ring(in.Ring), Lane: lane, Canaries: need, At: in.run.at, Evidence: in.run.known()}
	if q.Ring == nil {
		return
	}
	q.Update.PURL = update
	why := q.AwaitsCanaries()
	if len(why) == 0 {
		q.At, q.Evidence = s.record.At, v.recorded(s, in.run).evidence
		why = slices.DeleteFunc(q.AwaitsCanaries(), func(r decision.Reason) bool { return r.Code == decision.ReasonWaitSoak })
	}
	if len(why) > 0 {
		v.found(s, Gate, "%s in %s on %s: %s", update, in.Ring, in.Host, why[0].Msg)
	}
}

// sung is what a state says of the canaries of an action's ring.
func sung(s ledger.State, in *intent, update string) decision.Canaries {
	e, _ := own(s, in.run.policy).Of(in.Ring, update)
	if e.Canaries == nil {
		return decision.Canaries{}
	}
	return *e.Canaries
}

func (r *run) lane(name string) *policy.Lane {
	i := slices.IndexFunc(r.policy.Lanes, func(l policy.Lane) bool { return l.Name == name })
	if i < 0 {
		return nil
	}
	return &r.policy.Lanes[i]
}
