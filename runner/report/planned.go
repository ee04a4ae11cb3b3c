package report

import (
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
)

// planned says what the plan makes of each missing host-update; rejected updates also stand under no host.
func planned(p *plan.Plan, at time.Time) map[pair]State {
	out := map[pair]State{}
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			s := AwaitingWindow
			if !at.Before(w.Opens) {
				s = Missing
			}
			for _, h := range w.Hosts {
				for _, u := range p.Changes[w.Change].Updates {
					out[pair{h, u.Update}] = s
				}
			}
		}
		for _, w := range r.Waiting {
			for _, h := range w.Hosts {
				out[pair{h, w.Update}] = waiting(w.For)
			}
		}
		for _, x := range r.Rejected {
			out[pair{"", x.Update}] = Rejected
			for _, h := range x.Hosts {
				out[pair{h, x.Update}] = Rejected
			}
		}
	}
	return out
}

func waiting(f plan.WaitFor) State {
	switch f {
	case plan.ForSoak, plan.ForAnchor:
		return Deferred
	case plan.ForGate:
		return AwaitingGate
	case plan.ForApproval:
		return AwaitingApproval
	case plan.ForFreeze:
		return Frozen
	case plan.ForHold:
		return Held
	case plan.ForWindow, plan.ForBudget:
		return AwaitingWindow
	}
	return Missing
}
