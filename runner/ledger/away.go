package ledger

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
)

// A state remembers so many times in which a host was away, for so long after it was seen again.
const (
	maxAway  = 4
	keptAway = 400 * 24 * time.Hour
)

// missedBy takes a scan into the state: who is away, and who is seen again. Sites know nothing of one another's hosts.
func (x *reducer) missedBy(away []string) {
	var rows []plan.Away
	for _, a := range x.s.Away {
		if a.Site == x.site && a.Seen == nil && !slices.Contains(away, a.Host) {
			a.Seen = &x.at
		}
		if a.Seen == nil || x.at.Sub(*a.Seen) < keptAway {
			rows = append(rows, a)
		}
	}
	for _, host := range away {
		if !slices.ContainsFunc(rows, func(a plan.Away) bool { return a.Host == host && a.Site == x.site && a.Seen == nil }) {
			rows = append(rows, plan.Away{Host: host, Site: x.site, Since: x.at})
		}
	}
	slices.SortFunc(rows, func(a, b plan.Away) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), a.Since.Compare(b.Since), cmp.Compare(a.Site, b.Site))
	})
	x.s.Away = newestAway(rows)
}

// newestAway keeps the newest rows of each host; nil for none, as a decoded state's is.
func newestAway(rows []plan.Away) (out []plan.Away) {
	for i, a := range rows {
		if i+maxAway >= len(rows) || rows[i+maxAway].Host != a.Host {
			out = append(out, a)
		}
	}
	return out
}

// caught notes before anything starts that a host is being caught up in a lane, or takes that back for what never started.
func (x *reducer) caught(a Action, begun bool) {
	if !a.CatchUp || a.Verb != VerbApply {
		return
	}
	x.s.Away = slices.Clone(x.s.Away)
	for i, r := range x.s.Away {
		if r.Host != a.Host {
			continue
		}
		lanes := slices.DeleteFunc(slices.Clone(r.Caught), func(l string) bool { return l == a.Lane })
		if begun {
			lanes = append(lanes, a.Lane)
		}
		slices.Sort(lanes)
		if x.s.Away[i].Caught = lanes; len(lanes) == 0 {
			x.s.Away[i].Caught = nil
		}
	}
}
