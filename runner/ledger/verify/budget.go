package verify

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
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
	bySite := map[string][]*intent{}
	for at, list := range by {
		v.budget(at, list)
		bySite[at.site] = append(bySite[at.site], list...)
	}
	for site, list := range bySite {
		v.pools(site, list)
	}
}

// budget sweeps over the starts in their order and keeps the actions that have not ended by then. Times are in whole
// seconds: what ended in the second in which another began is taken to have ended first.
func (v *verifier) budget(at place, list []*intent) {
	inTime(list)
	var down []*intent
	for _, in := range list {
		down = append(slices.DeleteFunc(down, func(d *intent) bool { return d.over(in.from()) }), in)
		allowed, ok := in.run.budget(at)
		if !in.known || !ok {
			continue
		}
		if hosts := downWith(in, down); len(hosts) > allowed {
			v.found(v.stepOf(in), Budget, "when %s started at %s, %d hosts of %s were down; %d may be", in.Host, stamp(in.begun), len(hosts), at.ring, allowed)
		}
	}
}

func inTime(list []*intent) {
	slices.SortStableFunc(list, func(a, b *intent) int { return cmp.Or(a.from().Compare(b.from()), cmp.Compare(a.seq, b.seq)) })
}

// stepOf is the record that announced an action.
func (v *verifier) stepOf(in *intent) *step {
	s := &step{seq: in.seq}
	s.commit.Hash = v.past[in.seq-1].hash
	return s
}

// pools judges the same of every pool that the host of a start is in, whatever rings the others are of.
func (v *verifier) pools(site string, list []*intent) {
	inTime(list)
	var down []*intent
	for _, in := range list {
		down = append(slices.DeleteFunc(down, func(d *intent) bool { return d.over(in.from()) }), in)
		if !in.known {
			continue
		}
		for _, p := range in.run.poolsOf(site, in.Host) {
			hosts := downWith(in, down)
			for _, h := range in.run.unknown(p) {
				hosts[h] = true
			}
			if n := p.Count(hosts); n > p.Most {
				v.found(v.stepOf(in), Budget, "when %s started at %s, %d hosts of %s were down; %d may be", in.Host, stamp(in.begun), n, p.Name, p.Most)
			}
			if before := v.unfinished(in, p.Before(in.Host)); before != "" {
				v.found(v.stepOf(in), Budget, "%s started at %s before %s had succeeded, which stands before it in %s", in.Host, stamp(in.begun), before, p.Name)
			}
		}
	}
}

// unknown are the hosts of a group that the run's scan had not read: they count as down.
func (r *run) unknown(p policy.Pool) []string {
	if !p.Quorum || r.snapshot == nil {
		return nil
	}
	scanned := map[string]bool{}
	for _, h := range r.snapshot.Hosts {
		scanned[h.Name] = h.State == inventory.Scanned
	}
	return slices.DeleteFunc(slices.Clone(p.Hosts), func(h string) bool { return scanned[h] })
}

// unfinished is a host of those that come before a start, on which the same run had something left to do then; else "".
func (v *verifier) unfinished(in *intent, before []string) string {
	for _, d := range v.order {
		notNeeded := d.Verb == ledger.VerbReboot && d.done && d.Status == ledger.Skipped
		done := d.done && d.Status == ledger.Succeeded && d.over(in.begun)
		if d.run == in.run && slices.Contains(before, d.Host) && !notNeeded && !done {
			return d.Host
		}
	}
	return ""
}

// poolsOf are the pools of a site that a host is in.
func (r *run) poolsOf(site, host string) []policy.Pool {
	if r.policy == nil {
		return nil
	}
	if r.pools == nil {
		pools := r.policy.Pools(site)
		r.pools = map[string][]policy.Pool{}
		for h, of := range policy.PoolsOf(pools) {
			for _, i := range of {
				r.pools[h] = append(r.pools[h], pools[i])
			}
		}
	}
	return r.pools[host]
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
