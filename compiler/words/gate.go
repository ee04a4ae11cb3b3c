package words

import (
	"fmt"

	"github.com/ringfence/ringfence/compiler/policy"
)

// gates say what must have happened elsewhere before the ring may have an update.
func (d describer) gates(r policy.Ring) []Line {
	if len(r.Requires) == 0 {
		return []Line{{"It waits for no other ring: an approved update goes into the next window.", r.Source}}
	}
	var out []Line
	for i, q := range r.Requires {
		start := "It gets an update only once "
		if i > 0 {
			start = "And only once "
		}
		out = append(out, Line{start + gate(q), q.Source})
	}
	return append(out, Line{"A newer version of an update starts anew; a host in doubt keeps the gate closed, and one that cannot be reached does not count.", r.Source})
}

func gate(q policy.Requirement) string {
	hosts := "hosts of " + q.Ring
	if q.Tenant != "" {
		hosts = "hosts of ring " + q.Ring + " of tenant " + q.Tenant
	}
	share := fmt.Sprintf("%d%% of the %s", q.Succeeded, hosts)
	if q.Succeeded == 100 {
		share = "all " + hosts
	}
	text := fmt.Sprintf("%s that tried exactly this version succeeded, at least %d of them", share, q.MinSucceeded)
	if q.Soak > 0 {
		text += ", and " + span(q.Soak) + " have passed since the newest success"
	}
	return text + ". " + untested(q)
}

func untested(q policy.Requirement) string {
	few := fmt.Sprintf("If fewer than %s there need it, ", count(q.MinSucceeded, "host"))
	if q.MinSucceeded == 1 {
		few = "If no host there needs it, "
	}
	switch q.IfUntested {
	case policy.UntestedWait:
		return few + "it waits until more of them do."
	case policy.UntestedApprove:
		return few + "this gate lets it pass untested."
	case policy.UntestedNeedsApproval:
		return few + "a person has to approve it."
	}
	return few + "it waits: " + string(q.IfUntested) + "."
}
