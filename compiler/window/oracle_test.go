package window_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	_ "github.com/ringfence/ringfence/internal/sameseed"
)

// The oracle walks through time minute by minute with a clock on a wall and shares no code or idea with the package:
// it fires a date's start in the first minute in which the clock shows that time or a later one, and counts elapsed
// minutes from there.

// everything makes the tests visit every zone, transition and shape of window; it takes minutes.
const everything = "RINGFENCE_ALL_ZONES"

var sample = []string{
	"Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC", "Asia/Kolkata", "Australia/Lord_Howe", "Antarctica/Troll",
	"Pacific/Chatham", "Africa/Casablanca", "Africa/Cairo", "Asia/Gaza", "America/Nuuk", "Pacific/Apia", "America/Havana",
	"Asia/Beirut", "Europe/Dublin", "Asia/Tehran", "America/Asuncion", "Pacific/Kiritimati", "Africa/Juba",
}

type clock struct{ year, month, day, minute int }

func read(t time.Time, loc *time.Location) clock {
	t = t.In(loc)
	y, m, d := t.Date()
	return clock{y, int(m), d, t.Hour()*60 + t.Minute()}
}

func (c clock) before(d clock) bool {
	if c.year != d.year {
		return c.year < d.year
	}
	if c.month != d.month {
		return c.month < d.month
	}
	if c.day != d.day {
		return c.day < d.day
	}
	return c.minute < d.minute
}

// starting reports whether the window's start belongs to the date.
func starting(w policy.Window, c clock) bool {
	names := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	date := time.Date(c.year, time.Month(c.month), c.day, 12, 0, 0, 0, time.UTC)
	if w.RRule != "" {
		return fires(w.RRule, w.From, date)
	}
	if w.Dates != nil {
		return slices.Contains(w.Dates, date.Format(time.DateOnly))
	}
	if w.Monthly == nil {
		for _, d := range w.Days {
			if d == names[date.Weekday()] {
				return true
			}
		}
		return false
	}
	date = date.AddDate(0, 0, -w.Monthly.OffsetDays)
	if names[date.Weekday()] != w.Monthly.Weekday {
		return false
	}
	if w.Monthly.Nth == -1 {
		return date.AddDate(0, 0, 7).Month() != date.Month()
	}
	return (date.Day()+6)/7 == w.Monthly.Nth
}

// minutes is what the oracle sees of [from, to): whether each minute is open and in which ones an occurrence opens.
type minutes struct{ open, opens []bool }

func oracle(w policy.Window, loc *time.Location, warm, from, to time.Time) minutes {
	var out minutes
	var start int
	fmt.Sscanf(w.Start[:2]+w.Start[3:], "%d", &start)
	start = start/100*60 + start%100
	length := int(time.Duration(w.Duration) / time.Minute)
	left := 0
	next := read(warm, loc)
	next.minute = start
	for t := warm; t.Before(to); t = t.Add(time.Minute) {
		now, fired := read(t, loc), false
		for !now.before(next) {
			if starting(w, next) {
				left, fired = length, true
			}
			d := time.Date(next.year, time.Month(next.month), next.day+1, 12, 0, 0, 0, time.UTC)
			next.year, next.month, next.day = d.Year(), int(d.Month()), d.Day()
		}
		if !t.Before(from) {
			out.open = append(out.open, left > 0)
			out.opens = append(out.opens, fired)
		}
		left--
	}
	return out
}

// compare fails when the package and the oracle disagree about any minute of [from, to).
func compare(t interface {
	Helper()
	Fatalf(string, ...any)
}, w policy.Window, loc *time.Location, from, to time.Time,
) {
	t.Helper()
	warm := from.Add(-w.Duration.Std() - time.Hour) // what begins before it is over at from
	want := oracle(w, loc, warm, from, to)
	got := minutes{make([]bool, len(want.open)), make([]bool, len(want.opens))}
	var last time.Time
	for o := range window.Occurrences(w, loc, from, to) {
		if !o.Opens.Before(*o.Closes) || o.Opens.Before(last) {
			t.Fatalf("%s %+v: [%s, %s) after %s is empty or overlaps", loc, w, o.Opens, o.Closes, last)
		}
		last = *o.Closes
		for m := max(o.Opens.Unix(), from.Unix()); m < min(o.Closes.Unix(), to.Unix()); m += 60 {
			i := (m - from.Unix()) / 60
			got.open[i], got.opens[i] = true, m == o.Opens.Unix()
		}
	}
	for i := range want.open {
		if want.open[i] != got.open[i] || want.opens[i] != got.opens[i] {
			t.Fatalf("%s, %s start %s for %s, minute %s: open %t (opens %t), the oracle says %t (%t)", loc, w.Days, w.Start, w.Duration,
				from.Add(time.Duration(i)*time.Minute).In(loc), got.open[i], got.opens[i], want.open[i], want.opens[i])
		}
	}
}

// transitions lists the minutes of 2020–2037 in which the zone's clock has just jumped.
func transitions(loc *time.Location) []time.Time {
	offset := func(t time.Time) int { _, o := t.In(loc).Zone(); return o }
	var out []time.Time
	for t := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); t.Year() < 2038; t = t.Add(6 * time.Hour) {
		for m := t; m.Before(t.Add(6*time.Hour)) && offset(t) != offset(t.Add(6*time.Hour)); m = m.Add(time.Minute) {
			if offset(m) != offset(m.Add(time.Minute)) {
				out = append(out, m.Add(time.Minute))
			}
		}
	}
	return out
}

// TestTransitions opens windows at, just before and just after every jump of the clock: sampled zones and years, or
// all of them.
func TestTransitions(t *testing.T) {
	names, all := sample, os.Getenv(everything) != ""
	if all {
		names = window.Zones()
	}
	daily := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	for n, name := range names {
		loc, err := window.Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range transitions(loc) {
			if !all && (i+n)%17 != 0 {
				continue
			}
			wall := at.In(loc)
			for _, shift := range []int{-121, -60, -31, -30, -1, 0, 15, 59, 90} {
				for _, length := range []time.Duration{time.Minute, 45 * time.Minute, 3 * time.Hour, 24 * time.Hour} {
					start := wall.Add(time.Duration(shift) * time.Minute).Format("15:04")
					w := policy.Window{Days: daily, Start: start, Duration: policy.Duration(length)}
					compare(t, w, loc, at.Add(-26*time.Hour), at.Add(26*time.Hour))
				}
			}
		}
	}
}

func windows() *rapid.Generator[policy.Window] {
	return rapid.Custom(func(t *rapid.T) policy.Window {
		day := rapid.SampledFrom([]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"})
		w := policy.Window{
			Start:    fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 23).Draw(t, "hour"), rapid.SampledFrom([]int{0, 1, 30, 59}).Draw(t, "minute")),
			Duration: policy.Duration(time.Duration(rapid.IntRange(1, 12*24*60).Draw(t, "minutes")) * time.Minute),
		}
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			w.RRule, w.From = rules(t)
			return w
		case 1:
			for range rapid.IntRange(1, 20).Draw(t, "dates") {
				w.Dates = append(w.Dates, someDate(t, "date").Format(time.DateOnly))
			}
			return w
		case 2:
			w.Days = rapid.SliceOfNDistinct(day, 1, 7, rapid.ID[string]).Draw(t, "days")
			return w
		}
		w.Monthly = &policy.Monthly{
			Nth: rapid.SampledFrom([]int{-1, 1, 2, 3, 4, 5}).Draw(t, "nth"), Weekday: day.Draw(t, "weekday"),
			OffsetDays: rapid.IntRange(-40, 40).Draw(t, "offset"),
		}
		return w
	})
}

// TestAnyWindow compares whole weeks of any window anywhere.
func TestAnyWindow(t *testing.T) {
	zones := window.Zones()
	rapid.Check(t, func(t *rapid.T) {
		loc, err := window.Zone(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		w := windows().Draw(t, "window")
		from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 18*365*24*60).Draw(t, "from")) * time.Minute)
		compare(t, w, loc, from, from.AddDate(0, 0, rapid.IntRange(1, 20).Draw(t, "days")))
	})
}

// TestOpenIsOccurrencesMinusFreezes compares Open with its definition, minute by minute.
func TestOpenIsOccurrencesMinusFreezes(t *testing.T) {
	loc, err := window.Zone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 365*24*60).Draw(t, "from")) * time.Minute)
		to := from.AddDate(0, 0, 14)
		w := windows().Draw(t, "window")
		w.Always = rapid.IntRange(0, 4).Draw(t, "always") == 0
		var freezes []window.Interval
		for range rapid.IntRange(0, 4).Draw(t, "freezes") {
			starts := from.Add(time.Duration(rapid.IntRange(-9999, 14*24*60).Draw(t, "starts")) * time.Minute)
			freezes = append(freezes, window.Interval{
				Starts: starts, Ends: starts.Add(time.Duration(rapid.IntRange(0, 9999).Draw(t, "length")) * time.Minute),
			})
		}
		var whole, open []window.Occurrence
		for o := range window.Occurrences(w, loc, from, to) {
			whole = append(whole, o)
		}
		for o := range window.Open(w, loc, freezes, from, to) {
			open = append(open, o)
		}
		for at := from; at.Before(to); at = at.Add(time.Minute) {
			want := among(whole, at)
			for _, f := range freezes {
				want = want && (at.Before(f.Starts) || !at.Before(f.Ends))
			}
			if got := among(open, at); got != want {
				t.Fatalf("at %s: open %t, want %t; segments %v", at, got, want, open)
			}
		}
	})
}

func among(list []window.Occurrence, at time.Time) bool {
	for _, o := range list {
		if o.Contains(at) {
			return true
		}
	}
	return false
}
