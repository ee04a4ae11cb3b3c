package ics

import (
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// moment is a DATE or DATE-TIME as the calendar writes it.
type moment struct {
	digits  time.Time // its digits, read as UTC
	allDay  bool
	zone    string // IANA name; "": floating
	written string
}

const wallLayout = "2006-01-02T15:04"

func (m moment) wall() string { return m.digits.Format(wallLayout) }

// at is the instant of a moment; where it floats, of its digits in UTC.
func (m moment) at() time.Time {
	w, err := window.ParseWall(m.wall())
	loc, zoneErr := window.Zone(m.zone)
	if err != nil || zoneErr != nil {
		return m.digits
	}
	return window.Resolve(w, loc)
}

// moments reads the values of DTSTART, DTEND, RECURRENCE-ID, EXDATE or RDATE.
func (c *calendar) moments(p property) ([]moment, error) {
	if kind := strings.ToUpper(p.param("VALUE")); kind != "" && kind != "DATE" && kind != "DATE-TIME" {
		return nil, wrong(p.line, "%s;VALUE=%.20s is not read", p.IANAToken, kind)
	}
	zone := ""
	if id := p.param("TZID"); id != "" {
		found, ok := zoneOf(id, c.zones[id])
		if !ok {
			e := wrong(p.line, "the time zone %.80q is neither an IANA name nor one that Windows uses", id)
			e.Zone = id
			return nil, e
		}
		zone = found
	}
	var out []moment
	for _, text := range strings.Split(p.Value, ",") {
		m, ok := parseMoment(text, zone)
		if !ok {
			return nil, wrong(p.line, "%s: %.40q is no date or time of a calendar", p.IANAToken, text)
		}
		if m.digits.Second() != 0 {
			return nil, wrong(p.line, "%s: %.40q: windows open and close at full minutes", p.IANAToken, text)
		}
		out = append(out, m)
	}
	return out, nil
}

func (c *calendar) moment(p property) (moment, error) {
	list, err := c.moments(p)
	if err != nil {
		return moment{}, err
	}
	if len(list) != 1 {
		return moment{}, wrong(p.line, "%s has several values", p.IANAToken)
	}
	return list[0], nil
}

func parseMoment(text, zone string) (moment, bool) {
	m := moment{zone: zone, written: text}
	layout := "20060102T150405"
	switch len(text) {
	case len("20060102"):
		layout, m.allDay, m.zone = "20060102", true, ""
	case len("20060102T150405Z"):
		layout, m.zone = "20060102T150405Z", "UTC"
	}
	t, err := time.Parse(layout, text)
	m.digits = t
	return m, err == nil && t.Format(layout) == text && t.Year() >= 1970 && t.Year() < 2200
}

var durationGrammar = lazyregexp.New(`^\+?P(?:([0-9]{1,4})W|(?:([0-9]{1,5})D)?(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,7})S)?)?)$`)

// parseLength reads a DURATION: whole days, which have as many hours as the clock says, or elapsed time.
func parseLength(text string) (days int, length time.Duration, ok bool) {
	m := durationGrammar.FindStringSubmatch(text)
	if m == nil {
		return 0, 0, false
	}
	var n [6]int
	for i := 1; i < len(m); i++ {
		n[i], _ = strconv.Atoi(m[i])
	}
	days = 7*n[1] + n[2]
	length = time.Duration(n[3])*time.Hour + time.Duration(n[4])*time.Minute + time.Duration(n[5])*time.Second
	if length > 0 {
		return 0, length + time.Duration(days)*24*time.Hour, true
	}
	return days, 0, days > 0
}
