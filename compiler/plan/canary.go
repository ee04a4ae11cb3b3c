package plan

import (
	"cmp"
	"slices"

	"github.com/ringfence/ringfence/compiler/inventory"
)

// countCanaries finds how many hosts of each ring go first in each lane.
func (b *build) countCanaries() {
	for _, r := range b.rings {
		for _, l := range b.lanes {
			b.canaries = append(b.canaries, b.Policy.Canaries(r.Name, l))
		}
	}
}

// elect chooses, for each update of which some hosts go first, who of those that could start does: in the order of
// policy.CanaryPlace, a host on which it failed after all others. A canary on which it failed stays one.
func (b *build) elect() {
	candidates := map[*verdict][]string{}
	for _, m := range b.members {
		for _, x := range m.missing {
			if v := b.judged(m.ring, x.Update); v.rest != nil && b.couldStart(v, m, x) {
				candidates[v] = append(candidates[v], m.host.Name)
			}
		}
	}
	for v, hosts := range candidates {
		v.chosen = map[string]bool{}
		failed := func(h string) (Failure, bool) { f, ok := b.failures[h][v.decision.Update]; return f, ok }
		slices.SortFunc(hosts, func(x, y string) int {
			_, a := failed(x)
			_, c := failed(y)
			return cmp.Or(order(a)-order(c), cmp.Compare(b.Policy.CanaryPlace(x), b.Policy.CanaryPlace(y)), cmp.Compare(x, y))
		})
		left := v.left
		for _, h := range hosts {
			if f, ok := failed(h); ok && f.Canary {
				v.chosen[h] = true
			} else if left > 0 {
				v.chosen[h] = true
				left--
			}
		}
	}
}

func order(later bool) int {
	if later {
		return 1
	}
	return 0
}

// couldStart reports whether nothing of the host's own keeps it from an update that has an occurrence.
func (b *build) couldStart(v *verdict, m member, x inventory.Missing) bool {
	_, stuck := b.stuck[m.host.Name]
	return !stuck && !b.doubt[m.host.Name] && !x.Held && b.where(v, b.rota(v.part.ring, v.part.lane, m.zone)).bucket != nil
}

// of is the verdict on a host: the canaries' or that of the others.
func (v *verdict) of(host string) *verdict {
	if v.rest == nil || v.chosen[host] {
		return v
	}
	return v.rest
}

func (b *build) judged(ring, update int) *verdict {
	return b.verdicts[ring*len(b.Snapshot.Updates)+update]
}
