package plan

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

// Overdue is a host that has lacked newer versions of a lane for longer than the lane's staleAfter, or that no scan has
// reached for as long.
type Overdue struct {
	Lane   string          `json:"lane"`
	After  policy.Duration `json:"after"`
	Host   string          `json:"host"`
	Update string          `json:"update,omitempty"` // the newest version that it lacks; none: nobody has looked
	Since  *time.Time      `json:"since"`            // null: no scan has ever reached it
}

// FindOverdue lists the overdue hosts of the snapshot's site, sorted by lane, update and host. A host has been behind since
// the oldest version that is newer than its own was released or first seen: a lane that brings a version every hour does
// not start its time anew. What the plan made from the same input rejects is not lacked. No host's clock is asked.
func FindOverdue(in Input, p *Plan, firstSeen map[string]time.Time) []Overdue {
	o := &overdue{Input: in, at: p.At, lanes: map[int]*policy.Lane{}, known: map[string][]version{}}
	var strictest *policy.Lane
	for i := range in.Policy.Lanes {
		if l := &in.Policy.Lanes[i]; l.StaleAfter > 0 && (strictest == nil || l.StaleAfter < strictest.StaleAfter) {
			strictest = l
		}
	}
	if strictest == nil {
		return nil
	}
	o.gather(rejectedIn(p), firstSeen)
	var out []Overdue
	for _, h := range in.Policy.Hosts {
		if h.Site() == cmp.Or(in.Snapshot.Site, policy.DefaultSite) {
			out = append(out, o.host(h.Name, strictest)...)
		}
	}
	slices.SortFunc(out, func(a, b Overdue) int {
		return cmp.Or(cmp.Compare(a.Lane, b.Lane), cmp.Compare(b.Update, a.Update), cmp.Compare(a.Host, b.Host))
	})
	return out
}

type overdue struct {
	Input
	at    time.Time
	lanes map[int]*policy.Lane // by update: those that raise an alarm
	known map[string][]version // by package
}

// version is one of a package, and when it was first heard of.
type version struct {
	name string
	seen time.Time
}

func rejectedIn(p *Plan) map[string]bool {
	out := map[string]bool{}
	for _, r := range p.Rings {
		for _, x := range r.Rejected {
			out[x.Update] = true
		}
	}
	return out
}

// gather finds the updates that count, and all versions of their packages that the ledger ever saw.
func (o *overdue) gather(rejected map[string]bool, firstSeen map[string]time.Time) {
	for i, u := range o.Snapshot.Updates {
		l := decision.LaneOf(o.Policy, o.Answers[i])
		if l == nil || l.StaleAfter <= 0 || rejected[u.PURL] {
			continue
		}
		o.lanes[i] = l
		if name, _, ok := inventory.Package(u.PURL); ok {
			o.known[name] = nil
		}
	}
	for purl, seen := range firstSeen {
		name, v, ok := inventory.Package(purl)
		if list, counts := o.known[name]; ok && counts {
			o.known[name] = append(list, version{v, seen})
		}
	}
}

// host lists what is overdue on a host.
func (o *overdue) host(name string, strictest *policy.Lane) (out []Overdue) {
	h := o.Snapshot.Host(name)
	if h == nil {
		return []Overdue{{Lane: strictest.Name, After: strictest.StaleAfter, Host: name}}
	}
	for _, m := range h.Missing {
		l := o.lanes[m.Update]
		if l == nil {
			continue
		}
		if since := o.behind(o.Snapshot.Updates[m.Update], m.From); o.at.Sub(since) > l.StaleAfter.Std() {
			out = append(out, Overdue{l.Name, l.StaleAfter, name, o.Snapshot.Updates[m.Update].PURL, &since})
		}
	}
	if len(out) == 0 && (h.ScannedAt == nil || o.at.Sub(*h.ScannedAt) > strictest.StaleAfter.Std()) {
		out = append(out, Overdue{Lane: strictest.Name, After: strictest.StaleAfter, Host: name, Since: h.ScannedAt})
	}
	return out
}

// behind is since when something newer than an installed version is known. Where the order of versions is not, that is
// what was first seen after the installed one was.
func (o *overdue) behind(u inventory.Update, from string) time.Time {
	since := u.FirstSeen
	if r := u.Released; r != nil && r.Unix() > 0 && r.Before(since) {
		since = *r
	}
	name, newest, _ := inventory.Package(u.PURL)
	all := o.known[name]
	i := slices.IndexFunc(all, func(v version) bool { return v.name == from })
	for _, v := range all {
		newer := i >= 0 && v.seen.After(all[i].seen)
		if inventory.Ordered(u.PURL) {
			newer = !inventory.AtLeast(u.PURL, from, v.name) && inventory.AtLeast(u.PURL, newest, v.name)
		}
		if newer && v.seen.Before(since) {
			since = v.seen
		}
	}
	return since
}
