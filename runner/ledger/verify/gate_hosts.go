package verify

import (
	"cmp"
	"slices"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

// members is what the run's snapshot says of a ring's hosts: of those at its site, how many there are, how many the scan
// reached, and which of these lack an update; and how many hosts there are at other sites.
type members struct {
	hosts, reached, elsewhere int
	lack                      map[string][]*inventory.Host
	ailing                    []*inventory.Host // whom nobody knows to be well, whether the scan reached them or not
}

// members looks once at every host: gates are judged for each update.
func (r *run) members(ring string) *members {
	if r.rings == nil {
		r.countMembers()
	}
	if m := r.rings[ring]; m != nil {
		return m
	}
	return &members{}
}

func (r *run) countMembers() {
	r.rings = map[string]*members{}
	seen := make(map[string]*inventory.Host, len(r.snapshot.Hosts))
	for i, h := range slices.Backward(r.snapshot.Hosts) { // the first of a name counts
		seen[h.Name] = &r.snapshot.Hosts[i]
	}
	for _, h := range r.policy.Hosts {
		of, ok := r.policy.RingOf(h)
		if !ok {
			continue
		}
		m := r.rings[of.Name]
		if m == nil {
			m = &members{lack: map[string][]*inventory.Host{}}
			r.rings[of.Name] = m
		}
		if h.Site() != cmp.Or(r.snapshot.Site, policy.DefaultSite) {
			m.elsewhere++
			continue
		}
		m.hosts++
		if s := seen[h.Name]; s != nil && s.Condition() != inventory.HealthOK {
			m.ailing = append(m.ailing, s)
		}
		if s := seen[h.Name]; s != nil && s.State == inventory.Scanned {
			m.reached++
			m.lacking(s, r.snapshot.Updates)
		}
	}
}

func (m *members) lacking(h *inventory.Host, updates []inventory.Update) {
	for _, x := range h.Missing {
		u := updates[x.Update].PURL
		if list := m.lack[u]; len(list) == 0 || list[len(list)-1] != h {
			m.lack[u] = append(list, h)
		}
	}
}

// missing counts the hosts of an own ring that lack an update or that nobody looked at, as the plan counts them.
func (r *run) missing(ring, update string, evidence *decision.Index) int {
	m := r.members(ring)
	n := m.hosts - m.reached + len(m.lack[update])
	if e, _ := evidence.Of(ring, update); m.elsewhere > 0 {
		n = max(n, e.Missing)
	}
	return n
}

// reported counts the hosts of an own ring and those that the newest scans reached, as the plan counts them.
func (r *run) reported(ring string, evidence *decision.Index) decision.Reports {
	m := r.members(ring)
	if m.elsewhere > 0 {
		e, _ := evidence.Of(ring, decision.AnyUpdate)
		all := m.hosts + m.elsewhere
		return decision.Reports{Reached: min(e.Reported, all), Hosts: max(e.Hosts, all)}
	}
	return decision.Reports{Hosts: m.hosts, Reached: m.reached}
}

// platforms are those of the hosts of a ring that lack an update, sorted.
func (r *run) platforms(ring, update string) []string {
	var out []string
	for _, h := range r.members(ring).lack[update] {
		out = append(out, h.OS)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
