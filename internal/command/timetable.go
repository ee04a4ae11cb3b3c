package command

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
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
	PerHost  bool      `json:"perHost,omitempty"` // for the hosts of this zone
	Rings    []string  `json:"rings"`             // "broad", or "broad, lane urgent"
	Open     []opening `json:"open"`
	loc      *time.Location
}

type opening struct {
	Opens  time.Time  `json:"opens"`
	Closes *time.Time `json:"closes"` // null: it stays open
}

type frozenWindow struct {
	Freeze string    `json:"freeze"`
	Starts time.Time `json:"starts"`
	Ends   time.Time `json:"ends"`
	Allows bool      `json:"allows"` // some updates pass
	Reason string    `json:"reason"`
}

func newTimetable(t *policy.Tenant, from, to time.Time) (timetable, error) {
	out := timetable{
		APIVersion: plan.APIVersion, Kind: "Windows", Tenant: t.Name, From: from, To: to,
		Windows: []openings{}, Freezes: []frozenWindow{}, loc: zone(t),
	}
	freezes, err := window.Freezes(t, out.loc, from, to)
	if err != nil {
		return out, err
	}
	for _, f := range freezes {
		if !f.Ends.After(from) || !f.Starts.Before(to) {
			continue
		}
		i := slices.IndexFunc(t.Freezes, func(x policy.Freeze) bool { return x.Name == f.Freeze })
		out.Freezes = append(out.Freezes, frozenWindow{f.Freeze, f.Starts, f.Ends, t.Freezes[i].Allow != nil, t.Freezes[i].Reason})
	}
	for _, w := range t.Windows {
		for _, host := range hostZones(t, w) {
			loc, err := window.Location(t, w, host)
			if err != nil {
				continue // hosts whose zone nobody knows: check names them
			}
			o := openings{Window: w.Name, Timezone: loc.String(), PerHost: host != "", Rings: ringsOf(t, w.Name), Open: []opening{}, loc: loc}
			for s := range window.Open(w, loc, freezes, from, to) {
				o.Open = append(o.Open, opening{s.Opens, s.Closes})
			}
			out.Windows = append(out.Windows, o)
		}
	}
	return out, nil
}

// hostZones lists the zones in which a window is read: those of the hosts, or "" for one of its own.
func hostZones(t *policy.Tenant, w policy.Window) []string {
	if w.Timezone != policy.HostZone {
		return []string{""}
	}
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
	}
	for _, l := range t.Lanes {
		if slices.Contains(l.WindowNames(), name) {
			out = append(out, "lane "+l.Name)
		}
	}
	return out
}

// occurrences are those of all windows, by instant.
func (t timetable) occurrences() []window.Occurrence {
	var out []window.Occurrence
	for _, w := range t.Windows {
		name := w.Window
		if w.PerHost {
			name += " (" + w.Timezone + ")"
		}
		for _, o := range w.Open {
			out = append(out, window.Occurrence{Window: name, Opens: o.Opens, Closes: o.Closes})
		}
	}
	slices.SortStableFunc(out, func(a, b window.Occurrence) int {
		return cmp.Or(a.Opens.Compare(b.Opens), cmp.Compare(a.Window, b.Window))
	})
	return out
}

// textTimetable writes a timetable for people. The windows that nothing uses stand there too, and say so.
func textTimetable(w io.Writer, t timetable) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Windows of %s from %s to %s\n", t.Tenant, stampIn(t.From, t.loc), stampIn(t.To, t.loc))
	for _, o := range t.Windows {
		fmt.Fprintf(&b, "\n%s%s: %s\n", o.Window, hostsIn(o), cmp.Or(strings.Join(o.Rings, ", "), "no ring uses it"))
		for _, s := range o.Open {
			fmt.Fprintf(&b, "  %s\n", window.Words(window.Occurrence{Opens: s.Opens, Closes: s.Closes}, o.loc))
		}
		if len(o.Open) == 0 {
			b.WriteString("  not open in this time\n")
		}
	}
	for i, f := range t.Freezes {
		if i == 0 {
			b.WriteString("\nfrozen\n")
		}
		fmt.Fprintf(&b, "  %s: %s, %s%s\n", f.Freeze, window.Words(window.Occurrence{Opens: f.Starts, Closes: &f.Ends}, t.loc), f.Reason, passing(f))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func hostsIn(o openings) string {
	if o.PerHost {
		return ", hosts in " + o.Timezone
	}
	return ""
}

func passing(f frozenWindow) string {
	if f.Allows {
		return " (some updates pass)"
	}
	return ""
}

func stampIn(t time.Time, loc *time.Location) string { return t.In(loc).Format("Mon 2 Jan 2006 15:04") }
