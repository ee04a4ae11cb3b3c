package plan

import (
	"slices"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
)

// reported counts the hosts of a ring of this tenant and those that the newest scans reached. Those of other sites are
// counted as their own scans recorded them, and the policy says how many there are now.
func (b *build) reported(ring string, evidence *decision.Index) decision.Reports {
	r := slices.IndexFunc(b.rings, func(r policy.Ring) bool { return r.Name == ring })
	switch {
	case r < 0:
		return decision.Reports{Reached: -1}
	case !b.elsewhere[r]:
		return decision.Reports{Reached: b.sizes[r] - b.unseen[r], Hosts: b.sizes[r]}
	}
	all := 0
	for _, h := range b.Policy.Hosts {
		if of, ok := b.Policy.RingOf(h); ok && of.Name == ring {
			all++
		}
	}
	e, _ := evidence.Of(ring, decision.AnyUpdate)
	return decision.Reports{Reached: min(e.Reported, all), Hosts: max(e.Hosts, all)}
}

// platforms are those of the hosts of a ring that lack an update, sorted.
func (b *build) platforms(r, u int) []string {
	n := len(b.Snapshot.Updates)
	if b.systems == nil {
		b.systems = make([][]string, len(b.lacking))
		for _, m := range b.members {
			for _, x := range m.missing {
				list := b.systems[m.ring*n+x.Update]
				if i, ok := slices.BinarySearch(list, m.host.OS); !ok {
					b.systems[m.ring*n+x.Update] = slices.Insert(list, i, m.host.OS)
				}
			}
		}
	}
	return b.systems[r*n+u]
}
