package window

import (
	"fmt"
	"sort"
	"time"
)

// Wall is a time on a wall: a date and a time of day without a zone. It is a type of its own so that nobody compares
// it with an instant by accident.
type Wall struct{ utc time.Time } // the same digits, read as UTC

const wallLayout = "2006-01-02T15:04"

// ParseWall reads "2026-12-18T18:00" and nothing else.
func ParseWall(s string) (Wall, error) {
	t, err := time.Parse(wallLayout, s)
	if err != nil || t.Format(wallLayout) != s { // time.Parse reads "T2:30" as well
		return Wall{}, fmt.Errorf("%q is no wall time: write it like 2026-12-18T18:00", s)
	}
	return Wall{t}, nil
}

// String is the form that ParseWall reads.
func (w Wall) String() string { return w.utc.Format(wallLayout) }

func compareWalls(a, b Wall) int { return a.utc.Compare(b.utc) }

// addDays moves the date; the time of day stays.
func (w Wall) addDays(n int) Wall { return Wall{w.utc.AddDate(0, 0, n)} }

// wallDate returns the date that t has in loc, at 00:00.
func wallDate(t time.Time, loc *time.Location) Wall {
	y, m, d := t.In(loc).Date()
	return Wall{time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
}

// parseDate reads "2026-12-05" as that date at 00:00.
func parseDate(s string) (Wall, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Format(time.DateOnly) != s {
		return Wall{}, fmt.Errorf("%q is no date: write it like 2026-12-05", s)
	}
	if y := t.Year(); y < firstYear || y > lastYear {
		return Wall{}, fmt.Errorf("%s is not between the years %d and %d", s, firstYear, lastYear)
	}
	return Wall{t}, nil
}

// The years in which policies may name dates.
const (
	firstYear = 1970
	lastYear  = 2199
)

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
//
// It asks for offsets alone: time.Time.ZoneBounds answers with an end before the instant asked about on the last day
// of leap years (Go 1.26).
func Resolve(w Wall, loc *time.Location) time.Time {
	var first time.Time
	for probe := -farthest; probe <= farthest; probe += farthest / 2 {
		t := w.utc.Add(-offset(w.utc.Add(probe), loc))
		if shown(t, loc).Equal(w.utc) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if first.IsZero() {
		return jump(w, loc)
	}
	return first
}

// jump returns the instant at which the clock jumps over w.
func jump(w Wall, loc *time.Location) time.Time {
	begin := w.utc.Add(-farthest)
	seconds := sort.Search(int(2*farthest/time.Second), func(s int) bool {
		return shown(begin.Add(time.Duration(s)*time.Second), loc).After(w.utc)
	})
	return begin.Add(time.Duration(seconds) * time.Second)
}

// shown is what the clock shows at t, read as UTC.
func shown(t time.Time, loc *time.Location) time.Time { return t.Add(offset(t, loc)) }

func offset(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}
