package effect

import (
	"slices"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
)

// side is the plan of one commit, expanded to every missing update of every host. One without the
// tenant, or that switches it off, is empty.
type side struct {
	*plan.Draft
	off      *policy.Tenant // what switches the tenant off
	elements elements
	states   *placements
	rows     map[string]*memberCells
	index    map[string]int // updates by purl
	boots    map[string]placement
}

// memberCells are the places of one host's missing updates, in their order.
type memberCells struct {
	plan.Member
	cells []int32
}

func newSide(in plan.Input, states *placements) (*side, error) {
	s := &side{states: states, rows: map[string]*memberCells{}, index: map[string]int{}, boots: map[string]placement{}}
	if in.Policy == nil || in.Policy.Disabled {
		s.off = in.Policy
		return s, nil
	}
	d, err := plan.NewDraft(in)
	if err != nil {
		return nil, err
	}
	s.Draft, s.elements = d, newElements(d.Input.Policy)
	for m := range d.Members() {
		s.rows[m.Host.Name] = &memberCells{m, make([]int32, len(m.Missing))}
	}
	for i := len(d.Input.Snapshot.Updates) - 1; i >= 0; i-- {
		s.index[d.Input.Snapshot.Updates[i].PURL] = i // the first counts
	}
	s.expand(d.Plan)
	return s, nil
}

// expand writes every row of the plan into its cell.
func (s *side) expand(p *plan.Plan) {
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
	at.standing = standingOf(s.Decision(s.rows[hosts[0]].Ring, u))
	id := s.states.id(at)
	for _, h := range hosts {
		m := s.rows[h]
		if i, ok := slices.BinarySearchFunc(m.Missing, u, func(x inventory.Missing, u int) int { return x.Update - u }); ok {
			m.cells[i] = id
		}
	}
}

// rebootIn notes the first occurrence in which hosts may be rebooted.
func (s *side) rebootIn(hosts []string, c plan.Change, at placement) {
	if c.Reboot != policy.RebootIfRequired {
		return
	}
	asks := len(c.Updates) == 0 || slices.ContainsFunc(c.Updates, func(u plan.ChangeUpdate) bool {
		return s.Input.Snapshot.Updates[s.index[u.Update]].Reboot != "no"
	})
	for _, h := range hosts {
		if !asks && !s.rows[h].Host.RebootPending {
			continue
		}
		if old, ok := s.boots[h]; !ok || old.state != "planned" || at.opens < old.opens {
			s.boots[h] = at
		}
	}
}

// number tells decisions apart; -1 where the side does not judge the host.
func (s *side) number(m *memberCells, update int) int {
	if m == nil {
		return -1
	}
	return m.Ring*len(s.Input.Snapshot.Updates) + update
}

// decision is the one with a number.
func (s *side) decision(number int) decision.Decision {
	n := len(s.Input.Snapshot.Updates)
	return s.Decision(number/n, number%n)
}

// ringOf is the ring of a decision's number.
func (s *side) ringOf(number int) policy.Ring { return s.Rings[number/len(s.Input.Snapshot.Updates)] }

// home is the ring of a host, or why it has none.
func (s *side) home(host string) placement {
	if s.Draft == nil {
		return placement{state: "uncovered", why: "the tenant is not there, or switched off"}
	}
	ring, why, ok := s.Home(host)
	switch {
	case !ok:
		return s.elsewhere(host)
	case why != "":
		return placement{state: "uncovered", why: why}
	}
	return placement{state: "covered", ring: ring}
}

// elsewhere is the place of a host that is not at this site. If a ring has it at another one, nothing is lost.
func (s *side) elsewhere(host string) placement {
	h, ok := s.elements.hosts[host]
	if !ok {
		return placement{state: "uncovered", why: "the policy does not have the host"}
	}
	if _, ok := s.Input.Policy.RingOf(h); !ok {
		return placement{state: "uncovered", why: "no ring has it, at another site"}
	}
	return placement{state: "elsewhere", why: "at site " + h.Site()}
}

// limits are how many hosts of a ring may be down at once, and at how many failures it stops; of a ring without hosts,
// none.
func (s *side) limits(ring string) (p placement, ok bool) {
	if s.Draft == nil {
		return p, false
	}
	i := slices.IndexFunc(s.Rings, func(r policy.Ring) bool { return r.Name == ring })
	if i < 0 || s.Size(i) == 0 {
		return p, false
	}
	r, n := s.Rings[i], s.Size(i)
	return placement{state: "limits", ring: ring, down: min(r.MaxUnavailable.Of(n), n), stop: r.StopAtFailures, why: otherLimits(r)}, true
}
