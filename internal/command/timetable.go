package command

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/compiler/window/ics"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/phrase"
)

// timetable is when the windows of a tenant are open, by window and zone.
type timetable struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"` // "Windows"
	Tenant     string         `json:"tenant"`
	From       time.Time      `json:"from"`
	To         time.Time      `json:"to"`
	Windows    []openings     `json:"windows"`
	Freezes    []frozenWindow `json:"freezes"`
	loc        *time.Location // the tenant's zone
}

// openings are the open stretches of one window in one zone, freezes cut out.
type openings struct {
	Window   string    `json:"window"`
	Timezone string    `json:"timezone"`
	PerHost  bool      `json:"perHost,omitempty"`  // for the hosts of one zone
	HostZone string    `json:"hostZone,omitempty"` // of which
	Rings    []string  `json:"rings"`              // "broad", or "broad, lane urgent"
	Open     []opening `json:"open"`
	loc      *time.Location
}

type opening struct {
	Opens  time.Time  `json:"opens"`
	Closes *time.Time `json:"closes"` // null: it stays open
	since  time.Time  // when it truly began; zero: it was ever so
}

type frozenWindow struct {
	Freeze   string    `json:"freeze"`
	Timezone string    `json:"timezone"`
	PerHost  bool      `json:"perHost,omitempty"`  // for the hosts of one zone
	HostZone string    `json:"hostZone,omitempty"` // of which
	Starts   time.Time `json:"starts"`
	Ends     time.Time `json:"ends"`
	Allows   bool      `json:"allows"` // some updates pass
	Reason   string    `json:"reason"`
	loc      *time.Location
}

func newTimetable(t *policy.Tenant, from, to time.Time) (timetable, error) {
	out := timetable{
		APIVersion: canonical.APIVersion, Kind: "Windows", Tenant: t.Name, From: from, To: to,
		Windows: []openings{}, Freezes: []frozenWindow{}, loc: phrase.Zone(t),
	}
	zones := append([]string{""}, hostZones(t)...)
	for _, w := range t.Windows {
		for _, host := range zonesFor(zones, w.Timezone == policy.HostZone || window.FrozenPerHost(t)) {
			o, err := openingsOf(t, w, host, from, to)
			if errors.Is(err, window.ErrHostZone) {
				continue // hosts whose zone nobody knows: check names them
			}
			if err != nil {
				return out, err
			}
			out.Windows = append(out.Windows, o)
		}
	}
	for _, f := range t.Freezes {
		for _, host := range zonesFor(zones, f.Timezone == policy.HostZone) {
			out.freeze(t, f, host)
		}
	}
	slices.SortStableFunc(out.Freezes, func(a, b frozenWindow) int {
		return cmp.Or(a.Starts.Compare(b.Starts), a.Ends.Compare(b.Ends), cmp.Compare(a.Freeze, b.Freeze), cmp.Compare(a.HostZone, b.HostZone))
	})
	return out, nil
}

// openingsOf lists when one window is open for hosts of a zone, "" for all of them.
func openingsOf(t *policy.Tenant, w policy.Window, host string, from, to time.Time) (openings, error) {
	loc, err := window.Location(t, w, host)
	if err != nil {
		return openings{}, err
	}
	freezes, err := window.Freezes(t, host, from, to)
	if err != nil {
		return openings{}, err
	}
	out := openings{Window: w.Name, Timezone: loc.String(), PerHost: host != "", HostZone: host, Rings: ringsOf(t, w.Name), Open: []opening{}, loc: loc}
	for s := range window.Open(w, loc, freezes, from, to) {
		out.Open = append(out.Open, opening{s.Opens, s.Closes, began(w, s, freezes, from)})
	}
	return out, nil
}

// began is when a stretch began. An always-open window opens where one begins to look: it has been open since the newest
// freeze was over.
func began(w policy.Window, s window.Occurrence, freezes []window.Interval, from time.Time) time.Time {
	if !w.Always || s.Opens.After(from) {
		return s.Opens
	}
	var since time.Time
	for _, f := range freezes {
		if !f.Ends.After(from) && f.Ends.After(since) {
			since = f.Ends
		}
	}
	return since
}

// freeze lists when one freeze holds for hosts of a zone, "" for all of them. One that cannot be read has shown already.
func (t *timetable) freeze(of *policy.Tenant, f policy.Freeze, host string) {
	one := *of
	one.Freezes = []policy.Freeze{f}
	list, err := window.Freezes(&one, host, t.From, t.To)
	if err != nil {
		return
	}
	for _, i := range list {
		if i.Ends.After(t.From) && i.Starts.Before(t.To) {
			t.Freezes = append(t.Freezes, frozenWindow{f.Name, i.Loc.String(), host != "", host, i.Starts, i.Ends, f.Allow != nil, f.Reason, i.Loc})
		}
	}
}

// zonesFor are the zones for each of which something is listed: those of hosts, or "" for one of its own.
func zonesFor(zones []string, perHost bool) []string {
	if perHost {
		return zones[1:]
	}
	return zones[:1]
}

// hostZones lists the zones that hosts' labels name.
func hostZones(t *policy.Tenant) []string {
	var out []string
	for _, h := range t.Hosts {
		out = append(out, h.Label(policy.ZoneLabel))
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(s string) bool { return s == "" })
}

// ringsOf names what a window is for.
func ringsOf(t *policy.Tenant, name string) []string {
	out := []string{}
	for _, r := range t.Rings {
		if slices.Contains(r.WindowNames(), name) {
			out = append(out, r.Name)
		}
		if slices.Contains(r.RebootWindowNames(), name) {
			out = append(out, r.Name+"'s reboots")
		}
		if r.CatchUp.Within == name {
			out = append(out, r.Name+"'s hosts that were away")
		}
	}
	for _, l := range t.Lanes {
		if slices.Contains(l.WindowNames(), name) {
			out = append(out, "lane "+l.Name)
		}
	}
	return out
}

// stretches are those of all windows, by instant.
func (t timetable) stretches() []ics.Stretch {
	var out []ics.Stretch
	for _, w := range t.Windows {
		name := w.Window
		if w.PerHost {
			name += " (" + w.HostZone + ")"
		}
		for _, o := range w.Open {
			out = append(out, ics.Stretch{Occurrence: window.Occurrence{Window: name, Opens: o.Opens, Closes: o.Closes}, Since: o.since})
		}
	}
	slices.SortStableFunc(out, func(a, b ics.Stretch) int {
		return cmp.Or(a.Opens.Compare(b.Opens), cmp.Compare(a.Window, b.Window))
	})
	return out
}
