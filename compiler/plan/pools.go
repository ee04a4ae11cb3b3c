package plan

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// pool reads the bounds that hold at the snapshot's site beside those of rings.
func (b *build) pool() {
	b.pools = b.Policy.Pools(cmp.Or(b.Snapshot.Site, policy.DefaultSite))
	b.poolsOf = policy.PoolsOf(b.pools)
}

// cut sorts the hosts of an occurrence into waves in name order: each goes into the first one in which the ring and its
// pools have room for it.
func (b *build) cut(hosts []hostSet, budget int) [][]hostSet {
	if len(b.pools) == 0 {
		return slices.Collect(slices.Chunk(hosts, budget))
	}
	p := packing{b: b, budget: budget, from: map[int]int{}, after: map[int]int{}}
	for _, h := range b.sequenced(hosts) {
		p.add(h)
	}
	return p.waves
}

// packing is waves that are being filled. In from stands, for each pool, the first wave that has room; the ring is
// number -1.
type packing struct {
	b      *build
	budget int
	waves  [][]hostSet
	used   []map[int]int // by wave and pool
	from   map[int]int
	after  map[int]int // by pool with a sequence: the first wave that its next host may be in
}

const theRing = -1

func (p *packing) add(h hostSet) {
	limits := append([]int{theRing}, p.b.poolsOf[h.host]...)
	n := 0
	for _, l := range limits {
		n = max(n, p.from[l], p.after[l])
	}
	for ; n < len(p.waves) && p.fullFor(n, limits); n++ {
	}
	for n >= len(p.waves) {
		p.waves, p.used = append(p.waves, nil), append(p.used, map[int]int{})
	}
	p.waves[n] = append(p.waves[n], h)
	for _, l := range limits {
		if l != theRing && len(p.b.pools[l].Order) > 0 {
			p.after[l] = n + 1
		}
		p.used[n][l]++
		for p.from[l] < len(p.waves) && p.used[p.from[l]][l] >= p.most(l) {
			p.from[l]++
		}
	}
}

func (p *packing) fullFor(n int, limits []int) bool {
	return slices.ContainsFunc(limits, func(l int) bool { return p.used[n][l] >= p.most(l) })
}

func (p *packing) most(limit int) int {
	if limit == theRing {
		return p.budget
	}
	if of := p.b.pools[limit]; of.Quorum {
		return of.Most - len(p.b.down0[limit])
	}
	return p.b.pools[limit].Most
}

// byLabel is how many hosts of a ring may be down by the bounds of its labels alone: each host is in one pool of each.
func (b *build) byLabel(ring int) int {
	most := b.sizes[ring]
	for _, l := range b.rings[ring].UnavailablePer {
		sum := 0
		for _, p := range b.pools {
			if strings.HasPrefix(p.Name, b.rings[ring].Name+"/"+l.Label+"=") {
				sum += p.Most
			}
		}
		most = min(most, sum)
	}
	return most
}

// poolMoment is an instant at which more or fewer hosts of a pool may be down.
type poolMoment struct {
	at    time.Time
	pool  int
	hosts int
}

// pooled adds the most that may be down of each pool that anything happens in: an upper bound, as that of rings is.
func (b *build) pooled(out map[string]int) {
	down := make([]int, len(b.pools))
	for i, p := range b.pools {
		if n := len(b.down0[i]); n > 0 {
			down[i], out[p.Name] = n, n
		}
	}
	open := make([]int, len(b.pools))
	for _, m := range b.poolMoments() {
		open[m.pool] += m.hosts
		p := b.pools[m.pool]
		if most := max(down[m.pool], min(p.Most, open[m.pool]+down[m.pool])); most > out[p.Name] {
			out[p.Name] = most
		}
	}
}

// poolMoments lists the openings and closings of all occurrences; at the same instant, closings come first.
func (b *build) poolMoments() []poolMoment {
	var out []poolMoment
	for _, t := range b.parts {
		for _, k := range t.inOrder() {
			hosts := map[int]int{}
			for _, h := range k.hosts {
				for _, p := range b.poolsOf[h.host] {
					hosts[p]++
				}
			}
			for p, n := range hosts {
				out = append(out, poolMoment{k.occurrence.Opens, p, n})
				if k.occurrence.Closes != nil {
					out = append(out, poolMoment{*k.occurrence.Closes, p, -n})
				}
			}
		}
	}
	slices.SortFunc(out, func(x, y poolMoment) int {
		return cmp.Or(x.at.Compare(y.at), cmp.Compare(x.hosts, y.hosts), cmp.Compare(x.pool, y.pool))
	})
	return out
}
