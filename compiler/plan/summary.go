package plan

import (
	"cmp"
	"slices"
	"time"
)

func (b *build) summary(p *Plan) Summary {
	s := Summary{Hosts: len(b.known), Reboots: b.mayBoot}
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			s.Planned += len(w.Hosts) * len(p.Changes[w.Change].Updates)
		}
		for _, w := range r.Waiting {
			s.Waiting += len(w.Hosts)
		}
		for _, w := range r.Rejected {
			s.Rejected += len(w.Hosts)
		}
	}
	return s
}

// moment is an instant at which more or fewer hosts of a ring may be down.
type moment struct {
	at    time.Time
	ring  int
	hosts int
}

// worstCase is an upper bound: in every open occurrence a ring has as many hosts down as its budget allows, and hosts
// in doubt count as down throughout.
func (b *build) worstCase() WorstCase {
	w := WorstCase{PerGroup: map[string]int{}}
	doubt := b.doubtful()
	open := make([]int, len(b.rings))
	sum := 0
	for r := range b.rings {
		w.PerGroup[b.rings[r].Name] = doubt[r]
		sum += doubt[r]
	}
	w.Down = sum
	for _, m := range b.moments() {
		sum -= b.down(m.ring, open[m.ring], doubt[m.ring])
		open[m.ring] += m.hosts
		down := b.down(m.ring, open[m.ring], doubt[m.ring])
		sum += down
		w.Down = max(w.Down, sum)
		w.PerGroup[b.rings[m.ring].Name] = max(w.PerGroup[b.rings[m.ring].Name], down)
	}
	b.pooled(w.PerGroup)
	w.DoneBy = b.doneBy()
	return w
}

// down is how many hosts of a ring may be down: what its occurrences hold, within the budget that hosts in doubt use
// up first.
func (b *build) down(ring, planned, doubt int) int {
	budget := b.rings[ring].MaxUnavailable.Of(b.sizes[ring])
	return max(doubt, min(budget, b.byLabel(ring), b.sizes[ring], planned+doubt))
}

// doubtful counts the hosts in doubt of each ring: those that are in it and those that an action of it left behind.
func (b *build) doubtful() []int {
	index := map[string]int{}
	for r := range b.rings {
		index[b.rings[r].Name] = r
	}
	seen := map[string]bool{}
	out := make([]int, len(b.rings))
	for _, d := range b.InDoubt {
		if seen[d.Host] {
			continue
		}
		r, ok := index[d.Ring]
		if s := b.known[d.Host]; s != nil && s.reason == "" {
			r, ok = s.ring, true
		}
		if ok {
			seen[d.Host] = true
			out[r]++
		}
	}
	return out
}

// moments lists the openings and closings of all occurrences; at the same instant, closings come first.
func (b *build) moments() []moment {
	var out []moment
	for _, t := range b.parts {
		for _, k := range t.inOrder() {
			out = append(out, moment{k.occurrence.Opens, t.ring, len(k.hosts)})
			if k.occurrence.Closes != nil {
				out = append(out, moment{*k.occurrence.Closes, t.ring, -len(k.hosts)})
			}
		}
	}
	slices.SortFunc(out, func(x, y moment) int {
		return cmp.Or(x.at.Compare(y.at), cmp.Compare(x.hosts, y.hosts), x.ring-y.ring)
	})
	return out
}

// doneBy is when the last window closes; nil when nothing is planned or one never closes.
func (b *build) doneBy() *time.Time {
	var last *time.Time
	for _, t := range b.parts {
		for _, k := range t.inOrder() {
			if k.occurrence.Closes == nil {
				return nil
			}
			if last == nil || k.occurrence.Closes.After(*last) {
				last = k.occurrence.Closes
			}
		}
	}
	return last
}
