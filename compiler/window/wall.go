package window

import (
	"fmt"
	"time"
)

// Wall is a time on a wall: a date and a time of day without a zone. It is a type of its own so that nobody compares
// it with an instant by accident.
type Wall struct{ utc time.Time } // the same digits, read as UTC

const wallLayout = "2006-01-02T15:04"

// ParseWall reads "2026-12-18T18:00" and nothing else.
func ParseWall(s string) (Wall, error) {
	t, err := time.Parse(wallLayout, s)
	if err != nil {
		return Wall{}, fmt.Errorf("%q is no wall time: write it like 2026-12-18T18:00", s)
	}
	return Wall{t}, nil
}

// String is the form that ParseWall reads.
func (w Wall) String() string { return w.utc.Format(wallLayout) }

// addDays moves the date; the time of day stays.
func (w Wall) addDays(n int) Wall { return Wall{w.utc.AddDate(0, 0, n)} }

// wallDate returns the date that t has in loc, at 00:00.
func wallDate(t time.Time, loc *time.Location) Wall {
	y, m, d := t.In(loc).Date()
	return Wall{time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
}

// parseClock reads a time of day, "00:00" to "23:59".
func parseClock(s string) (time.Duration, error) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return 0, fmt.Errorf("%q is no time of day: write it like 22:00", s)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// farthest is more than any zone's distance from UTC.
const farthest = 26 * time.Hour

// Resolve returns the first instant at which a clock in loc shows w or later, in UTC. Later wall times never resolve
// to earlier instants.
func Resolve(w Wall, loc *time.Location) time.Time {
	from := w.utc.Add(-farthest)
	for {
		_, offset := from.In(loc).Zone()
		t := w.utc.Add(-time.Duration(offset) * time.Second)
		if t.Before(from) { // the clock jumped over w when this offset began
			return from
		}
		_, until := from.In(loc).ZoneBounds()
		if until.IsZero() || t.Before(until) {
			return t
		}
		from = until.UTC()
	}
}
