package read

import (
	"errors"
	"io/fs"
	"path"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/compiler/window/ics"
)

// calendarRef is where a window or a freeze names a calendar file.
type calendarRef struct {
	file       node
	list, name string // "windows" or "freezes", and whose it is
}

// readCalendars reads the calendar files that a tenant's windows and freezes name. A file that cannot be read whole is an
// error, so the tenant has no policy and nothing starts: a freeze that is unreadable freezes.
func readCalendars(t *load.Tree, dir string, refs []calendarRef, out *policy.Tenant) diag.List {
	var diags diag.List
	read := map[string][]policy.Event{}
	for _, ref := range refs {
		full := path.Join(dir, ref.file.str("a file's path"))
		if _, done := read[full]; !done {
			events, list := calendarFile(t, dir, full, ref.file)
			read[full] = events
			diags = append(diags, list...)
		}
		ref.fill(out, read[full])
	}
	return diags
}

func calendarFile(t *load.Tree, dir, full string, at node) ([]policy.Event, diag.List) {
	where := func(d diag.Diagnostic) diag.List { return diag.List{d.At(at.where())} }
	data, err := t.ReadFile(full)
	switch {
	case errors.Is(err, load.ErrRefused):
		return nil, t.Refused()
	case errors.Is(err, fs.ErrNotExist):
		return nil, where(noFile(t, dir, diag.BadCalendar, at, full))
	case err != nil:
		return nil, where(diag.New(diag.BadCalendar, "%s names a file that cannot be read: %s", at.name(), full))
	}
	events, err := ics.Parse(data, full)
	if err == nil {
		return events, nil
	}
	line := 1
	d := diag.New(diag.BadCalendar, "%s", diag.OneLine(err.Error()))
	if bad := (*ics.Error)(nil); errors.As(err, &bad) {
		line = bad.Line
		d = diag.New(diag.BadCalendar, "%s", diag.OneLine(bad.Msg)).WithFix("mend that line, or export the calendar anew")
		if bad.Empty {
			d = d.WithFix("export it with what is planned, or remove the window or freeze that names it")
		}
		if bad.Zone != "" {
			meant, note := suggest.Zone(bad.Zone, window.Zones())
			d = diag.New(diag.UnknownZone, "%s%s", diag.OneLine(bad.Msg), suggest.Phrase(meant)).
				WithFix("let the calendar name an IANA zone such as Europe/Berlin")
			if note != "" {
				d = d.WithFix("%s; better let the calendar name a place, such as Europe/Berlin, which knows daylight saving", note)
			}
		}
	}
	pos := diag.Pos{Line: line, Column: 1}
	return nil, diag.List{d.At(diag.Range{File: full, Start: pos, End: pos})}
}

// fill hands the events to the window or freeze that named the file.
func (ref calendarRef) fill(out *policy.Tenant, events []policy.Event) {
	for i := range out.Windows {
		if ref.list == "windows" && out.Windows[i].Name == ref.name {
			out.Windows[i].Events = events
		}
	}
	for i := range out.Freezes {
		if ref.list == "freezes" && out.Freezes[i].Name == ref.name {
			out.Freezes[i].Events = events
		}
	}
}
