package verify

import (
	"cmp"
	"slices"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

// members are the hosts of a ring at the run's site; elsewhere is how many it has at others.
func (r *run) members(ring string) (here []policy.Host, elsewhere int) {
	for _, h := range r.policy.Hosts {
		of, ok := r.policy.RingOf(h)
		switch {
		case !ok || of.Name != ring:
		case h.Site() != cmp.Or(r.snapshot.Site, policy.DefaultSite):
			elsewhere++
		default:
			here = append(here, h)
		}
	}
	return here, elsewhere
}

// scanned is what the snapshot says of a host that the scan reached; else nil.
func (r *run) scanned(h policy.Host) *inventory.Host {
	if seen := r.snapshot.Host(h.Name); seen != nil && seen.State == inventory.Scanned {
		return seen
	}
	return nil
}

// missing counts the hosts of an own ring that lack an update or that nobody looked at, as the plan counts them.
func (r *run) missing(ring, update string, evidence decision.Evidence) int {
	here, elsewhere := r.members(ring)
	n := 0
	for _, h := range here {
		if seen := r.scanned(h); seen == nil || r.lacks(seen, update) {
			n++
		}
	}
	if e, _ := evidence.Of(ring, update); elsewhere > 0 {
		n = max(n, e.Missing)
	}
	return n
}

// reported counts the hosts of an own ring and those that the newest scans reached, as the plan counts them.
func (r *run) reported(ring string, evidence decision.Evidence) decision.Reports {
	here, elsewhere := r.members(ring)
	if elsewhere > 0 {
		e, _ := evidence.Of(ring, decision.AnyUpdate)
		all := len(here) + elsewhere
		return decision.Reports{Reached: min(e.Reported, all), Hosts: max(e.Hosts, all)}
	}
	out := decision.Reports{Hosts: len(here)}
	for _, h := range here {
		if r.scanned(h) != nil {
			out.Reached++
		}
	}
	return out
}

// platforms are those of the hosts of a ring that lack an update, sorted.
func (r *run) platforms(ring, update string) []string {
	var out []string
	here, _ := r.members(ring)
	for _, h := range here {
		if seen := r.scanned(h); seen != nil && r.lacks(seen, update) {
			out = append(out, seen.OS)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (r *run) lacks(h *inventory.Host, update string) bool {
	return slices.ContainsFunc(h.Missing, func(m inventory.Missing) bool { return r.snapshot.Updates[m.Update].PURL == update })
}
