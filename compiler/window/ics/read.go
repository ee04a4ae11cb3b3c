package ics

import (
	"strings"

	ical "github.com/arran4/golang-ical"

	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// property is a line of the calendar, unfolded.
type property struct {
	*ical.BaseProperty
	line int
}

func (p property) param(name string) string {
	if v := p.ICalParameters[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// entry is a VEVENT.
type entry struct {
	line       int
	properties map[string][]property
}

func (e entry) one(name string) (property, bool, error) {
	switch list := e.properties[name]; len(list) {
	case 0:
		return property{}, false, nil
	case 1:
		return list[0], true, nil
	default:
		return property{}, false, wrong(list[1].line, "the event has a second %s", name)
	}
}

// reader follows BEGIN and END through a calendar.
type reader struct {
	open    []string
	entries []entry
	zones   map[string]string // by TZID: what its VTIMEZONE says it is called elsewhere
	zone    string            // the TZID of the VTIMEZONE under way
	closed  bool
}

var begins = lazyregexp.New(`^[A-Za-z0-9-]+[;:]`)

// read splits a calendar into its events and the other names of its zones.
func read(data []byte) ([]entry, map[string]string, error) {
	if len(data) > maxBytes {
		return nil, nil, wrong(1, "the calendar is larger than 1 MiB")
	}
	r := &reader{zones: map[string]string{}}
	for _, l := range unfold(string(data)) {
		if strings.TrimSpace(l.text) == "" {
			continue
		}
		if !begins.MatchString(l.text) {
			return nil, nil, wrong(l.number, "this is no line of a calendar")
		}
		p, err := ical.ParseProperty(ical.ContentLine(l.text))
		if err != nil || p == nil {
			return nil, nil, wrong(l.number, "this is no line of a calendar")
		}
		p.IANAToken = strings.ToUpper(p.IANAToken)
		if err := r.line(property{p, l.number}); err != nil {
			return nil, nil, err
		}
	}
	if len(r.open) > 0 || !r.closed {
		return nil, nil, wrong(1+strings.Count(strings.TrimRight(string(data), "\r\n"), "\n"), "the calendar ends before END:VCALENDAR: the file is cut short")
	}
	return r.entries, r.zones, nil
}

type line struct {
	number int
	text   string
}

// unfold joins the lines that go on on the next, which begins with a blank.
func unfold(text string) []line {
	var out []line
	for i, l := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		l = strings.TrimSuffix(l, "\r")
		if len(out) > 0 && l != "" && (l[0] == ' ' || l[0] == '\t') {
			out[len(out)-1].text += l[1:]
			continue
		}
		out = append(out, line{i + 1, l})
	}
	return out
}

func (r *reader) line(p property) error {
	switch p.IANAToken {
	case "BEGIN":
		return r.begin(p)
	case "END":
		return r.end(p)
	}
	if len(r.open) == 0 {
		return wrong(p.line, "this is no calendar: BEGIN:VCALENDAR is missing")
	}
	switch where := strings.Join(r.open, "/"); {
	case where == "VCALENDAR/VEVENT":
		e := r.entries[len(r.entries)-1]
		e.properties[p.IANAToken] = append(e.properties[p.IANAToken], p)
	case where == "VCALENDAR/VTIMEZONE" && p.IANAToken == "TZID":
		r.zone = p.Value
	case where == "VCALENDAR/VTIMEZONE" && p.IANAToken == "X-LIC-LOCATION":
		r.zones[r.zone] = p.Value
	}
	return nil
}

func (r *reader) begin(p property) error {
	name := strings.ToUpper(p.Value)
	switch {
	case len(r.open) == 0 && name != "VCALENDAR":
		return wrong(p.line, "this is no calendar: BEGIN:VCALENDAR is missing")
	case len(r.open) >= maxDepth:
		return wrong(p.line, "components stand in each other too deeply")
	case name == "VEVENT" && len(r.open) == 1:
		if len(r.entries) == maxEvents {
			return wrong(p.line, "the calendar has more than %d events", maxEvents)
		}
		r.entries = append(r.entries, entry{p.line, map[string][]property{}})
	}
	r.open = append(r.open, name)
	return nil
}

func (r *reader) end(p property) error {
	last := len(r.open) - 1
	if last < 0 || r.open[last] != strings.ToUpper(p.Value) {
		return wrong(p.line, "END:%.40s closes nothing", p.Value)
	}
	r.open = r.open[:last]
	r.closed = last == 0 || r.closed
	return nil
}
