package effect

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/compiler/plan"
)

// Diff compares the plans of two policies of one tenant at one site. Both inputs have the same snapshot and the same
// instant. A side without a policy is one that does not have the tenant; of a policy that switches it off nothing is
// planned. It is pure, and complete: a row that is in no group stands at the same place in both plans.
func Diff(base, head plan.Input) (TenantDiff, error) {
	if !has(base) && !has(head) {
		return TenantDiff{}, errors.New("a comparison needs a policy on one side")
	}
	if base.Snapshot != head.Snapshot || !base.At.Equal(head.At) {
		return TenantDiff{}, errors.New("both sides of a comparison need the same snapshot and instant")
	}
	states := newPlacements()
	was, err := newSide(base, states)
	if err != nil {
		return TenantDiff{}, err
	}
	is, err := newSide(head, states)
	if err != nil {
		return TenantDiff{}, err
	}
	d := newDiffer(was, is, states, base.Snapshot)
	d.hosts()
	d.rings()
	d.updates()
	d.reboots()
	return d.result(), nil
}

// has reports whether there is anything to plan.
func has(in plan.Input) bool { return in.Policy != nil && !in.Policy.Disabled }

// rings compares how many hosts of each ring go at once. A ring that has none on one side is told by its hosts.
func (d *differ) rings() {
	if d.oneSided() {
		return
	}
	for _, r := range d.is.Rings {
		was, ok := d.was.limits(r.Name)
		is, has := d.is.limits(r.Name)
		if from, to := d.states.id(was), d.states.id(is); ok && has && from != to {
			g := d.group(Limits, move{of: OfRing, from: from, to: to}, d.ringCause(r.Name))
			g.Count++
		}
	}
}

// hosts compares which ring has each host of either policy. What it finds may be why other rows move.
func (d *differ) hosts() {
	for _, h := range d.hostNames() {
		was, is := d.was.home(h), d.is.home(h)
		var kind Kind
		switch {
		case was.state == "covered" && is.state == "uncovered":
			kind = LostCoverage
		case was.state == "uncovered" && is.state == "covered":
			kind = GainedCoverage
		case was != is && (was.state == "covered" || is.state == "covered"):
			kind = Changed // another ring, or another site
		}
		if kind != "" {
			m, why := move{of: OfHost, from: d.states.id(was), to: d.states.id(is)}, d.hostCause(h, was.ring, is.ring)
			d.group(kind, m, why).row(h, "", -1)
			d.noteMover(why, was.ring, is.ring)
		}
	}
}

// reboots compares when each host may be rebooted.
func (d *differ) reboots() {
	for _, h := range d.hostNames() {
		if was, is := d.was.boots[h], d.is.boots[h]; was != is {
			m := move{of: OfReboot, from: d.states.id(was), to: d.states.id(is)}
			d.group(rebootKind(was, is), m, d.rebootCause(h, was, is)).row(h, "", -1)
		}
	}
}

func (d *differ) noteMover(why DiffCause, rings ...string) {
	for _, r := range rings {
		if _, ok := d.movers[r]; !ok && r != "" {
			d.movers[r] = why
		}
	}
}

// hostNames are the hosts that either policy has at this site, sorted.
func (d *differ) hostNames() []string {
	seen := map[string]bool{}
	for _, s := range []*side{d.was, d.is} {
		if s.Draft != nil {
			for name := range s.Hosts() {
				seen[name] = true
			}
		}
	}
	out := make([]string, 0, len(seen))
	for name := range seen {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// updates compares every missing update of every host that either side judges.
func (d *differ) updates() {
	for _, h := range d.hostNames() {
		was, is := d.was.rows[h], d.is.rows[h]
		one := cmp.Or(is, was)
		if one == nil {
			continue
		}
		for i, x := range one.Missing {
			if m := d.moveOf(was, is, i, x.Update); m.from != m.to {
				d.update(h, x.Update, m)
			}
		}
	}
}

// moveOf is the move of the i-th missing update of a host.
func (d *differ) moveOf(was, is *memberCells, i, update int) move {
	return move{of: OfUpdate, from: cellOf(was, i), to: cellOf(is, i), old: d.was.number(was, update), now: d.is.number(is, update)}
}

func cellOf(m *memberCells, i int) int32 {
	if m == nil {
		return 0
	}
	return m.cells[i]
}

func (d *differ) update(host string, u int, m move) {
	from, to := d.states.list[m.from], d.states.list[m.to]
	var why DiffCause
	var away bool
	if from.ring != to.ring {
		why, away = d.hostCause(host, from.ring, to.ring), d.was.home(host).state == "elsewhere" || d.is.home(host).state == "elsewhere"
		m.cause = fmt.Sprint(hostLines(why), away)
	}
	g := d.memo[m]
	if g == nil {
		kind := updateKind(from, to, d.at)
		if away {
			kind = Changed
		}
		if from.ring == to.ring {
			why = d.updateCause(m, kind)
		}
		g = d.group(kind, m, why)
		d.memo[m] = g
	}
	g.row(host, d.snap.Updates[u].PURL, u)
}
