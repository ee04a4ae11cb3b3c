package verify

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/runner/ledger"
)

// place is where a budget holds: budgets do not cross sites.
type place struct{ site, ring string }

// budgets judges every start whose instant is known: how many hosts of the ring were down then, in flight or in doubt,
// itself included. An action that was announced and never skipped counts from its announcement until its outcome.
func (v *verifier) budgets() {
	by := map[place][]*intent{}
	for _, in := range v.order {
		v.report.Actions[string(in.Status)]++
		if (in.Verb == ledger.VerbApply || in.Verb == ledger.VerbReboot) && !(in.done && in.Status == ledger.Skipped) {
			by[place{in.site, in.Ring}] = append(by[place{in.site, in.Ring}], in)
		}
	}
	for at, list := range by {
		v.budget(at, list)
	}
}

// budget sweeps over the starts in their order and keeps the actions that have not ended by then. Times are in whole
// seconds: what ended in the second in which another began is taken to have ended first.
func (v *verifier) budget(at place, list []*intent) {
	slices.SortStableFunc(list, func(a, b *intent) int { return a.from().Compare(b.from()) })
	var down []*intent
	for _, in := range list {
		down = append(slices.DeleteFunc(down, func(d *intent) bool { return d.over(in.from()) }), in)
		allowed, ok := in.run.budget(at)
		if !in.known || !ok {
			continue
		}
		if hosts := downWith(in, down); len(hosts) > allowed {
			s := &step{seq: in.seq}
			s.commit.Hash = v.past[in.seq-1].hash
			v.found(s, Budget, "when %s started at %s, %d hosts of %s were down; %d may be", in.Host, stamp(in.begun), len(hosts), at.ring, allowed)
		}
	}
}

// from is when an action began to count.
func (in *intent) from() time.Time {
	if in.known {
		return in.begun
	}
	return in.at
}

func (in *intent) over(at time.Time) bool { return in.ended != nil && !in.ended.After(at) }

// downWith counts hosts. Of the same run, an action whose start nobody recorded may never have started. What was recorded
// to have ended before the other was announced was over, whatever a test clock says.
func downWith(in *intent, down []*intent) map[string]bool {
	hosts := map[string]bool{}
	for _, d := range down {
		if (d.known || d.run != in.run) && !d.before(in) && !in.before(d) {
			hosts[d.Host] = true
		}
	}
	return hosts
}

func (in *intent) before(other *intent) bool { return in.last > 0 && in.last < other.seq }

// budget is the ring's maxUnavailable in hosts.
func (r *run) budget(at place) (int, bool) {
	ring := r.ring(at.ring)
	if ring == nil {
		return 0, false
	}
	size := 0
	for _, h := range r.policy.Hosts {
		if of, ok := r.policy.RingOf(h); ok && of.Name == at.ring && h.Site() == at.site {
			size++
		}
	}
	return ring.MaxUnavailable.Of(size), true
}
