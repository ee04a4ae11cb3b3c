package runner

import (
	"cmp"
	"slices"

	"github.com/ringfence/ringfence/compiler/policy"
)

// Pool is hosts of which so many may be down at once, whatever their rings.
type Pool struct {
	policy.Pool
	Down int // hosts of it that are down before anything starts
}

type poolState struct {
	Most, Down, running int
}

// pool takes the pools in.
func (s *State) pool(pools []Pool) {
	s.poolsOf = map[string][]int{}
	for i, p := range pools {
		s.pools = append(s.pools, poolState{Most: p.Most, Down: p.Down})
		for _, h := range p.Hosts {
			s.poolsOf[h] = append(s.poolsOf[h], i)
		}
	}
}

// free: the host may be sent something, and every pool of it has room for it now.
func (s *State) free(host string) bool {
	if lost(s.lost, host) {
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
	if lost(s.lost, host) {
		return false
	}
	for _, i := range s.poolsOf[host] {
		if spare(s.pools[i]) <= 0 && s.pools[i].running == 0 {
			return false
		}
	}
	return true
}

// enter notes that a host goes down.
func (s *State) enter(host string) {
	for _, i := range s.poolsOf[host] {
		s.pools[i].running++
	}
}

// leave notes how it ended: a host in doubt stays down.
func (s *State) leave(host string, end End) {
	if end == EndInDoubt {
		s.lost = append(slices.Clip(s.lost), host)
	}
	for _, i := range s.poolsOf[host] {
		s.pools[i].running--
		if end == EndInDoubt {
			s.pools[i].Down++
		}
	}
}

// pools are those of the site, with hosts in doubt already down.
func (r *run) pools() []Pool {
	doubt := map[string]bool{}
	for _, d := range r.InDoubt {
		doubt[d.Host] = true
	}
	var out []Pool
	for _, p := range r.Policy.Pools(cmp.Or(r.Site, policy.DefaultSite)) {
		out = append(out, Pool{p, p.Count(doubt)})
	}
	return out
}
