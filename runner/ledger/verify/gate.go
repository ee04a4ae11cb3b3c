package verify

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/runner/ledger"
)

type gateKey struct{ ring, lane, update string }

// gate judges the evidence of the earlier rings, for every update of an announced action: as it stood when the run
// judged its plan, and once more at the announcement. Later successes start the soak anew and close nothing that was
// open; but what failed or fell into doubt since then closes the gate.
func (v *verifier) gate(s *step, in *intent) {
	ring := in.run.ring(in.Ring)
	if ring == nil || in.run.snapshot == nil || len(ring.Gates()) == 0 {
		return
	}
	for _, u := range in.Updates {
		key := gateKey{in.Ring, in.Lane, u.Update}
		d, ok := in.run.gates[key]
		if !ok {
			d = in.run.judge(ring, in.Lane, u.Update, in.run.known(), in.run.at)
			in.run.gates[key] = d
			if d.Outcome != decision.Approved {
				v.found(s, Gate, "%s in %s: %s", u.Update, in.Ring, d.Reasons[0].Msg)
			}
		}
		if d.Outcome == decision.Approved {
			v.still(s, in, ring, u.Update)
		}
	}
}

// still judges the gate by what the run itself has recorded by now.
func (v *verifier) still(s *step, in *intent, ring *policy.Ring, update string) {
	by := v.recorded(s, in.run)
	key := gateKey{in.Ring, in.Lane, update}
	if by.judged[key] {
		return // for another host of the same record
	}
	by.judged[key] = true
	d := in.run.judge(ring, in.Lane, update, by.evidence, s.record.At)
	for i, r := range d.Reasons {
		told := gateKey{in.Ring, r.Msg, update}
		// Of alternatives the nearest is told, which need not be the one that has closed.
		none := i == 0 && len(ring.RequiresAny) > 0 && d.Outcome != decision.Approved && r.Code != decision.ReasonWaitSoak
		if _, again := in.run.gates[told]; !again && (none || closes[r.Code]) {
			in.run.gates[told] = d
			v.found(s, Gate, "%s in %s, by what was recorded since its run began: %s", update, in.Ring, r.Msg)
		}
	}
}

// recorded is what a run knew by a record, and which gates were judged by it.
type recorded struct {
	seq      int
	evidence *decision.Index
	judged   map[gateKey]bool
}

// recorded is the same for all hosts that a record announces.
func (v *verifier) recorded(s *step, r *run) *recorded {
	if r.by == nil || r.by.seq != s.seq {
		evidence := own(s.before.Without(v.underway), r.policy)
		for _, e := range r.evidence {
			if isForeign(e) {
				evidence = append(evidence, e)
			}
		}
		r.by = &recorded{s.seq, decision.NewIndex(evidence), map[gateKey]bool{}}
	}
	return r.by
}

// known is what the run knew when it judged its plan.
func (r *run) known() *decision.Index {
	if r.index == nil {
		r.index = decision.NewIndex(r.evidence)
	}
	return r.index
}

// closes are the reasons that a run's own records can bring about for what was open when it began.
var closes = map[string]bool{decision.ReasonGateFailed: true, decision.ReasonGateInDoubt: true, decision.ReasonWaitHealth: true}

// underway: announced, and not yet said to be in doubt.
func (v *verifier) underway(id string) bool {
	in := v.intents[id]
	return in != nil && in.Status == ledger.Started
}

func (r *run) ring(name string) *policy.Ring {
	if r.policy == nil {
		return nil
	}
	for i := range r.policy.Rings {
		if r.policy.Rings[i].Name == name {
			return &r.policy.Rings[i]
		}
	}
	return nil
}

// judge asks package decision, with a grant that always holds, so that nothing but the gates can say no.
func (r *run) judge(ring *policy.Ring, lane, update string, evidence *decision.Index, at time.Time) decision.Decision {
	only := *ring
	if !r.foreign { // without other tenants' evidence their gates cannot be judged
		only.Requires = slices.DeleteFunc(slices.Clone(ring.Requires), policy.Requirement.Foreign)
		if slices.ContainsFunc(slices.Concat(ring.RequiresAny...), policy.Requirement.Foreign) {
			only.RequiresAny = nil // it may be the alternative that held
		}
	}
	released := time.Unix(1, 0)
	q := decision.Query{
		Policy: r.policy, Ring: &only, Update: inventory.Update{PURL: update, Released: &released, FirstSeen: released},
		Answer:   decision.Answer{Grants: []decision.Grant{{Rule: "recorded", Approve: &policy.Approve{Anchor: policy.Released}}}},
		Evidence: evidence, At: at,
		Missing:   func(key string) int { return r.missing(key, update, evidence) },
		Reported:  func(key string) decision.Reports { return r.reported(key, evidence) },
		Platforms: func() []string { return r.platforms(ring.Name, update) },
		Unwell:    func(key string, h inventory.Health) []string { return r.unwell(key, update, h) },
	}
	for i := range r.policy.Lanes {
		if r.policy.Lanes[i].Name == lane {
			q.Lane = &r.policy.Lanes[i]
		}
	}
	return decision.Decide(q)
}
