package words

import (
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// Ahead is how far the next occurrence of a window is looked for.
const Ahead = 400 * 24 * time.Hour

// opening says in which windows something happens, each with its next occurrence for these hosts.
func (d describer) opening(what string, names []string, hosts []policy.Host, source string) []Line {
	if len(names) == 0 {
		return []Line{{what + " never: no window is named.", source}}
	}
	if len(names) > 1 {
		what += " whenever one of these windows is open: " + and(names)
	} else {
		what += " in the window " + names[0]
	}
	out := []Line{{what + ".", source}}
	for _, name := range names {
		if w := d.t.Window(name); w != nil {
			out = append(out, d.window(*w, hosts))
		}
	}
	return out
}

// window is one window in words, and when it opens next.
func (d describer) window(w policy.Window, hosts []policy.Host) Line {
	if w.Always {
		return Line{"The window " + w.Name + " is open at any time, but for freezes.", w.Source}
	}
	text := "The window " + w.Name + " opens " + recurrence(w) + ends(w) + zoneOf(w.Timezone)
	return Line{text + d.occurrences(w, d.zonesOf(w, hosts)) + ".", w.Source}
}

// occurrences says when a window opens next, once for all zones in which that is the same.
func (d describer) occurrences(w policy.Window, zones []zoned) (text string) {
	var order []string
	hosts := map[string][]string{}
	for _, z := range zones {
		next := d.next(w, z)
		if hosts[next] == nil {
			order = append(order, next)
		}
		hosts[next] = append(hosts[next], z.host)
	}
	for _, next := range order {
		text += ". Next"
		if len(order) > 1 || w.Timezone == policy.HostZone {
			text += " for hosts in " + and(hosts[next])
		}
		text += ": " + next
	}
	return text
}

// ends says how long a window stays open, and when it closes on a day without a change of the clock.
func ends(w policy.Window) string {
	if len(w.Events) > 0 {
		return ""
	}
	start, err := time.Parse("15:04", w.Start)
	if err != nil {
		return ""
	}
	closes := start.Add(w.Duration.Std())
	text := fmt.Sprintf(" at %s for %s, until %s", w.Start, span(w.Duration), closes.Format("15:04"))
	switch days := closes.YearDay() - start.YearDay() + 365*(closes.Year()-start.Year()); days {
	case 0:
		return text
	case 1:
		return text + " the next day"
	default:
		return fmt.Sprintf("%s %d days later", text, days)
	}
}

// zoned is a zone in which a window is read, and for whom.
type zoned struct {
	loc  *time.Location
	host string // as the label of hosts names it
}

// zonesOf lists the zones in which the hosts read a window: one, but for windows, or freezes, in each host's own.
func (d describer) zonesOf(w policy.Window, hosts []policy.Host) []zoned {
	if w.Timezone != policy.HostZone && !window.FrozenPerHost(d.t) {
		if loc, err := window.Location(d.t, w, ""); err == nil {
			return []zoned{{loc: loc}}
		}
		return nil
	}
	var names []string
	for _, h := range hosts {
		names = append(names, h.Label(policy.ZoneLabel))
	}
	slices.Sort(names)
	var out []zoned
	for _, name := range slices.Compact(names) {
		if _, err := window.Zone(name); err != nil {
			continue
		}
		if loc, err := window.Location(d.t, w, name); err == nil {
			out = append(out, zoned{loc, name})
		}
	}
	return out
}

// next is the first time that freezes leave open.
func (d describer) next(w policy.Window, z zoned) string {
	end := d.at.Add(Ahead)
	freezes, err := window.Freezes(d.t, z.host, d.at, end)
	if err != nil {
		return "not known"
	}
	for o := range window.Open(w, z.loc, freezes, d.at, end) {
		return window.Words(o, z.loc)
	}
	return "not within a year"
}

// spare are the windows that nothing uses.
func (d describer) spare() Section {
	used := map[string]bool{}
	for _, r := range d.t.Rings {
		for _, name := range slices.Concat(r.WindowNames(), r.RebootWindowNames(), []string{r.CatchUp.Within}) {
			used[name] = true
		}
	}
	for _, l := range d.t.Lanes {
		for _, name := range l.WindowNames() {
			used[name] = true
		}
	}
	s := Section{Title: "Windows that nothing uses"}
	for _, w := range d.t.Windows {
		if !used[w.Name] {
			s.Lines = append(s.Lines, d.window(w, d.t.Hosts))
		}
	}
	return s
}
