package effect

import (
	"slices"

	"github.com/ringfence/ringfence/compiler/policy"
)

// cause picks, among what a row rests on, the first part of head that the edit changed or brought, then the first of
// base that it took away. Without any, the edit works in a roundabout way, and the line that decides is named.
func (d *differ) cause(was, is []string, deciding DiffCause) DiffCause {
	if d.oneSided() {
		return d.theTenant()
	}
	for _, name := range is {
		x, ok := d.is.elements.of(name)
		if y, had := d.was.elements.of(name); ok && (!had || x.content != y.content) {
			return DiffCause{x.source, "head", title(name)}
		}
	}
	for _, name := range was {
		x, ok := d.was.elements.of(name)
		if _, has := d.is.elements.of(name); ok && !has {
			return DiffCause{x.source, "base", title(name)}
		}
	}
	return deciding
}

func (d *differ) oneSided() bool { return d.was.Draft == nil || d.is.Draft == nil }

// theTenant is the tenant's own line, of the side that has it, or the one that switches it on or off.
func (d *differ) theTenant() DiffCause {
	const field = "enabled"
	switch {
	case d.is.off != nil:
		return DiffCause{d.is.off.LineOf(field), "head", field}
	case d.is.Draft == nil:
		return DiffCause{d.was.Input.Policy.Source, "base", "the tenant"}
	case d.was.off != nil && d.is.Input.Policy.Lines[field] == "":
		return DiffCause{d.was.off.LineOf(field), "base", field}
	case d.was.off != nil:
		return DiffCause{d.is.Input.Policy.LineOf(field), "head", field}
	}
	return DiffCause{d.is.Input.Policy.Source, "head", "the tenant"}
}

// updateCause finds the line that moved an update. Where no part of policy did, a host may have that entered or left the
// ring or one that goes before it.
func (d *differ) updateCause(m move, kind Kind) DiffCause {
	otherwise := d.deciding(m)
	if m.now >= 0 {
		r := d.is.ringOf(m.now)
		for _, q := range append([]string{r.Name}, ownRings(r)...) {
			if why, ok := d.movers[q]; ok {
				otherwise = why
				break
			}
		}
	}
	return d.cause(d.was.rests(m.old, kind), d.is.rests(m.now, kind), otherwise)
}

// ownRings are the rings of the same tenant that a ring requires.
func ownRings(r policy.Ring) (out []string) {
	for _, q := range r.Gates() {
		if q.Tenant == "" {
			out = append(out, q.Ring)
		}
	}
	return out
}

// deciding is the line that decides at head, or at base where head decides nothing.
func (d *differ) deciding(m move) DiffCause {
	for _, v := range []struct {
		*side
		number int
		name   string
	}{{d.is, m.now, "head"}, {d.was, m.old, "base"}} {
		if v.number < 0 {
			continue
		}
		for _, r := range v.decision(v.number).Reasons {
			if r.Source != "" {
				return DiffCause{r.Source, v.name, title(v.elements.called(r.Source))}
			}
		}
	}
	return d.theTenant()
}

// rests lists the names of what an update rests on in one plan. Where its standing changed, what decided it comes first;
// else what gives it its time.
func (s *side) rests(number int, kind Kind) []string {
	if number < 0 {
		return nil
	}
	v, ring := s.decision(number), s.ringOf(number)
	var why []string
	for _, r := range v.Reasons {
		if r.Source != "" {
			why = append(why, s.elements.called(r.Source))
		}
	}
	when := s.timing(ring, v.Lane)
	if kind != Earlier && kind != Later && kind != Changed {
		when, why = why, when
	}
	return append(append(when, why...), s.around(ring)...)
}

// timing lists what gives a ring and lane their time: windows, ring, gates, lane.
func (s *side) timing(r policy.Ring, lane string) []string {
	var out []string
	for _, w := range s.Input.Policy.WindowNames(r.Name, lane) {
		out = append(out, "window "+w)
	}
	if r.CatchUp.Within != "" {
		out = append(out, "window "+r.CatchUp.Within)
	}
	out = append(out, "ring "+r.Name, "lane "+lane)
	for _, q := range r.Requires {
		out = append(out, requirementName(r, q))
	}
	if len(r.RequiresAny) > 0 {
		out = append(out, alternativesName(r))
	}
	return out
}

// around lists what else may move a ring: freezes, the rings that go before it, the tenant's zone and whether it
// shares the breaker.
func (s *side) around(ring policy.Ring) []string {
	var out []string
	for _, f := range s.Input.Policy.Freezes {
		out = append(out, "freeze "+f.Name)
	}
	for _, q := range ownRings(ring) {
		out = append(out, "ring "+q, selectName(q))
	}
	return append(out, "timezone", "breaker")
}

// ringCause finds the line that changed how many hosts of a ring go at once: its own, or what made it larger or smaller.
func (d *differ) ringCause(ring string) DiffCause {
	names := []string{"ring " + ring, selectName(ring)}
	x, _ := d.is.elements.of(names[0])
	why, ok := d.movers[ring]
	if !ok {
		why = DiffCause{x.source, "head", names[0]}
	}
	return d.cause(names, names, why)
}

// hostCause finds the line that moved a host from one ring, or none, to another.
func (d *differ) hostCause(host, from, to string) DiffCause {
	was, had := d.was.elements.hosts[host]
	is, has := d.is.elements.hosts[host]
	switch {
	case d.oneSided():
		return d.theTenant()
	case has && is.Source != "" && (!had || !slices.Equal(was.Labels, is.Labels)):
		return DiffCause{is.Source, "head", causeHost}
	case had && !has && was.Source != "":
		return DiffCause{was.Source, "base", causeHost}
	}
	names := []string{selectName(to), selectName(from)}
	return d.cause(names, names, d.nearest(is, was))
}

// nearest is a line of a host, wherever there is one.
func (d *differ) nearest(is, was policy.Host) DiffCause {
	if is.Source != "" {
		return DiffCause{is.Source, "head", causeHost}
	}
	if was.Source != "" {
		return DiffCause{was.Source, "base", causeHost}
	}
	return d.theTenant()
}

// rebootCause finds the line that moved a host's reboot: its ring's, or what moved the first of its updates.
func (d *differ) rebootCause(host string, from, to placement) DiffCause {
	home := d.is.home(host).ring
	if home != d.was.home(host).ring {
		return d.hostCause(host, d.was.home(host).ring, home)
	}
	names := []string{"ring " + home, "window " + to.window, "window " + from.window, "lane " + to.lane, "lane " + from.lane}
	x, _ := d.is.elements.of(names[0])
	return d.cause(names, names, d.firstMoved(host, DiffCause{x.source, "head", names[0]}))
}

// firstMoved is why the first update of a host moved.
func (d *differ) firstMoved(host string, none DiffCause) DiffCause {
	was, is := d.was.rows[host], d.is.rows[host]
	if was == nil || is == nil {
		return none
	}
	for i, x := range is.Missing {
		if m := d.moveOf(was, is, i, x.Update); m.from != m.to {
			return d.updateCause(m, updateKind(d.states.list[m.from], d.states.list[m.to], d.at))
		}
	}
	return none
}
