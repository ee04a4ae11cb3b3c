package ics_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/compiler/window/ics"
)

func TestCalendars(t *testing.T) {
	for _, tt := range []struct {
		file, from, to string
		want           []string
	}{
		{"outlook.ics", "2026-11-01", "2027-03-01", []string{
			"Sat 7 Nov 20:00 – Sun 04:00 Europe/Berlin, 19:00 – 03:00 UTC",
			"Sat 12 Dec 20:00 – Sun 00:00 Europe/Berlin, 19:00 – Sat 23:00 UTC", // moved; that of 2 January is left out
			"Sat 6 Feb 20:00 – Sun 04:00 Europe/Berlin, 19:00 – 03:00 UTC",
		}},
		{"holidays.ics", "2026-11-01", "2027-03-20", []string{
			"Mon 30 Nov 07:00 – Tue 19:00 Europe/Berlin, 06:00 – 18:00 UTC",
			"Thu 24 Dec 00:00 – Sun 00:00 Europe/Berlin, Wed 23:00 – Sat 23:00 UTC",
			"Fri 1 Jan 00:00 – Sat 00:00 Europe/Berlin, Thu 23:00 – Fri 23:00 UTC",
			"Sun 31 Jan 07:00 – Mon 19:00 Europe/Berlin, 06:00 – 18:00 UTC",
			"Sun 28 Feb 07:00 – Mon 19:00 Europe/Berlin, 06:00 – 18:00 UTC",
		}},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", tt.file))
		if err != nil {
			t.Fatal(err)
		}
		events, err := ics.Parse(data, tt.file)
		if err != nil {
			t.Fatalf("%s: %v", tt.file, err)
		}
		if got := shown(t, events, tt.from, tt.to); !slices.Equal(got, tt.want) {
			t.Errorf("%s\ngot  %q\nwant %q", tt.file, got, tt.want)
		}
	}
}

func shown(t *testing.T, events []policy.Event, from, to string) []string {
	t.Helper()
	loc, err := window.Zone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for o := range window.Occurrences(policy.Window{Events: events}, loc, day(t, from), day(t, to)) {
		out = append(out, window.Words(o, loc))
	}
	return out
}

func day(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestEvents reads one event, which is given by what differs from a plain one.
func TestEvents(t *testing.T) {
	for name, tt := range map[string]struct {
		lines string
		want  string // the first occurrences after 2026-11-01, or the error
	}{
		"a library's path":         {"DTSTART;TZID=/mozilla.org/20070129_1/Europe/Berlin:20261107T200000|DURATION:PT4H", "19:00–23:00"},
		"Windows, quoted":          {`DTSTART;TZID="Tokyo Standard Time":20261107T200000|DURATION:PT4H`, "11:00–15:00"},
		"tzone":                    {`DTSTART;TZID="tzone://Microsoft/Utc":20261107T200000|DURATION:PT4H`, "20:00–00:00"},
		"floating":                 {"DTSTART:20261107T200000|DTEND:20261108T000000", "19:00–23:00"},
		"UNTIL in UTC, inclusive":  {"DTSTART;TZID=Europe/Berlin:20261107T200000|DURATION:PT4H|RRULE:FREQ=DAILY;UNTIL=20261108T190000Z", "19:00–23:00 19:00–23:00"},
		"UNTIL in UTC, just short": {"DTSTART;TZID=Europe/Berlin:20261107T200000|DURATION:PT4H|RRULE:FREQ=DAILY;UNTIL=20261108T185959Z", "19:00–23:00"},
		"EXDATE in UTC":            {"DTSTART;TZID=Europe/Berlin:20261107T200000|DURATION:PT4H|RRULE:FREQ=DAILY;COUNT=2|EXDATE:20261107T190000Z", "19:00–23:00"},
		"EXDATE as a date":         {"DTSTART;TZID=Europe/Berlin:20261107T200000|DURATION:PT4H|RRULE:FREQ=DAILY;COUNT=2|EXDATE;VALUE=DATE:20261108", "19:00–23:00"},
		"a rule that repeats the clock": {
			"DTSTART:20261107T200000Z|DURATION:PT4H|RRULE:FREQ=DAILY;BYHOUR=20;BYMINUTE=0;BYSECOND=0;COUNT=1;", "20:00–00:00",
		},
		"two zones": {"DTSTART;TZID=Europe/Berlin:20261107T200000|DTEND;TZID=America/New_York:20261107T200000", "19:00–01:00"},

		"unknown zone":        {"DTSTART;TZID=Atlantis Standard Time:20261107T200000|DURATION:PT4H", `line 4: the time zone "Atlantis Standard Time" is neither an IANA name nor one that Windows uses`},
		"another clock":       {"DTSTART:20261107T200000Z|DURATION:PT4H|RRULE:FREQ=DAILY;BYHOUR=21", "line 6: RRULE: BYHOUR is not read"},
		"hourly":              {"DTSTART:20261107T200000Z|DURATION:PT4H|RRULE:FREQ=HOURLY", "FREQ must be"},
		"a COUNT bomb":        {"DTSTART:20261107T200000Z|DURATION:PT4H|RRULE:FREQ=DAILY;COUNT=2000000000", "COUNT must be 1 to 10000"},
		"no start":            {"DURATION:PT4H", "line 3: the event has no DTSTART"},
		"no end":              {"DTSTART:20261107T200000Z", "has no end"},
		"backwards":           {"DTSTART:20261107T200000Z|DTEND:20261107T190000Z", "line 5: the event does not end after it starts"},
		"two ends":            {"DTSTART:20261107T200000Z|DTEND:20261107T210000Z|DURATION:PT1H", "both DTEND and DURATION"},
		"two starts":          {"DTSTART:20261107T200000Z|DTSTART:20261107T200000Z|DURATION:PT1H", "line 5: the event has a second DTSTART"},
		"date and time":       {"DTSTART:20261107T200000Z|DTEND;VALUE=DATE:20261108", "both be dates or both be times"},
		"no such day":         {"DTSTART:20260230T200000Z|DURATION:PT4H", "is no date or time"},
		"seconds":             {"DTSTART:20261107T200030Z|DURATION:PT4H", "full minutes"},
		"negative":            {"DTSTART:20261107T200000Z|DURATION:-PT4H", "is no length"},
		"periods":             {"DTSTART:20261107T200000Z|DURATION:PT4H|RDATE;VALUE=PERIOD:20261108T200000Z/PT1H", "VALUE=PERIOD is not read"},
		"EXRULE":              {"DTSTART:20261107T200000Z|DURATION:PT4H|EXRULE:FREQ=DAILY", "EXRULE is not read"},
		"this and all others": {"DTSTART:20261107T200000Z|DURATION:PT4H|RECURRENCE-ID;RANGE=THISANDFUTURE:20261107T200000Z", "RANGE is not read"},
	} {
		text := "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\n" + strings.ReplaceAll(tt.lines, "|", "\n") + "\nEND:VEVENT\nEND:VCALENDAR\n"
		events, err := ics.Parse([]byte(text), "a.ics")
		var got []string
		if err == nil {
			loc, _ := window.Zone("Europe/Berlin")
			for o := range window.Occurrences(policy.Window{Events: events}, loc, day(t, "2026-11-01"), day(t, "2026-12-01")) {
				got = append(got, o.Opens.Format("15:04")+"–"+o.Closes.Format("15:04"))
			}
		} else {
			got = []string{err.Error()}
		}
		if joined := strings.Join(got, " "); joined != tt.want && (err == nil || !strings.Contains(joined, tt.want)) {
			t.Errorf("%s: got %q, want %q", name, joined, tt.want)
		}
	}
}

func TestBrokenCalendars(t *testing.T) {
	event := "BEGIN:VEVENT\nDTSTART:20261107T200000Z\nDURATION:PT1H\nEND:VEVENT\n"
	for name, tt := range map[string]struct {
		text string
		line int
		want string
	}{
		"empty":           {"", 1, "cut short"},
		"no calendar":     {"<!DOCTYPE html>\n<html>", 1, "no line of a calendar"},
		"another kind":    {"BEGIN:VCARD\nEND:VCARD\n", 1, "BEGIN:VCALENDAR is missing"},
		"cut short":       {"BEGIN:VCALENDAR\n" + event + "BEGIN:VEVENT\nDTSTART:2026", 7, "cut short"},
		"cut after event": {"BEGIN:VCALENDAR\n" + event, 5, "cut short"},
		"wrong end":       {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VTODO\n", 3, "closes nothing"},
		"no event":        {"BEGIN:VCALENDAR\nEND:VCALENDAR\n", 1, "has no event"},
		"all cancelled":   {"BEGIN:VCALENDAR\n" + strings.Replace(event, "END:", "STATUS:CANCELLED\nEND:", 1) + "END:VCALENDAR\n", 2, "every event of the calendar is cancelled"},
		"too many":        {"BEGIN:VCALENDAR\n" + strings.Repeat(event, 2001) + "END:VCALENDAR\n", 8002, "more than 2000 events"},
		"too large":       {"BEGIN:VCALENDAR\n" + strings.Repeat("X-A:"+strings.Repeat("b", 996)+"\n", 1100) + "END:VCALENDAR\n", 1, "larger than 1 MiB"},
		"too deep":        {"BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:VEVENT\n", 20), 9, "too deeply"},
	} {
		_, err := ics.Parse([]byte(tt.text), "a.ics")
		var bad *ics.Error
		if !errors.As(err, &bad) || bad.Line != tt.line || !strings.Contains(bad.Msg, tt.want) {
			t.Errorf("%s: %v, want line %d: %s", name, err, tt.line, tt.want)
		}
	}
}

// TestExportIsRead writes occurrences and reads them back.
func TestExportIsRead(t *testing.T) {
	w := policy.Window{Name: "night", Days: []string{"fri", "sat"}, Start: "22:00", Duration: policy.Duration(5 * time.Hour)}
	loc, err := window.Zone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	from, to := day(t, "2026-10-01"), day(t, "2027-04-01")
	want := slices.Collect(window.Occurrences(w, loc, from, to))
	data := ics.Write(stretches(want), from, to)
	if again := ics.Write(stretches(want), from, to); string(data) != string(again) {
		t.Error("the same occurrences are written in two ways")
	}
	events, err := ics.Parse(data, "night.ics")
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	got := slices.Collect(window.Occurrences(policy.Window{Name: "night", Events: events}, loc, from, to))
	if !slices.Equal(texts(got), texts(want)) || len(got) < 50 {
		t.Errorf("got  %v\nwant %v", texts(got), texts(want))
	}
}

func stretches(list []window.Occurrence) []ics.Stretch {
	var out []ics.Stretch
	for _, o := range list {
		out = append(out, ics.Stretch{Occurrence: o, Since: o.Opens})
	}
	return out
}

// TestExportOfWhatStaysOpen: what is open when one looks is written from the next full minute on, what never closes until
// the end of what was asked, what lasts no minute not at all; a later look gives the same event.
func TestExportOfWhatStaysOpen(t *testing.T) {
	from, to := day(t, "2026-10-01").Add(9*time.Hour+33*time.Second), day(t, "2026-10-03")
	soon, freeze, thaw := from.Add(40*time.Second), day(t, "2026-10-01").Add(12*time.Hour), day(t, "2026-10-02")
	list := func(from time.Time) []ics.Stretch {
		return []ics.Stretch{
			{Occurrence: window.Occurrence{Window: "short", Opens: from, Closes: &soon}},
			{Occurrence: window.Occurrence{Window: "always", Opens: from, Closes: &freeze}},
			{Occurrence: window.Occurrence{Window: "always", Opens: thaw}, Since: thaw},
		}
	}
	data := ics.Write(list(from), from, to)
	events, err := ics.Parse(data, "a.ics")
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	want := []string{" Thu 1 Oct 09:01 – 12:00 UTC", " Fri 2 Oct 00:00 – Sat 00:00 UTC"}
	if got := slices.Collect(window.Occurrences(policy.Window{Events: events}, time.UTC, from, to)); !slices.Equal(texts(got), want) {
		t.Errorf("got %q, want %q", texts(got), want)
	}
	uids := regexp.MustCompile("UID:.*")
	later := uids.FindAllString(string(ics.Write(list(from.Add(time.Hour)), from.Add(time.Hour), to)), -1)
	if first := uids.FindAllString(string(data), -1); !slices.Equal(first, later) || len(later) != 2 || later[0] == later[1] {
		t.Errorf("%q are %q later", first, later)
	}
}

func texts(all []window.Occurrence) []string {
	var out []string
	for _, o := range all {
		out = append(out, o.Window+" "+window.Words(o, time.UTC))
	}
	return out
}

// TestWindowsZones: every name of the table leads to a zone that is embedded.
func TestWindowsZones(t *testing.T) {
	data, err := os.ReadFile("windowszones.tsv")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		name, zone, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if _, err := window.Zone(zone); err != nil || name == "" {
			t.Errorf("%q: %v", name, err)
		}
		n++
	}
	if n < 130 {
		t.Errorf("only %d names", n)
	}
}

// FuzzParse: whatever a calendar says, it is read in bounded time, what is read is valid and opens in order.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"outlook.ics", "holidays.ics"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		events, err := ics.Parse(data, "a.ics")
		if err != nil {
			if bad := (*ics.Error)(nil); !errors.As(err, &bad) || bad.Line < 1 {
				t.Fatalf("%v has no line", err)
			}
			return
		}
		w := policy.Window{Events: events}
		if err := window.Valid(w); err != nil {
			t.Fatalf("%v", err)
		}
		from := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
		last := time.Time{}
		for o := range window.Occurrences(w, time.UTC, from, from.AddDate(0, 1, 0)) {
			if o.Opens.Before(last) || !o.Opens.Before(*o.Closes) {
				t.Fatalf("%v after %v", o, last)
			}
			last = *o.Closes
		}
	})
}
