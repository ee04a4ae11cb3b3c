package words

import (
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/compiler/policy"
)

// gates say what must have happened elsewhere before the ring may have an update.
func (d describer) gates(r policy.Ring) []Line {
	if len(r.Gates()) == 0 {
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
	out = append(out, alternatives(r)...)
	return append(out, Line{"A newer version of an update starts anew; a host in doubt keeps the gate closed, and one that cannot be reached does not count.", r.Source})
}

// alternatives say of which sets of gates one is enough.
func alternatives(r policy.Ring) (out []Line) {
	for i, all := range r.RequiresAny {
		for j, q := range all {
			start := fmt.Sprintf("Way %d of %d, of which one is enough: only once ", i+1, len(r.RequiresAny))
			if j > 0 {
				start = fmt.Sprintf("Way %d, too: only once ", i+1)
			}
			out = append(out, Line{start + gate(q), q.Source})
		}
	}
	return out
}

func gate(q policy.Requirement) string {
	hosts := "hosts of " + q.Ring
	switch {
	case q.Pooled():
		hosts = "hosts of this tenant and of all that share their evidence"
	case q.Foreign():
		hosts = "hosts of ring " + q.Ring + " of tenant " + q.Tenant
	}
	share := fmt.Sprintf("%d%% of the %s", q.Succeeded, hosts)
	if q.Succeeded == 100 {
		share = "all " + hosts
	}
	text := fmt.Sprintf("%s that tried exactly this version succeeded, at least %d of them", share, q.MinSucceeded)
	if q.Tenants > 0 {
		text += " in at least " + count(q.Tenants, "tenant")
	}
	text += platforms(q)
	if q.Healthy && !q.Pooled() {
		text += ", and a newer scan found each host that has it healthy"
	}
	if q.Healthy && q.Pooled() {
		text += fmt.Sprintf(", and newer scans found healthy at least %d of them and %d%% of those that they looked at", q.MinSucceeded, q.Succeeded)
	}
	if q.Soak > 0 {
		text += ", and " + passed(q.Soak) + " since the newest success"
	}
	text += ". "
	switch {
	case q.MinReported.Count > 0:
		text += fmt.Sprintf("The newest scans must have reached at least %s there. ", count(q.MinReported.Count, "host"))
	case q.MinReported.Percent > 0:
		text += fmt.Sprintf("The newest scans must have reached %d%% of the hosts there. ", q.MinReported.Percent)
	}
	if q.Pooled() {
		return strings.TrimSpace(text)
	}
	return text + untested(q)
}

// platforms say where it must have succeeded.
func platforms(q policy.Requirement) string {
	on := ""
	switch {
	case q.SamePlatform:
		on = "every platform of the hosts that are to get it"
	case len(q.Platforms) > 0:
		on = and(q.Platforms)
	default:
		return ""
	}
	if q.EachPlatform {
		return ", counted on each of these platforms by itself: " + on
	}
	return ", on " + on
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
