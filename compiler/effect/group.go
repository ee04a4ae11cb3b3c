package effect

import (
	"cmp"
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
	of       Subject
	from, to int32
	old, now int    // numbers of decisions, -1 for none
	cause    string // of the host, where it has one of its own
}

type groupKey struct {
	kind     Kind
	of       Subject
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
		if s.Draft != nil {
			d.snap, d.at = s.Input.Snapshot, s.Input.At
		}
	}
	return d
}

// group finds the group of a move, or begins it.
func (d *differ) group(kind Kind, m move, why DiffCause) *gathering {
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
	case d.was.Draft == nil:
		out.Side = "head"
	case d.is.Draft == nil:
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
