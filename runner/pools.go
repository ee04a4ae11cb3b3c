package runner

import (
	"cmp"
	"slices"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

// Pool is hosts of which so many may be down at once, whatever their rings.
type Pool struct {
	policy.Pool
	Down int      // hosts of it that are down before anything starts
	Lost []string // who these are
}

type poolState struct {
	Most, Down, running int
	quorum              bool
}

// pool takes the pools in.
func (s *State) pool(pools []Pool) {
	s.poolsOf, s.before, s.open = map[string][]int{}, map[string][]string{}, map[string]int{}
	for _, w := range s.waves {
		for _, h := range w.Hosts {
			s.open[h]++
		}
	}
	for i, p := range pools {
		s.pools = append(s.pools, poolState{Most: p.Most, Down: p.Down, quorum: p.Quorum})
		for _, h := range p.Hosts {
			s.poolsOf[h] = append(s.poolsOf[h], i)
		}
		s.order(p)
	}
}

// order notes whom each host of a sequence waits for: those before it that this run has something to do on, or that are
// down.
func (s *State) order(p Pool) {
	for _, h := range p.Order {
		for _, earlier := range p.Before(h) {
			if s.open[earlier] > 0 || slices.Contains(p.Lost, earlier) {
				s.before[h] = append(s.before[h], earlier)
			}
		}
		if slices.Contains(p.Lost, h) {
			s.open[h]++ // which no success of this run takes away
		}
	}
}

// free: the host may be sent something, and every pool of it has room for it now.
func (s *State) free(host string) bool {
	if lost(s.lost, host) || !turn(s.before[host], s.open) {
		return false
	}
	for _, i := range s.poolsOf[host] {
		if spare(s.pools[i]) <= 0 {
			return false
		}
	}
	return true
}

// hopeful: the host may be sent something, and every pool of it has room for it, or may have once what runs there has
// ended.
func (s *State) hopeful(host string) bool {
	waits := func(earlier string) bool { return s.open[earlier] > 0 && !slices.Contains(s.busy, earlier) }
	if lost(s.lost, host) || slices.ContainsFunc(s.before[host], waits) {
		return false
	}
	for _, i := range s.poolsOf[host] {
		if spare(s.pools[i]) <= 0 && s.pools[i].running == 0 {
			return false
		}
	}
	return true
}

// turn: all that must come before a host have succeeded in everything that is due on them.
func turn(before []string, open map[string]int) bool {
	return !slices.ContainsFunc(before, func(h string) bool { return open[h] > 0 })
}

// enter notes that a host goes down.
func (s *State) enter(host string) {
	s.busy = append(slices.Clip(s.busy), host)
	for _, i := range s.poolsOf[host] {
		s.pools[i].running++
	}
}

// leave notes how it ended: a host in doubt stays down, and so does one of a group that could not be reached.
func (s *State) leave(host string, end End) {
	s.busy = slices.DeleteFunc(slices.Clone(s.busy), func(h string) bool { return h == host })
	switch end {
	case EndInDoubt:
		s.lost = append(slices.Clip(s.lost), host)
	case EndSucceeded:
		s.open[host]--
	case EndFailed, EndSkipped:
	}
	for _, i := range s.poolsOf[host] {
		s.pools[i].running--
		if end == EndInDoubt || end == EndSkipped && s.pools[i].quorum {
			s.pools[i].Down++
		}
	}
}

// pools are those of the site, with hosts in doubt already down. Of a group, hosts are down that the last scan has not
// read, too.
func (r *run) pools() []Pool {
	doubt := map[string]bool{}
	for _, d := range r.InDoubt {
		doubt[d.Host] = true
	}
	scanned := map[string]bool{}
	if r.Snapshot != nil {
		for _, h := range r.Snapshot.Hosts {
			scanned[h.Name] = h.State == inventory.Scanned
		}
	}
	var out []Pool
	for _, p := range r.Policy.Pools(cmp.Or(r.Site, policy.DefaultSite)) {
		lost := slices.DeleteFunc(slices.Clone(p.Hosts), func(h string) bool { return !doubt[h] && (!p.Quorum || scanned[h]) })
		out = append(out, Pool{p, len(lost), lost})
	}
	return out
}
