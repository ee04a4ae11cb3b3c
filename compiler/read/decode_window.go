package read

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

const (
	dateLayout, aDate = "2006-01-02", `a date such as "2026-12-05"`
	wallLayout, aWall = "2006-01-02T15:04", `a wall time such as "2026-12-18T18:00"`
)

var anyText = lazyregexp.New(`.`)

// windows reads the name of a window, or a list of them. A list of one is that one.
func (n node) windows() (one string, several []string) {
	if v, _ := n.v.Default(); v.IncompleteKind() != cue.ListKind {
		return n.ref(), nil
	}
	n.some("a window")
	for _, i := range n.items() {
		several = append(several, i.ref())
	}
	slices.Sort(several)
	if several = slices.Compact(several); len(several) == 1 {
		return several[0], nil
	}
	return "", several
}

func (n node) window() policy.Window {
	w := policy.Window{
		Name:     n.label(),
		Start:    n.get("start").clock("15:04", `a wall time such as "22:00"`),
		Duration: n.get("duration").mark().duration(),
		From:     n.get("from").mark().clock(dateLayout, aDate),
		RRule:    n.get("rrule").mark().matching(anyText, diag.BadRule, `an RRULE such as "FREQ=MONTHLY;BYDAY=2TU"`),
		Timezone: n.get("timezone").mark().matching(anyText, diag.UnknownZone, `an IANA time zone such as "Europe/Berlin", or "host"`),
		Source:   n.source(),
	}
	n.get("days").some("a day")
	for _, d := range n.get("days").items() {
		w.Days = append(w.Days, d.enum(days...))
	}
	slices.SortFunc(w.Days, func(a, b string) int { return cmp.Compare(slices.Index(days, a), slices.Index(days, b)) })
	w.Days = slices.Compact(w.Days)
	if m := n.get("monthly"); m.exists() {
		w.Monthly = &policy.Monthly{Nth: m.nth(), Weekday: m.get("weekday").enum(days...), OffsetDays: m.get("offsetDays").integer(-31, 31)}
	}
	if b := n.get("always").boolean(); b != nil {
		if w.Always = *b; !*b {
			n.get("always").rejectWith(diag.New(diag.WrongValue, "%s can only be true", n.get("always").name()).
				WithFix("leave it out and say days, monthly, dates, rrule or ics"))
		}
	}
	w.Dates = n.get("dates").dates()
	n.calendar("windows")
	n.recurrence()
	n.datesByRule(w)
	return w
}

// dates reads a list of dates. One that stands there twice is most likely meant to be another.
func (n node) dates() []string {
	n.some("a date")
	var out []string
	for _, d := range n.items() {
		s := d.clock(dateLayout, aDate)
		if s != "" && slices.Contains(out, s) {
			d.report(diag.New(diag.Conflict, "%s has %s twice", n.name(), s).WithFix("remove one of them"))
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// datesByRule checks an RRULE by itself: what is wrong with it is said where it stands.
func (n node) datesByRule(w policy.Window) {
	if w.RRule == "" || !n.get("rrule").exists() {
		return
	}
	err := window.Valid(policy.Window{RRule: w.RRule, From: w.From, Start: "00:00", Duration: 1})
	if err == nil || n.get("from").exists() && w.From == "" {
		return
	}
	d := diag.New(diag.BadRule, "%s: %s", n.get("rrule").name(), diag.OneLine(err.Error()))
	bare, prefixed := strings.CutPrefix(w.RRule, "RRULE:")
	switch {
	case errors.Is(err, window.ErrNoFrom):
		d = d.WithFix("add from: %q, or another date", "2026-01-01")
	case errors.Is(err, window.ErrNoSuchDay):
		d = d.WithFix("let BYMONTHDAY name a day that one of these months has; -1 is the last one of each")
	case prefixed:
		d = d.WithFix("write %q", diag.OneLine(bare))
	case errors.Is(err, window.ErrTimeOfDay):
		d = d.WithFix("write dates only, such as %q; start and duration say the time of day", "FREQ=MONTHLY;BYDAY=2TU")
	default:
		d = d.WithFix("write it like %q", "FREQ=MONTHLY;BYDAY=2TU")
	}
	n.get("rrule").report(d)
}

func (n node) nth() int {
	f := n.get("nth")
	v, ok := f.concrete()
	if !ok {
		return 0
	}
	if i, err := v.Int64(); v.Kind() == cue.IntKind && (err != nil || i < -1 || i == 0 || i > 5) {
		f.reject(diag.WrongValue, "must be 1 to 5, or -1 for the last, not %s", f.text())
		return 0
	}
	return f.integer(-1, 5)
}

// kinds are the ways in which a window says when it opens, and beside each what may not stand there.
var kinds = []struct {
	name    string
	without []string
}{
	{"always", []string{"start", "duration", "from", "timezone"}},
	{"days", []string{"from"}},
	{"monthly", []string{"from"}},
	{"dates", []string{"from"}},
	{"rrule", nil},
	{"ics", []string{"start", "duration", "from"}},
}

// recurrence checks that a window says exactly one kind of recurrence, and completely.
func (n node) recurrence() {
	found := kindsBy(func(name string) bool { return n.get(name).exists() })
	if len(found) == 0 {
		found = kindsBy(n.has)
	}
	if len(found) == 0 {
		n.report(diag.New(diag.MissingField, "%s does not say when it opens", n.name()).
			WithFix("add days, monthly, dates, rrule, ics or always: true"))
		return
	}
	kind := kinds[found[0]]
	if len(found) > 1 {
		second := kinds[found[1]].name
		n.exclude(kind.name, second, fmt.Sprintf("has both %s and %s", kind.name, second), "keep one of them")
		return
	}
	for _, k := range kind.without {
		if n.get(k).exists() {
			n.exclude(kind.name, k, excluded(kind.name, k), fmt.Sprintf("remove %s or %s", kind.name, k))
			return
		}
	}
	for _, k := range []string{"start", "duration"} {
		if !slices.Contains(kind.without, k) && !n.has(k) {
			n.missing(k)
		}
	}
}

// kindsBy lists the kinds of recurrence that are there.
func kindsBy(there func(name string) bool) (found []int) {
	for i, k := range kinds {
		if there(k.name) {
			found = append(found, i)
		}
	}
	return found
}

// exclude reports two fields that cannot stand together, at the one that the user wrote. What comes from elsewhere
// cannot be taken away, only left alone.
func (n node) exclude(first, second, what, fix string) {
	at, other := n.get(second), n.get(first)
	if other.own() && !at.own() {
		at, other = other, at
	}
	d := diag.New(diag.Conflict, "%s %s", n.name(), what).WithRelated(other.where(), "declared here").WithFix("%s", fix)
	if at.own() && !other.own() {
		d.Fix = "what the baseline declares stays: add one of your own under another name"
	}
	at.report(d)
}

func excluded(kind, field string) string {
	switch {
	case kind == "always":
		return "is always open and cannot have a " + field
	case kind == "ics":
		return "takes its times from a calendar and cannot have a " + field
	}
	return "has a " + field + ", which only rrule counts from"
}

func (n node) freeze() policy.Freeze {
	f := policy.Freeze{
		Name:     n.label(),
		Starts:   n.get("starts").mark().clock(wallLayout, aWall),
		Ends:     n.get("ends").mark().clock(wallLayout, aWall),
		Timezone: n.get("timezone").mark().matching(anyText, diag.UnknownZone, `an IANA time zone such as "Europe/Berlin", or "host"`),
		Reason:   n.get("reason").matching(anyText, diag.WrongValue, "a reason in words"),
		Source:   n.source(),
	}
	if a := n.get("allow"); a.exists() {
		m := a.match()
		f.Allow = &m
	}
	n.calendar("freezes")
	for _, k := range []string{"starts", "ends"} {
		switch {
		case n.has("ics") && n.get(k).exists():
			n.exclude("ics", k, "takes its times from a calendar and cannot have "+k, "remove ics or "+k)
			return f
		case !n.has("ics") && !n.has(k):
			n.missing(k)
		}
	}
	return f
}

// calendar notes that a window or freeze takes its times from a file.
func (n node) calendar(list string) {
	f := n.get("ics")
	if !f.exists() {
		return
	}
	switch name := f.inner(diag.BadCalendar, "maintenance.ics"); {
	case name == "":
	case !strings.HasSuffix(name, ".ics"):
		f.reject(diag.BadCalendar, "must be a file that ends in .ics")
	default:
		n.r.calendars = append(n.r.calendars, calendarRef{f, list, n.label()})
	}
}
