package policy

import (
	"cmp"
	"slices"
	"strings"
)

// LabelAmount bounds how many hosts of a ring may be down at once for each value of a label.
type LabelAmount struct {
	Label string `json:"label"`
	Most  Amount `json:"maxUnavailable"`
}

// Pool is hosts of one site of which only so many may be down at once, beside what their rings allow.
type Pool struct {
	Name  string   // "broad/rack=r1"
	Hosts []string // sorted
	Most  int
	// Quorum says that hosts of which nothing is known are down, too: the others must stay healthy.
	Quorum bool
	Order  []string // in which they go, one after the other; none: any
	Source string
}

// Pools lists the pools of a site, sorted by name. A host that no ring or several rings claim is in none.
func (t *Tenant) Pools(site string) []Pool {
	var out []Pool
	for _, r := range t.Rings {
		for _, l := range r.UnavailablePer {
			out = append(out, t.perValue(site, r, l)...)
		}
	}
	for _, g := range t.Groups {
		out = append(out, t.quorum(g, site))
	}
	slices.SortFunc(out, func(a, b Pool) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// perValue makes a pool of the hosts of a ring that share a label's value. What hosts without the label share is not
// known, so they are taken to share it, too.
func (t *Tenant) perValue(site string, r Ring, l LabelAmount) []Pool {
	by := map[string][]string{}
	for _, h := range t.Hosts {
		if of, ok := t.RingOf(h); ok && of.Name == r.Name && h.Site() == site {
			by[h.Label(l.Label)] = append(by[h.Label(l.Label)], h.Name)
		}
	}
	var out []Pool
	for value, hosts := range by {
		slices.Sort(hosts)
		out = append(out, Pool{Name: r.Name + "/" + l.Label + "=" + value, Hosts: hosts, Most: l.Most.Of(len(hosts))})
	}
	return out
}

// PoolsOf numbers the pools that each host is in.
func PoolsOf(pools []Pool) map[string][]int {
	out := map[string][]int{}
	for i, p := range pools {
		for _, h := range p.Hosts {
			out[h] = append(out[h], i)
		}
	}
	return out
}

// Count returns how many of some hosts are in the pool.
func (p Pool) Count(hosts map[string]bool) int {
	n := 0
	for h, in := range hosts {
		if _, ok := slices.BinarySearchFunc(p.Hosts, h, cmp.Compare[string]); ok && in {
			n++
		}
	}
	return n
}
