package window_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// FuzzResolve: whatever parses is printed as it was, and in every zone its instant is the first at which the clock
// shows it or a later time.
func FuzzResolve(f *testing.F) {
	f.Add("2026-03-29T02:30", "Europe/Berlin")
	f.Add("2024-12-31T23:59", "America/New_York") // the last day of a leap year
	f.Add("2026-04-05T01:45", "Australia/Lord_Howe")
	f.Fuzz(func(t *testing.T, text, name string) {
		loc, err := window.Zone(name)
		if err != nil {
			return
		}
		w, err := window.ParseWall(text)
		if err != nil || text < "1800" {
			return
		}
		if w.String() != text {
			t.Fatalf("%q is read as %q", text, w)
		}
		at := window.Resolve(w, loc)
		shows := func(at time.Time) string { return at.In(loc).Format("2006-01-02T15:04:05") }
		if shows(at) < text {
			t.Fatalf("%s in %s is %s, when the clock shows %s", text, name, at, shows(at))
		}
		if before := at.Add(-time.Second); shows(before) >= text+":00" {
			t.Fatalf("%s in %s is %s, but the clock shows %s a second before", text, name, at, shows(before))
		}
	})
}

// FuzzWindow: no window, however odd, hangs, panics or opens twice at once; an invalid one never opens.
func FuzzWindow(f *testing.F) {
	f.Add("sat", 0, 0, "20:00", int64(8*time.Hour))
	f.Add("", 5, -40, "00:00", int64(1))
	f.Add("mon tue", 0, 0, "23:59", int64(1<<62))
	f.Add("", -1, 1<<40, "12:00", int64(time.Hour))
	f.Fuzz(func(t *testing.T, days string, nth, offset int, start string, length int64) {
		w := policy.Window{Start: start, Duration: policy.Duration(length)}
		if days != "" {
			w.Days = strings.Fields(days)
		} else {
			w.Monthly = &policy.Monthly{Nth: nth, Weekday: "tue", OffsetDays: offset}
		}
		from := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
		last := time.Time{}
		for o := range window.Occurrences(w, time.UTC, from, from.AddDate(1, 0, 0)) {
			if window.Valid(w) != nil || o.Opens.Before(last) || !o.Opens.Before(*o.Closes) {
				t.Fatalf("%+v opens from %s to %s, after %s", w, o.Opens, o.Closes, last)
			}
			last = *o.Closes
		}
	})
}
