package ics

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// calendar gathers events. An event that replaces one of a series is known by the series' UID.
type calendar struct {
	file  string
	zones map[string]string
	list  []*event
	rules int
}

type event struct {
	policy.Event
	line     int
	uid      string
	start    moment
	replaces *moment
	canceled bool
}

// unread are properties that change when an event takes place and that nothing here understands.
var unread = []string{"EXRULE"}

func (c *calendar) add(e entry) error {
	out := &event{line: e.line}
	if err := c.fill(out, e); err != nil {
		return err
	}
	c.list = append(c.list, out)
	return nil
}

func (c *calendar) fill(out *event, e entry) error {
	for _, name := range unread {
		if p := e.properties[name]; len(p) > 0 {
			return wrong(p[0].line, "%s is not read", name)
		}
	}
	start, ok, err := e.one("DTSTART")
	if err != nil {
		return err
	}
	if !ok {
		return wrong(e.line, "the event has no DTSTART")
	}
	if out.start, err = c.moment(start); err != nil {
		return err
	}
	out.Starts, out.Timezone = out.start.wall(), out.start.zone
	out.Source = fmt.Sprintf("%s:%d:1", c.file, e.line)
	for _, step := range []func(*event, entry) error{c.identity, c.length, c.rule, c.dates} {
		if err := step(out, e); err != nil {
			return err
		}
	}
	if err := window.Valid(policy.Window{Events: []policy.Event{out.Event}}); err != nil {
		return wrong(e.line, "%s", strings.TrimPrefix(err.Error(), out.Source+": "))
	}
	return nil
}

// identity reads which event this is, and whether it takes place.
func (c *calendar) identity(out *event, e entry) error {
	if p, ok, err := e.one("UID"); err != nil {
		return err
	} else if ok {
		out.uid = p.Value
	}
	if p, ok, err := e.one("STATUS"); err != nil {
		return err
	} else if ok {
		out.canceled = strings.EqualFold(p.Value, "CANCELLED")
	}
	p, ok, err := e.one("RECURRENCE-ID")
	if err != nil || !ok {
		return err
	}
	if p.param("RANGE") != "" {
		return wrong(p.line, "RECURRENCE-ID;RANGE is not read: end the series and begin another one")
	}
	m, err := c.moment(p)
	out.replaces = &m
	return err
}

// length reads DTEND or DURATION. A date without either is that day.
func (c *calendar) length(out *event, e entry) error {
	end, hasEnd, err := e.one("DTEND")
	if err != nil {
		return err
	}
	d, hasLength, err := e.one("DURATION")
	if err != nil {
		return err
	}
	switch {
	case hasEnd && hasLength:
		return wrong(d.line, "the event has both DTEND and DURATION")
	case hasEnd:
		return c.until(out, end)
	case hasLength:
		days, length, ok := parseLength(d.Value)
		if !ok || out.start.allDay && length > 0 {
			return wrong(d.line, "DURATION: %.40q is no length of this event", d.Value)
		}
		out.Days, out.Duration = days, policy.Duration(length)
	case out.start.allDay:
		out.Days = 1
	default:
		return wrong(e.line, "the event has no end: DTEND or DURATION is missing")
	}
	return nil
}

func (c *calendar) until(out *event, p property) error {
	end, err := c.moment(p)
	if err != nil {
		return err
	}
	length := end.at().Sub(out.start.at())
	switch {
	case end.allDay != out.start.allDay:
		return wrong(p.line, "DTSTART and DTEND must both be dates or both be times")
	case (end.zone == "") != (out.start.zone == ""):
		return wrong(p.line, "of DTSTART and DTEND only one names a zone")
	case length <= 0:
		return wrong(p.line, "the event does not end after it starts")
	case end.allDay:
		out.Days = int(length / (24 * time.Hour))
	default:
		out.Duration = policy.Duration(length)
	}
	return nil
}

var clockPart = lazyregexp.New(`;BY(HOUR|MINUTE|SECOND)=([0-9]{1,2})(;|$)`)

// rule reads RRULE. A time of day in it must be the event's own.
func (c *calendar) rule(out *event, e entry) error {
	p, ok, err := e.one("RRULE")
	if err != nil || !ok {
		return err
	}
	if c.rules++; c.rules > maxRules {
		return wrong(p.line, "the calendar has more than %d events that recur", maxRules)
	}
	text := strings.TrimSuffix(p.Value, ";")
	for {
		m := clockPart.FindStringSubmatchIndex(text)
		if m == nil {
			break
		}
		if said, own := strings.TrimLeft(text[m[4]:m[5]], "0"), clockOf(out.start, text[m[2]:m[3]]); said != own {
			break // the window's rule names the mistake
		}
		text = text[:m[0]] + text[m[6]:]
	}
	text, err = dateOnly(text, out.start, p.line)
	if err != nil {
		return err
	}
	out.RRule = text
	if err := window.Valid(policy.Window{Events: []policy.Event{{
		Starts: out.Starts, RRule: out.RRule, Days: 1,
	}}}); err != nil {
		return wrong(p.line, "RRULE: %s", strings.TrimPrefix(err.Error(), ": "))
	}
	return nil
}

func clockOf(m moment, part string) string {
	n := map[string]int{"HOUR": m.digits.Hour(), "MINUTE": m.digits.Minute(), "SECOND": 0}[part]
	return strings.TrimLeft(fmt.Sprint(n), "0")
}

var untilPart = lazyregexp.New(`(^|;)UNTIL=([0-9]{8}T[0-9]{6}Z?)(;|$)`)

// dateOnly turns an UNTIL that names a time into the date of the last start.
func dateOnly(rule string, start moment, line int) (string, error) {
	m := untilPart.FindStringSubmatchIndex(rule)
	if m == nil {
		return rule, nil
	}
	until, ok := parseMoment(rule[m[4]:m[5]], start.zone)
	if !ok {
		return "", wrong(line, "RRULE: UNTIL=%s is no time", rule[m[4]:m[5]])
	}
	last := until.digits
	if until.zone == "UTC" && start.zone != "" && start.zone != "UTC" {
		loc, err := window.Zone(start.zone)
		if err != nil {
			return "", wrong(line, "%v", err)
		}
		local := until.digits.In(loc)
		last = time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
	}
	if sinceMidnight(last) < sinceMidnight(start.digits) {
		last = last.AddDate(0, 0, -1)
	}
	return rule[:m[4]] + last.Format("20060102") + rule[m[5]:], nil
}

func sinceMidnight(t time.Time) time.Duration {
	return t.Sub(t.Truncate(24 * time.Hour))
}

// dates reads RDATE and EXDATE as starts of this event.
func (c *calendar) dates(out *event, e entry) error {
	for _, kind := range []struct {
		name string
		list *[]string
	}{{"RDATE", &out.Also}, {"EXDATE", &out.Except}} {
		name, list := kind.name, kind.list
		for _, p := range e.properties[name] {
			all, err := c.moments(p)
			if err != nil {
				return err
			}
			for _, m := range all {
				*list = append(*list, startAt(m, out.start))
			}
		}
		if len(*list) > maxDates {
			return wrong(e.line, "the event has more than %d of %s", maxDates, name)
		}
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return nil
}

// startAt is the wall time of a moment as a start of the event that begins at start: in its zone, and where only a
// date is said, at its time of day.
func startAt(m, start moment) string {
	switch {
	case m.allDay:
		return m.digits.Add(sinceMidnight(start.digits)).Format(wallLayout)
	case m.zone == start.zone || m.zone == "" || start.zone == "":
		return m.wall()
	}
	loc, err := window.Zone(start.zone)
	if err != nil {
		return m.wall()
	}
	return m.at().In(loc).Format(wallLayout)
}

// joined takes what is replaced out of its series, and what is cancelled out of the calendar.
func (c *calendar) joined() ([]policy.Event, error) {
	for _, e := range c.list {
		if e.replaces == nil {
			continue
		}
		for _, series := range c.list {
			if series.replaces == nil && series.uid == e.uid && series.uid != "" {
				series.Except = append(series.Except, startAt(*e.replaces, series.start))
			}
		}
	}
	var out []policy.Event
	for _, e := range c.list {
		if !e.canceled {
			slices.Sort(e.Except)
			e.Except = slices.Compact(e.Except)
			out = append(out, e.Event)
		}
	}
	return out, nil
}
