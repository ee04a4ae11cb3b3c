package window

import "time"

// End is the instant that a date or wall time of a policy ends at in loc: a wall time is that instant, a date ends with
// its day, which is when the next one begins.
func End(s string, loc *time.Location) (time.Time, error) {
	if d, err := parseDate(s); err == nil {
		return Resolve(d.addDays(1), loc), nil
	}
	w, err := ParseWall(s)
	if err != nil {
		return time.Time{}, err
	}
	if _, err := parseDate(w.String()[:len(time.DateOnly)]); err != nil {
		return time.Time{}, err
	}
	return Resolve(w, loc), nil
}
