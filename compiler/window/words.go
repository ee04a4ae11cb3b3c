package window

import (
	"fmt"
	"time"
)

// Words prints an occurrence for people, with both ends in the zone and in UTC:
// "Sat 28 Nov 20:00 – Sun 04:00 Europe/Berlin, 19:00 – 03:00 UTC". The beginning has its date; the other times have
// weekday or date only where they would be ambiguous without.
func Words(o Occurrence, loc *time.Location) string { return words(o, loc, dated) }

// WordsAt is Words for a reader at an instant: an occurrence that is open then, or opens within six days, needs no
// date: "Thu 22:00 – Fri 02:00 Europe/Berlin, 21:00 – 01:00 UTC".
func WordsAt(o Occurrence, loc *time.Location, at time.Time) string {
	days := daysBetween(at.In(loc), o.Opens.In(loc))
	if 0 <= days && days < 7 || -7 < days && o.Contains(at) {
		return words(o, loc, "Mon 15:04")
	}
	return words(o, loc, dated)
}

const (
	dated = "Mon 2 Jan 15:04"
	plain = "15:04"
)

func words(o Occurrence, loc *time.Location, first string) string {
	opens, utcOpens := o.Opens.In(loc), o.Opens.UTC()
	begin := opens.Format(first)
	utcBegin := utcOpens.Format(layout(opens, utcOpens))
	isUTC := loc.String() == time.UTC.String()
	switch {
	case o.Closes == nil && isUTC:
		return fmt.Sprintf("from %s UTC, without an end", begin)
	case o.Closes == nil:
		return fmt.Sprintf("from %s %s, %s UTC, without an end", begin, loc, utcBegin)
	}
	closes, utcCloses := o.Closes.In(loc), o.Closes.UTC()
	end := closes.Format(layout(opens, closes))
	if isUTC {
		return fmt.Sprintf("%s – %s UTC", begin, end)
	}
	utcEnd := utcCloses.Format(layout(closes, utcCloses))
	if len(utcBegin) > len(plain) { // the day was named, so the reader counts from there
		utcEnd = utcCloses.Format(layout(utcOpens, utcCloses))
	}
	return fmt.Sprintf("%s – %s %s, %s – %s UTC", begin, end, loc, utcBegin, utcEnd)
}

// Instant prints one instant with its year, in the zone and in UTC: "Tue 1 Dec 2026 00:00 Europe/Berlin, Mon 23:00 UTC".
func Instant(t time.Time, loc *time.Location) string {
	if loc.String() == time.UTC.String() {
		return t.UTC().Format("Mon 2 Jan 2006 15:04 UTC")
	}
	return t.In(loc).Format("Mon 2 Jan 2006 15:04 ") + loc.String() + ", " + InUTC(t, loc)
}

// InUTC prints an instant for a reader who has just read it with its date in the zone: "22:00 UTC", and with the weekday
// where that is another one in UTC.
func InUTC(t time.Time, loc *time.Location) string {
	return t.UTC().Format(layout(t.In(loc), t.UTC()) + " UTC")
}

// layout is how much of t must be said to a reader who has just read seen.
func layout(seen, t time.Time) string {
	switch days := daysBetween(seen, t); {
	case days == 0:
		return plain
	case -7 < days && days < 7:
		return "Mon 15:04"
	}
	return dated
}

// daysBetween counts the dates from a to b, each in its own zone.
func daysBetween(a, b time.Time) int {
	return int(midnight(b).Sub(midnight(a)) / (24 * time.Hour))
}

func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
