package words

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// freezes stand in the order of their begin; calendars come last.
func (d describer) freezes() Section {
	if len(d.t.Freezes) == 0 {
		return Section{}
	}
	s := Section{Title: "Freezes", Lines: []Line{{Text: "A freeze is cut out of every window: what is left of the window is still open."}}}
	list := slices.Clone(d.t.Freezes)
	slices.SortStableFunc(list, func(a, b policy.Freeze) int {
		return cmp.Compare(cmp.Or(a.Starts, "~"), cmp.Or(b.Starts, "~"))
	})
	for _, f := range list {
		s.Items = append(s.Items, Item{f.Name, f.Source, d.freeze(f)})
	}
	return s
}

func (d describer) freeze(f policy.Freeze) []Line {
	text := d.frozen(f)
	if len(f.Events) > 0 {
		text = "In the times of a calendar nothing is installed: " + events(f.Events)
		text += zoneOf(f.Timezone)
	}
	out := []Line{{text + ".", f.Source}, {"The reason: " + f.Reason + ".", f.Source}}
	if strings.HasSuffix(f.Reason, ".") {
		out[1].Text = "The reason: " + f.Reason
	}
	if f.Allow == nil {
		return append(out, Line{"Nothing may pass.", f.Source})
	}
	return append(out, Line{"What may pass, if its window is open: every update " + match(f.Allow) + ".", f.Source})
}

// frozen writes both ends of a freeze, and that it is over.
func (d describer) frozen(f policy.Freeze) string {
	loc := d.loc
	if f.Timezone != "" {
		if own, err := window.Zone(f.Timezone); err == nil {
			loc = own
		}
	}
	starts, err1 := window.ParseWall(f.Starts)
	ends, err2 := window.ParseWall(f.Ends)
	if err1 != nil || err2 != nil {
		return "Nothing is installed: its times cannot be read"
	}
	if f.Timezone == policy.HostZone {
		const layout = "Mon 2 Jan 2006 15:04"
		text := "From " + window.Resolve(starts, time.UTC).Format(layout) + " to " + window.Resolve(ends, time.UTC).Format(layout) + " nothing is installed" + zoneOf(f.Timezone)
		if window.Resolve(ends, time.UTC).Add(westmost).Before(d.at) {
			text += "; that is over"
		}
		return text
	}
	from, to := window.Resolve(starts, loc), window.Resolve(ends, loc)
	text := "From " + window.Instant(from, loc) + comma(loc) + " to " + window.Instant(to, loc) + comma(loc) + " nothing is installed"
	if !to.After(d.at) {
		text += "; that is over"
	}
	return text
}

// westmost is how much later than in UTC any zone shows a time.
const westmost = 12 * time.Hour

// comma ends what stands beside an instant, if anything does.
func comma(loc *time.Location) string {
	if loc.String() == time.UTC.String() {
		return ""
	}
	return ","
}

// zoneOf says in what zone times are meant, unless it is the tenant's.
func zoneOf(zone string) string {
	switch zone {
	case "":
		return ""
	case policy.HostZone:
		return ", in the time zone of each host"
	}
	return ", in the time zone " + zone
}

// rego is the section of the rules that are not in these words.
const rego = "Further rules in Rego"

// modules names the Rego files that may tighten what the rules say.
func (d describer) modules() Section {
	if len(d.t.Modules) == 0 {
		return Section{}
	}
	s := Section{Title: rego, Lines: []Line{{Text: "These files may only tighten: reject an update, hold it, or ask for further signatures. " +
		"What they say is not in these words; read them."}}}
	for _, m := range d.t.Modules {
		s.Lines = append(s.Lines, Line{"Rules of " + m.Path + ".", m.Path})
	}
	return s
}
