package plan

import (
	"slices"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

// side is the plan of one commit, expanded to every missing update of every host. One without the tenant is empty.
type side struct {
	*build
	elements elements
	states   *placements
	rows     map[string]*memberCells
	index    map[string]int // updates by purl
	boots    map[string]placement
}

// memberCells are the places of one host's missing updates, in their order.
type memberCells struct {
	member
	cells []int32
}

func newSide(in Input, states *placements) (*side, error) {
	s := &side{states: states, rows: map[string]*memberCells{}, index: map[string]int{}, boots: map[string]placement{}}
	if in.Policy == nil {
		return s, nil
	}
	b, err := decided(in)
	if err != nil {
		return nil, err
	}
	b.place()
	s.build, s.elements = b, newElements(b.Policy)
	for _, m := range b.members {
		s.rows[m.host.Name] = &memberCells{m, make([]int32, len(m.missing))}
	}
	for i := len(b.Snapshot.Updates) - 1; i >= 0; i-- {
		s.index[b.Snapshot.Updates[i].PURL] = i // the first counts
	}
	s.expand(b.document())
	return s, nil
}

// expand writes every row of the plan into its cell.
func (s *side) expand(p *Plan) {
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			at := placement{state: "planned", ring: r.Ring, lane: r.Lane, window: w.Window, opens: w.Opens.Unix(), closes: unix(w.Closes)}
			for _, u := range p.Changes[w.Change].Updates {
				s.put(w.Hosts, u.Update, at)
			}
			s.rebootIn(w.Hosts, p.Changes[w.Change], at)
		}
		for _, w := range r.Waiting {
			s.put(w.Hosts, w.Update, placement{state: "waiting", ring: r.Ring, lane: r.Lane, cause: w.For, until: unix(w.Until)})
		}
		for _, x := range r.Rejected {
			s.put(x.Hosts, x.Update, placement{state: "rejected", ring: r.Ring, lane: r.Lane})
		}
		for _, w := range r.Reboots {
			for _, h := range w.Hosts {
				s.boots[h] = placement{state: "waiting", ring: r.Ring, lane: r.Lane, cause: w.For, until: unix(w.Until)}
			}
		}
	}
}

func (s *side) put(hosts []string, purl string, at placement) {
	if len(hosts) == 0 {
		return
	}
	u := s.index[purl]
	at.standing = standingOf(s.judged(s.rows[hosts[0]].ring, u).decision)
	id := s.states.id(at)
	for _, h := range hosts {
		m := s.rows[h]
		if i, ok := slices.BinarySearchFunc(m.missing, u, func(x inventory.Missing, u int) int { return x.Update - u }); ok {
			m.cells[i] = id
		}
	}
}

// rebootIn notes the first occurrence in which hosts may be rebooted.
func (s *side) rebootIn(hosts []string, c Change, at placement) {
	if c.Reboot != policy.RebootIfRequired {
		return
	}
	asks := len(c.Updates) == 0 || slices.ContainsFunc(c.Updates, func(u ChangeUpdate) bool {
		return s.Snapshot.Updates[s.index[u.Update]].Reboot != "no"
	})
	for _, h := range hosts {
		if !asks && !s.rows[h].host.RebootPending {
			continue
		}
		if old, ok := s.boots[h]; !ok || old.state != "planned" || at.opens < old.opens {
			s.boots[h] = at
		}
	}
}

// home is the ring of a host, or why it has none.
func (s *side) home(host string) placement {
	if s.build == nil {
		return placement{state: "uncovered", why: "the tenant is not there, or switched off"}
	}
	k := s.known[host]
	switch {
	case k == nil:
		return s.elsewhere(host)
	case k.reason != "":
		return placement{state: "uncovered", why: k.reason}
	}
	return placement{state: "covered", ring: s.rings[k.ring].Name}
}

// elsewhere is the place of a host that is not at this site. If a ring has it at another one, nothing is lost.
func (s *side) elsewhere(host string) placement {
	h, ok := s.elements.hosts[host]
	if !ok {
		return placement{state: "uncovered", why: "the policy does not have the host"}
	}
	if _, ok := s.Policy.RingOf(h); !ok {
		return placement{state: "uncovered", why: "no ring has it, at another site"}
	}
	return placement{state: "elsewhere", why: "at site " + h.Site()}
}

// limits are how many hosts of a ring may be down at once, and at how many failures it stops; of a ring without hosts,
// none.
func (s *side) limits(ring string) (p placement, ok bool) {
	if s.build == nil {
		return p, false
	}
	i := slices.IndexFunc(s.rings, func(r policy.Ring) bool { return r.Name == ring })
	if i < 0 || s.sizes[i] == 0 {
		return p, false
	}
	r := s.rings[i]
	return placement{state: "limits", ring: ring, down: min(r.MaxUnavailable.Of(s.sizes[i]), s.sizes[i]), stop: r.StopAtFailures, why: otherLimits(r)}, true
}
