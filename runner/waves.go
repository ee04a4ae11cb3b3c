package runner

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/providers"
)

// dueWave is one wave of the plan whose window is open: the rows that share ring, lane, number and occurrence.
type dueWave struct {
	ring, lane, window string
	number             int
	opens              time.Time
	closes             *time.Time
	catchUp            bool
	hosts              []string
	changes            map[string]plan.Change // by host
}

// dueWaves selects and groups what is due at an instant, in the plan's order of rings, then waves.
func dueWaves(p *plan.Plan, at time.Time, left func(string, plan.Change, time.Time) bool) []dueWave {
	var out []dueWave
	for _, r := range p.Rings {
		first := len(out)
		for _, w := range r.Waves {
			if !open(w, at) {
				continue
			}
			i := slices.IndexFunc(out[first:], func(d dueWave) bool { return d.number == w.Wave && d.opens.Equal(w.Opens) })
			if i < 0 {
				out = append(out, dueWave{
					ring: r.Ring, lane: r.Lane, window: w.Window, number: w.Wave, opens: w.Opens, closes: w.Closes, catchUp: w.CatchUp,
					changes: map[string]plan.Change{},
				})
				i = len(out) - 1 - first
			}
			out[first+i].take(w, p.Changes[w.Change], left)
		}
		slices.SortStableFunc(out[first:], func(a, b dueWave) int { return cmp.Or(a.opens.Compare(b.opens), cmp.Compare(a.number, b.number)) })
	}
	return slices.DeleteFunc(out, func(d dueWave) bool { return len(d.hosts) == 0 })
}

// urgentFirst puts the waves of lanes with a higher priority before the others: waves of a ring go one after the other.
func urgentFirst(waves []dueWave, t *policy.Tenant) {
	priority := map[string]int{}
	for _, l := range t.Lanes {
		priority[l.Name] = l.Priority
	}
	slices.SortStableFunc(waves, func(a, b dueWave) int { return cmp.Compare(priority[b.lane], priority[a.lane]) })
}

func open(w plan.Wave, at time.Time) bool {
	return !at.Before(w.Opens) && (w.Closes == nil || at.Before(*w.Closes))
}

func (d *dueWave) take(w plan.Wave, c plan.Change, left func(string, plan.Change, time.Time) bool) {
	for _, h := range w.Hosts {
		if left != nil && !left(h, c, w.Opens) {
			continue
		}
		d.hosts = append(d.hosts, h)
		d.changes[h] = c
	}
	slices.Sort(d.hosts)
}

func (r *run) steps() []Wave {
	out := make([]Wave, 0, len(r.waves))
	for _, d := range r.waves {
		out = append(out, Wave{Ring: d.ring, Opens: d.opens, Closes: d.closes, Hosts: d.hosts})
	}
	return out
}

// limits are the rings' limits over all their hosts at this site, reachable or not, with hosts in doubt already down.
func (r *run) limits() map[string]Limits {
	size, down := map[string]int{}, map[string]int{}
	doubt := map[string]bool{}
	for _, d := range r.InDoubt {
		doubt[d.Host] = true
	}
	for _, h := range r.Policy.Hosts {
		ring, ok := r.Policy.RingOf(h)
		if !ok || h.Site() != r.Site {
			continue
		}
		size[ring.Name]++
		if doubt[h.Name] {
			down[ring.Name]++
		}
	}
	out := map[string]Limits{}
	for _, ring := range r.Policy.Rings {
		out[ring.Name] = Limits{Budget: ring.MaxUnavailable.Of(size[ring.Name]), StopAtFailures: ring.StopAtFailures, Down: down[ring.Name]}
	}
	return out
}

// closure is what the preview saw on a host for a change; without a preview nothing beyond the plan may move.
func closure(p *plan.Preview, host string, change int) []providers.Action {
	if p == nil {
		return nil
	}
	var out []providers.Action
	for _, h := range p.Hosts {
		if h.Host != host || h.Change != change {
			continue
		}
		for _, a := range h.Actions {
			out = append(out, providers.Action{Op: providers.Op(a.Op), Name: a.Name, From: a.From, To: a.To})
		}
	}
	return out
}
