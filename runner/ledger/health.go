package ledger

import (
	"cmp"
	"maps"
	"slices"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
)

// RingHealth counts the hosts of a ring that have an update, by how well a scan found them: of those that it could not
// read, or of which nobody says how they are, that is unknown.
type RingHealth struct {
	Ring    string `json:"ring"`
	Update  string `json:"update"`
	Healthy int    `json:"healthy,omitempty"`
	Failing int    `json:"failing,omitempty"`
	Unknown int    `json:"unknown,omitempty"`
}

// HealthOf counts how the hosts of a snapshot are that have what was ever started in their ring, as evidence tells. Hosts
// without a ring are not counted.
func HealthOf(s *inventory.Snapshot, ringOf map[string]string, evidence decision.Evidence) []RingHealth {
	started := map[[2]string]bool{}
	for _, e := range evidence {
		if e.Attempted > 0 {
			started[[2]string{e.Ring, e.Update}] = true
		}
	}
	rows := map[[2]string]RingHealth{}
	for _, h := range s.Hosts {
		for _, i := range h.Installed {
			key := [2]string{ringOf[h.Name], s.Updates[i.Update].PURL}
			if started[key] {
				rows[key] = rows[key].with(key, h.Condition())
			}
		}
	}
	return slices.SortedFunc(maps.Values(rows), func(a, b RingHealth) int {
		return cmp.Or(cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Update, b.Update))
	})
}

func (r RingHealth) with(key [2]string, h inventory.Health) RingHealth {
	r.Ring, r.Update = key[0], key[1]
	switch h {
	case inventory.HealthOK:
		r.Healthy++
	case inventory.HealthFailing:
		r.Failing++
	default:
		r.Unknown++
	}
	return r
}

// SiteHealth is RingHealth of each site's latest scan. Who succeeded since then is unknown until the next one.
type SiteHealth struct {
	Site    string `json:"site"`
	Ring    string `json:"ring"`
	Update  string `json:"update"`
	Healthy int    `json:"healthy,omitempty"`
	Failing int    `json:"failing,omitempty"`
	Unknown int    `json:"unknown,omitempty"`
}

// Plus adds up what two rows say.
func (h SiteHealth) Plus(o SiteHealth) SiteHealth {
	h.Healthy, h.Failing, h.Unknown = h.Healthy+o.Healthy, h.Failing+o.Failing, h.Unknown+o.Unknown
	return h
}

func (h SiteHealth) key() [3]string { return [3]string{h.Site, h.Ring, h.Update} }

// unlooked adds a host on which an update has just succeeded: nobody has looked at it since.
func (x *reducer) unlooked(ring, update string) {
	h := SiteHealth{Site: x.site, Ring: ring, Update: update, Unknown: 1}
	x.health[h.key()] = h.Plus(x.health[h.key()])
}

// looked replaces what is known of a site's hosts by what its scan saw, after whatever else the scan told.
func (x *reducer) looked(rows []RingHealth) {
	maps.DeleteFunc(x.health, func(key [3]string, _ SiteHealth) bool { return key[0] == x.site })
	for _, r := range rows {
		h := SiteHealth{Site: x.site, Ring: r.Ring, Update: r.Update, Healthy: r.Healthy, Failing: r.Failing, Unknown: r.Unknown}
		x.health[h.key()] = h.Plus(x.health[h.key()])
	}
}

// finishHealth keeps the health of what evidence has an attempt of.
func (x *reducer) finishHealth() {
	x.s.Health = nil
	for _, h := range x.health {
		if i, ok := x.rows[[2]string{h.Ring, h.Update}]; ok && x.s.Evidence[i].Attempted > 0 && !x.dropped[h.Update] {
			x.s.Health = append(x.s.Health, h)
		}
	}
	slices.SortFunc(x.s.Health, func(a, b SiteHealth) int {
		return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Update, b.Update))
	})
}
