package plan

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
)

// shownRows is how many examples a group keeps.
const shownRows = 5

// differ walks over two sides and groups what differs.
type differ struct {
	was, is *side
	states  *placements
	snap    *inventory.Snapshot
	at      time.Time
	memo    map[move]*gathering
	groups  map[groupKey]*gathering
	movers  map[string]DiffCause // by ring: why the first host entered or left it
}

// move is a change of place whose kind and cause are the same for all rows.
type move struct {
	of       DiffSubject
	from, to int32
	old, now int    // verdicts, -1 for none
	cause    string // of the host, where it has one of its own
}

type groupKey struct {
	kind     DiffKind
	of       DiffSubject
	ring     string
	from, to int32
	cause    string
}

// gathering is a group in the making; rows come host by host.
type gathering struct {
	DiffGroup
	last    string
	updates map[int]bool
}

func newDiffer(was, is *side, states *placements, snap *inventory.Snapshot) *differ {
	d := &differ{was: was, is: is, states: states, snap: snap, memo: map[move]*gathering{}, groups: map[groupKey]*gathering{}, movers: map[string]DiffCause{}}
	for _, s := range []*side{was, is} {
		if s.build != nil {
			d.snap, d.at = s.Snapshot, s.At
		}
	}
	return d
}

// rings compares how many hosts of each ring go at once. A ring that has none on one side is told by its hosts.
func (d *differ) rings() {
	if d.oneSided() {
		return
	}
	for _, r := range d.is.rings {
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
		var kind DiffKind
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
		if s.build != nil {
			for name := range s.known {
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
		for i, x := range one.missing {
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

// number tells verdicts apart; -1 where the side does not judge the host.
func (s *side) number(m *memberCells, update int) int {
	if m == nil {
		return -1
	}
	return m.ring*len(s.Snapshot.Updates) + update
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

// group finds the group of a move, or begins it.
func (d *differ) group(kind DiffKind, m move, why DiffCause) *gathering {
	from, to := d.states.list[m.from], d.states.list[m.to]
	ring := cmp.Or(to.ring, from.ring)
	key := groupKey{kind, m.of, ring, m.from, m.to, hostLines(why)}
	g := d.groups[key]
	if g == nil {
		g = &gathering{updates: map[int]bool{}}
		g.DiffGroup = DiffGroup{Kind: kind, Of: m.of, Ring: ring, From: from.document(), To: to.document(), By: d.by(from, to), Cause: why, Examples: []DiffExample{}}
		d.groups[key] = g
	}
	return g
}

func (d *differ) by(from, to placement) *int64 {
	a, known := from.start(d.at)
	b, still := to.start(d.at)
	if !known || !still || a == b {
		return nil
	}
	n := b - a
	return &n
}

// row counts one row.
func (g *gathering) row(host, purl string, update int) {
	g.Count++
	if g.last != host || g.Hosts == 0 {
		g.Hosts, g.last = g.Hosts+1, host
	}
	if update >= 0 && !g.updates[update] {
		g.updates[update] = true
		g.Updates++
	}
	if len(g.Examples) < shownRows {
		g.Examples = append(g.Examples, DiffExample{host, purl})
	}
}

// result lists the groups, the loudest first.
func (d *differ) result() TenantDiff {
	out := TenantDiff{State: "same", Site: d.snap.Site, Tenant: d.snap.Tenant, Groups: []DiffGroup{}}
	switch {
	case d.was.build == nil:
		out.Side = "head"
	case d.is.build == nil:
		out.Side = "base"
	}
	for _, g := range d.groups {
		out.Groups = append(out.Groups, g.DiffGroup)
	}
	if len(out.Groups) > 0 || out.Side != "" {
		out.State = "changed"
	}
	slices.SortFunc(out.Groups, compareGroups)
	out.Unscanned, out.Unknown = d.unknown()
	return out
}

func compareGroups(a, b DiffGroup) int {
	return cmp.Or(a.Kind.rank()-b.Kind.rank(), cmp.Compare(a.Of, b.Of), cmp.Compare(a.Ring, b.Ring), compareStates(a.From, b.From),
		compareStates(a.To, b.To), cmp.Compare(a.Cause.Source, b.Cause.Source), cmp.Compare(a.Cause.What, b.Cause.What))
}

func compareStates(a, b DiffState) int {
	return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.Standing, b.Standing),
		cmp.Compare(unix(a.Opens), unix(b.Opens)), cmp.Compare(unix(a.Closes), unix(b.Closes)), cmp.Compare(a.Window, b.Window),
		cmp.Compare(a.For, b.For), cmp.Compare(unix(a.Until), unix(b.Until)), cmp.Compare(a.Why, b.Why), a.Down-b.Down, a.StopAt-b.StopAt)
}

// hostLines puts all hosts of one file together: a group names the line of its first.
func hostLines(c DiffCause) string {
	if c.What != causeHost {
		return c.Side + " " + c.What + " " + c.Source
	}
	return c.Side + " " + c.What + " " + fileOf(c.Source)
}
