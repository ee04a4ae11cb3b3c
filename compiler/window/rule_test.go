package window

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

func TestRulesThatAreRefused(t *testing.T) {
	for _, tt := range []struct{ rule, from, want string }{
		{"", "", "no part of an RRULE"},
		{"FREQ=MONTHLY;BYDAY", "", "no part of an RRULE"},
		{"BYDAY=MO", "", "FREQ is required"},
		{"FREQ=monthly;BYDAY=2TU", "", "monthly"},
		{"FREQ=HOURLY", "", "at most once a date"},
		{"FREQ=DAILY;BYHOUR=3", "", "BYHOUR is not read: the rule says dates"},
		{"FREQ=DAILY;BYEASTER=1", "", "BYEASTER is not read"},
		{"FREQ=DAILY;DTSTART=20260101", "", "DTSTART is not read"},
		{"FREQ=DAILY;FREQ=WEEKLY", "", "FREQ stands there twice"},
		{"FREQ=DAILY;INTERVAL=0", "2026-01-01", "INTERVAL must be 1 to 1000"},
		{"FREQ=DAILY;INTERVAL=-1", "2026-01-01", "INTERVAL must be 1 to 1000"},
		{"FREQ=DAILY;INTERVAL=99999999999999999999", "2026-01-01", "99999999999999999999"},
		{"FREQ=DAILY;COUNT=1000000000", "2026-01-01", "COUNT must be 1 to 10000"},
		{"FREQ=DAILY;COUNT=3;UNTIL=20270101", "2026-01-01", "exclude each other"},
		{"FREQ=DAILY;UNTIL=20270101T000000Z", "", "UNTIL is a date such as 20261231"},
		{"FREQ=DAILY;UNTIL=20270230", "", "20270230"},
		{"FREQ=DAILY;INTERVAL=2", "", "needs from, the date that it counts from: INTERVAL"},
		{"FREQ=DAILY;COUNT=2", "", "needs from, the date that it counts from: COUNT"},
		{"FREQ=MONTHLY", "", "needs from, the date that it counts from: no BYDAY"},
		{"FREQ=DAILY;INTERVAL=2", "2026-02-30", "no date"},
		{"FREQ=DAILY;INTERVAL=2", "1492-01-01", "not between the years"},
		{"FREQ=WEEKLY;BYDAY=2TU", "", "needs FREQ=MONTHLY or FREQ=YEARLY"},
		{"FREQ=MONTHLY;BYDAY=0TU", "", "no day of an RRULE"},
		{"FREQ=MONTHLY;BYDAY=6TU", "", "there is no 6TU"},
		{"FREQ=MONTHLY;BYDAY=XX", "", "XX"},
		{"FREQ=WEEKLY;BYMONTHDAY=2", "", "BYMONTHDAY cannot stand with FREQ=WEEKLY"},
		{"FREQ=MONTHLY;BYMONTHDAY=32", "", "bymonthday"},
		{"FREQ=MONTHLY;BYMONTHDAY=0", "", "bymonthday"},
		{"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "", "no month of the rule has such a day"},
		{"FREQ=YEARLY;BYWEEKNO=20", "2026-01-01", "BYWEEKNO needs BYDAY"},
		{"FREQ=MONTHLY;BYSETPOS=1", "2026-01-01", "BYSETPOS picks among"},
		{"FREQ=WEEKLY;BYDAY=MO;BYSETPOS=9", "", "beyond what FREQ=WEEKLY can hold"},
		{"FREQ=MONTHLY;BYDAY=" + strings.Repeat("MO,", 300) + "MO", "", "longer than 500"},
	} {
		if _, err := parseRule(tt.rule, tt.from); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.60s from %q: %v, want %q", tt.rule, tt.from, err, tt.want)
		}
	}
}

func TestEver(t *testing.T) {
	w := policy.Window{Start: "20:00", Duration: policy.Duration(time.Hour), RRule: "FREQ=DAILY;INTERVAL=7;BYDAY=MO", From: "2026-11-24"}
	if Valid(w) != nil || Ever(w) {
		t.Error("every seventh day from a Tuesday is said to be a Monday")
	}
	w.From = "2026-11-23"
	always, none := policy.Window{Always: true}, policy.Window{}
	if !Ever(w) || !Ever(always) || Ever(none) {
		t.Error("what opens is said never to open, or the other way round")
	}
}

func TestJumps(t *testing.T) {
	w := policy.Window{RRule: "FREQ=DAILY", Start: "02:30", Duration: policy.Duration(time.Hour)}
	got := Jumps(w, zone(t, "Europe/Berlin"), instant(t, "2026-06-01T00:00:00Z"), instant(t, "2027-06-01T00:00:00Z"))
	want := []Jump{
		{"2026-10-25T02:30", instant(t, "2026-10-25T00:30:00Z"), true, instant(t, "2026-10-25T01:30:00Z")},
		{"2027-03-28T02:30", instant(t, "2027-03-28T01:00:00Z"), false, time.Time{}},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestNoClockJumpsByDay: the page of RF1038 says from when to when a start is the same in every zone.
func TestNoClockJumpsByDay(t *testing.T) {
	const week = 7 * 24 * time.Hour
	seen := 0
	for _, name := range Zones() {
		loc := zone(t, name)
		for at := instant(t, "2026-01-01T00:00:00Z"); at.Year() < 2029; at = at.Add(week) {
			if offset(at, loc) == offset(at.Add(week), loc) {
				continue
			}
			for start, wanted := range map[string]bool{"04:00": false, "20:59": false, "02:30": true} {
				w := policy.Window{RRule: "FREQ=DAILY", Start: start, Duration: policy.Duration(time.Hour)}
				jumps := Jumps(w, loc, at.Add(-week), at.Add(2*week))
				if len(jumps) > 0 && wanted {
					seen++
				} else if len(jumps) > 0 {
					t.Errorf("%s: %v", name, jumps)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no clock jumps at all")
	}
}

// FuzzRule: a rule that is read yields its dates in order, each once, and quickly.
func FuzzRule(f *testing.F) {
	f.Add("FREQ=MONTHLY;BYDAY=2TU", "")
	f.Add("FREQ=YEARLY;BYMONTH=3,9;BYDAY=-1SU,FR", "2026-01-01")
	f.Add("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SA;WKST=SU;UNTIL=20301231", "2026-01-01")
	f.Add("FREQ=DAILY;INTERVAL=1000;COUNT=10000", "1970-01-01")
	f.Add("FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO;BYSETPOS=-1", "")
	f.Fuzz(func(t *testing.T, text, from string) {
		r, err := parseRule(text, from)
		if err != nil {
			return
		}
		n, last := 0, Wall{}
		first, _ := parseDate("2026-11-21")
		for d := range r.dates(first) {
			if !last.utc.Before(d.utc) || d.utc.Before(first.utc) || d.utc.Truncate(24*time.Hour) != d.utc {
				t.Fatalf("%s from %q: %s after %s", text, from, d, last)
			}
			last = d
			if n++; n > 500 {
				return
			}
		}
	})
}
