package window

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func instant(t testing.TB, s string) time.Time {
	t.Helper()
	i, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func hours(n int) policy.Duration { return policy.Duration(time.Duration(n) * time.Hour) }

// show prints instants of the occurrences, "2026-11-21T19:00Z/2026-11-22T03:00Z".
func show(list []Occurrence) []string {
	var out []string
	for _, o := range list {
		end := "always"
		if o.Closes != nil {
			end = o.Closes.Format("2006-01-02T15:04Z07:00")
		}
		out = append(out, o.Opens.Format("2006-01-02T15:04Z07:00")+"/"+end)
	}
	return out
}

func TestOccurrences(t *testing.T) {
	weekly := func(start string, d policy.Duration, days ...string) policy.Window {
		return policy.Window{Name: "w", Days: days, Start: start, Duration: d}
	}
	monthly := func(nth int, day string, offset int) policy.Window {
		return policy.Window{
			Name: "m", Monthly: &policy.Monthly{Nth: nth, Weekday: day, OffsetDays: offset}, Start: "20:00", Duration: hours(8),
		}
	}
	for _, tt := range []struct {
		name     string
		w        policy.Window
		zone     string
		from, to string
		want     []string
	}{
		{
			"across midnight, open at from and whole", weekly("22:00", hours(4), "thu"), "Europe/Berlin",
			"2026-11-26T23:30:00Z", "2026-12-03T21:00:01Z",
			[]string{"2026-11-26T21:00Z/2026-11-27T01:00Z", "2026-12-03T21:00Z/2026-12-04T01:00Z"},
		},
		{
			"closes is not part of it", weekly("22:00", hours(4), "thu"), "Europe/Berlin",
			"2026-11-27T01:00:00Z", "2026-12-03T21:00:00Z", nil,
		},
		{
			"gap: the first valid instant, whole length", weekly("02:30", hours(4), "sun"), "Europe/Berlin",
			"2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z",
			[]string{"2026-03-29T01:00Z/2026-03-29T05:00Z"},
		},
		{
			"overlap: the first of the two", weekly("02:30", hours(4), "sun"), "Europe/Berlin",
			"2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z",
			[]string{"2026-10-25T00:30Z/2026-10-25T04:30Z"},
		},
		{
			"length is elapsed time when the clock goes back", weekly("22:00", hours(8), "sat"), "Europe/Berlin",
			"2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z",
			[]string{"2026-10-24T20:00Z/2026-10-25T04:00Z"},
		},
		{
			"midnight that does not exist", weekly("00:00", hours(1), "fri"), "Africa/Cairo",
			"2023-04-27T00:00:00Z", "2023-05-01T00:00:00Z",
			[]string{"2023-04-27T22:00Z/2023-04-27T23:00Z"},
		},
		{
			"second Tuesday plus four", monthly(2, "tue", 4), "Europe/Berlin",
			"2026-11-01T00:00:00Z", "2027-01-01T00:00:00Z",
			[]string{"2026-11-14T19:00Z/2026-11-15T03:00Z", "2026-12-12T19:00Z/2026-12-13T03:00Z"},
		},
		{
			"offset into the next month is not clamped", monthly(-1, "sat", 10), "UTC",
			"2026-12-20T00:00:00Z", "2027-01-31T00:00:00Z",
			[]string{"2027-01-05T20:00Z/2027-01-06T04:00Z"},
		},
		{
			"negative offset into the month before", monthly(1, "fri", -7), "UTC",
			"2027-01-20T00:00:00Z", "2027-02-10T00:00:00Z",
			[]string{"2027-01-29T20:00Z/2027-01-30T04:00Z"},
		},
		{
			"months without a fifth are left out", monthly(5, "sat", 0), "UTC",
			"2026-11-02T00:00:00Z", "2027-05-15T00:00:00Z",
			[]string{"2027-01-30T20:00Z/2027-01-31T04:00Z"},
		},
		{
			"longer than its period: each ends when the next opens", weekly("20:00", hours(30), "fri", "sat"), "UTC",
			"2026-11-20T00:00:00Z", "2026-11-23T00:00:00Z",
			[]string{"2026-11-20T20:00Z/2026-11-21T20:00Z", "2026-11-21T20:00Z/2026-11-23T02:00Z"},
		},
		{
			"far longer than its period", weekly("20:00", hours(10000), "fri"), "UTC",
			"2026-11-20T00:00:00Z", "2026-11-23T00:00:00Z",
			[]string{"2026-11-13T20:00Z/2026-11-20T20:00Z", "2026-11-20T20:00Z/2026-11-27T20:00Z"},
		},
		{
			"dates across the year's end",
			policy.Window{Dates: []string{"2026-12-31", "2026-11-01"}, Start: "23:00", Duration: hours(2)},
			"Europe/Berlin",
			"2026-11-02T00:00:00Z", "2027-11-01T00:00:00Z",
			[]string{"2026-12-31T22:00Z/2027-01-01T00:00Z"},
		},
		{
			"every second Saturday from a date",
			policy.Window{RRule: "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA", From: "2026-11-14", Start: "20:00", Duration: hours(4)},
			"UTC",
			"2026-11-20T00:00:00Z", "2026-12-30T00:00:00Z",
			[]string{"2026-11-28T20:00Z/2026-11-29T00:00Z", "2026-12-12T20:00Z/2026-12-13T00:00Z", "2026-12-26T20:00Z/2026-12-27T00:00Z"},
		},
		{
			"the last working day of a month",
			policy.Window{RRule: "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", Start: "20:00", Duration: hours(4)},
			"UTC",
			"2026-10-20T00:00:00Z", "2026-12-30T00:00:00Z",
			[]string{"2026-10-30T20:00Z/2026-10-31T00:00Z", "2026-11-30T20:00Z/2026-12-01T00:00Z"},
		},
		{
			"the day 31 where there is one",
			policy.Window{RRule: "FREQ=MONTHLY;BYMONTHDAY=31", Start: "20:00", Duration: hours(4)},
			"UTC",
			"2026-10-20T00:00:00Z", "2026-12-30T00:00:00Z",
			[]string{"2026-10-31T20:00Z/2026-11-01T00:00Z"},
		},
		{
			"whole days of a calendar have 25 hours in autumn",
			policy.Window{Events: []policy.Event{{Starts: "2026-10-18T00:00", Days: 1, RRule: "FREQ=WEEKLY"}}},
			"Europe/Berlin",
			"2026-10-20T00:00:00Z", "2026-11-02T00:00:00Z",
			[]string{"2026-10-24T22:00Z/2026-10-25T23:00Z", "2026-10-31T23:00Z/2026-11-01T23:00Z"},
		},
		{
			"events overlap, move and are left out",
			policy.Window{Events: []policy.Event{
				{Starts: "2026-11-16T20:00", Duration: hours(4), RRule: "FREQ=DAILY;COUNT=4", Except: []string{"2026-11-18T20:00"}, Also: []string{"2026-11-25T20:00"}},
				{Starts: "2026-11-17T17:00", Timezone: "America/New_York", Duration: hours(1)},
			}},
			"UTC",
			"2026-11-17T00:00:00Z", "2026-12-30T00:00:00Z",
			[]string{"2026-11-17T20:00Z/2026-11-18T00:00Z", "2026-11-19T20:00Z/2026-11-20T00:00Z", "2026-11-25T20:00Z/2026-11-26T00:00Z"},
		},
		{
			"always opens at from",
			policy.Window{Always: true},
			"UTC",
			"2026-11-20T00:00:10Z", "2026-11-23T00:00:00Z",
			[]string{"2026-11-20T00:00Z/always"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := slices.Collect(Occurrences(tt.w, zone(t, tt.zone), instant(t, tt.from), instant(t, tt.to)))
			if !slices.Equal(show(got), tt.want) {
				t.Errorf("got  %q\nwant %q", show(got), tt.want)
			}
		})
	}
}

func TestNext(t *testing.T) {
	w := policy.Window{Name: "weekend", Days: []string{"sat"}, Start: "20:00", Duration: hours(8)}
	loc := zone(t, "Europe/Berlin")
	for _, tt := range []struct {
		after   string
		horizon time.Duration
		want    []string
	}{
		{"2026-11-21T12:00:00Z", 24 * time.Hour, []string{"2026-11-21T19:00Z/2026-11-22T03:00Z"}},
		{"2026-11-22T02:59:59Z", time.Second, []string{"2026-11-21T19:00Z/2026-11-22T03:00Z"}},
		{"2026-11-22T03:00:00Z", 24 * time.Hour, nil},
		{"2026-11-22T03:00:00Z", 7 * 24 * time.Hour, []string{"2026-11-28T19:00Z/2026-11-29T03:00Z"}},
	} {
		var got []Occurrence
		if o, ok := Next(w, loc, instant(t, tt.after), tt.horizon); ok {
			got = append(got, o)
		}
		if !slices.Equal(show(got), tt.want) {
			t.Errorf("after %s within %s: got %q, want %q", tt.after, tt.horizon, show(got), tt.want)
		}
	}
}

func TestInvalidWindowNeverOpens(t *testing.T) {
	from, to := instant(t, "2026-01-01T00:00:00Z"), instant(t, "2027-01-01T00:00:00Z")
	for _, w := range []policy.Window{
		{},
		{Days: []string{"sat"}, Start: "25:00", Duration: hours(1)},
		{Days: []string{"sat"}, Start: "2:00", Duration: hours(1)},
		{Days: []string{"sat"}, Start: "20:00"},
		{Days: []string{"caturday"}, Start: "20:00", Duration: hours(1)},
		{Monthly: &policy.Monthly{Nth: 6, Weekday: "sat"}, Start: "20:00", Duration: hours(1)},
		{Monthly: &policy.Monthly{Nth: 0, Weekday: "sat"}, Start: "20:00", Duration: hours(1)},
		{Dates: []string{"2026-02-30"}, Start: "20:00", Duration: hours(1)},
		{Dates: []string{"2026-02-03"}, Days: []string{"sat"}, Start: "20:00", Duration: hours(1)},
		{Dates: []string{"2026-02-03"}, From: "2026-02-03", Start: "20:00", Duration: hours(1)},
		{RRule: "FREQ=HOURLY", Start: "20:00", Duration: hours(1)},
		{Events: []policy.Event{{Starts: "2026-02-03T20:00"}}},
		{Events: []policy.Event{{Starts: "2026-02-03T20:00", Duration: hours(1), Days: 1}}},
		{Events: []policy.Event{{Starts: "2026-02-03T20:00", Duration: hours(1), Timezone: "W. Europe Standard Time"}}},
		{Days: []string{"sat"}, Monthly: &policy.Monthly{Nth: 1, Weekday: "sat"}, Start: "20:00", Duration: hours(1)},
	} {
		if Valid(w) == nil {
			t.Errorf("%+v counts as valid", w)
		}
		for o := range Occurrences(w, time.UTC, from, to) {
			t.Errorf("%+v opens at %s", w, o.Opens)
		}
	}
}

func TestOpenMinusFreezes(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	freeze := func(from, to string) Interval { return Interval{"f", instant(t, from), instant(t, to), berlin} }
	weekend := policy.Window{Name: "weekend", Days: []string{"sat"}, Start: "20:00", Duration: hours(8)}
	for _, tt := range []struct {
		name     string
		w        policy.Window
		freezes  []Interval
		from, to string
		want     []string
	}{
		{
			"inside: two segments", weekend,
			[]Interval{freeze("2026-11-21T21:00:00Z", "2026-11-21T22:00:00Z")},
			"2026-11-21T12:00:00Z", "2026-11-22T12:00:00Z",
			[]string{"2026-11-21T19:00Z/2026-11-21T21:00Z", "2026-11-21T22:00Z/2026-11-22T03:00Z"},
		},
		{
			"a segment that is over is left out", weekend,
			[]Interval{freeze("2026-11-21T21:00:00Z", "2026-11-21T22:00:00Z")},
			"2026-11-21T21:00:00Z", "2026-11-22T12:00:00Z",
			[]string{"2026-11-21T22:00Z/2026-11-22T03:00Z"},
		},
		{
			"overlapping and touching freezes in any order", weekend,
			[]Interval{
				freeze("2026-11-21T23:00:00Z", "2026-11-22T01:00:00Z"), freeze("2026-11-21T18:00:00Z", "2026-11-21T20:00:00Z"),
				freeze("2026-11-21T22:00:00Z", "2026-11-21T23:30:00Z"), freeze("2026-11-22T01:00:00Z", "2026-11-22T02:00:00Z"),
			},
			"2026-11-21T12:00:00Z", "2026-11-22T12:00:00Z",
			[]string{"2026-11-21T20:00Z/2026-11-21T22:00Z", "2026-11-22T02:00Z/2026-11-22T03:00Z"},
		},
		{
			"all of it: the next one", weekend,
			[]Interval{freeze("2026-11-21T19:00:00Z", "2026-11-22T03:00:00Z")},
			"2026-11-21T12:00:00Z", "2026-11-29T12:00:00Z",
			[]string{"2026-11-28T19:00Z/2026-11-29T03:00Z"},
		},
		{
			"always",
			policy.Window{Always: true},
			[]Interval{freeze("2026-11-21T19:00:00Z", "2026-11-22T03:00:00Z")},
			"2026-11-21T12:00:00Z", "2026-11-29T12:00:00Z",
			[]string{"2026-11-21T12:00Z/2026-11-21T19:00Z", "2026-11-22T03:00Z/always"},
		},
		{
			"always, frozen beyond the end",
			policy.Window{Always: true},
			[]Interval{freeze("2026-11-21T19:00:00Z", "2026-12-22T03:00:00Z")},
			"2026-11-22T12:00:00Z", "2026-11-29T12:00:00Z", nil,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := slices.Collect(Open(tt.w, berlin, tt.freezes, instant(t, tt.from), instant(t, tt.to)))
			if !slices.Equal(show(got), tt.want) {
				t.Errorf("got  %q\nwant %q", show(got), tt.want)
			}
		})
	}
}

func TestFreezes(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	year := policy.Freeze{Name: "yearEnd", Starts: "2026-12-18T18:00", Ends: "2027-01-04T06:00"}
	spring := policy.Freeze{Name: "spring", Starts: "2026-03-29T02:15", Ends: "2026-03-29T02:45"} // both in the gap
	of := func(list ...policy.Freeze) *policy.Tenant {
		return &policy.Tenant{Timezone: "Europe/Berlin", Freezes: list}
	}
	got, err := Freezes(of(year, spring), "", time.Time{}, instant(t, "2040-01-01T00:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Interval{
		{"spring", instant(t, "2026-03-29T01:00:00Z"), instant(t, "2026-03-29T01:00:00Z"), berlin},
		{"yearEnd", instant(t, "2026-12-18T17:00:00Z"), instant(t, "2027-01-04T05:00:00Z"), berlin},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, f := range []policy.Freeze{
		{Starts: "2026-12-18", Ends: "2027-01-04T06:00"},
		{Starts: "2026-12-18T18:00", Ends: "2026-13-04T06:00"},
		{Starts: "2026-12-18T18:00", Ends: "2026-12-18T18:00"},
		{Starts: "2026-12-18T18:00", Ends: ""},
	} {
		if _, err := Freezes(of(f), "", time.Time{}, time.Time{}); err == nil {
			t.Errorf("%s to %s is accepted", f.Starts, f.Ends)
		}
	}
}

// TestFreezesHaveZones: the tenant's, one of its own, or that of the host. Where that is not known nobody may go on.
func TestFreezesHaveZones(t *testing.T) {
	begin := func(zone, host string) (string, error) {
		f := policy.Freeze{Name: "day", Starts: "2026-12-24T00:00", Ends: "2026-12-25T00:00", Timezone: zone}
		p := &policy.Tenant{Timezone: "Europe/Berlin", Freezes: []policy.Freeze{f}}
		list, err := Freezes(p, host, time.Time{}, time.Time{})
		if err != nil {
			return "", err
		}
		if FrozenPerHost(p) != (zone == policy.HostZone) {
			t.Errorf("%q: FrozenPerHost is %t", zone, FrozenPerHost(p))
		}
		return list[0].Starts.Format(time.RFC3339), nil
	}
	for _, c := range [][3]string{
		{"", "Asia/Tokyo", "2026-12-23T23:00:00Z"},
		{"America/New_York", "Asia/Tokyo", "2026-12-24T05:00:00Z"},
		{policy.HostZone, "Asia/Tokyo", "2026-12-23T15:00:00Z"},
		{policy.HostZone, "America/New_York", "2026-12-24T05:00:00Z"},
	} {
		if got, err := begin(c[0], c[1]); got != c[2] || err != nil {
			t.Errorf("zone %q, host in %s: got %s %v, want %s", c[0], c[1], got, err, c[2])
		}
	}
	for _, host := range []string{"", "Mars/Base"} {
		if _, err := begin(policy.HostZone, host); !errors.Is(err, ErrHostZone) {
			t.Errorf("host in %q: got %v", host, err)
		}
	}
}

func TestZones(t *testing.T) {
	for _, name := range []string{"", "Local", "Factory", "Europe/Nowhere", "europe/berlin", "Europe/", "../../etc/passwd"} {
		if _, err := Zone(name); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
	if len(Zones()) < 400 {
		t.Fatalf("only %d zones are embedded", len(Zones()))
	}
	for _, name := range Zones() {
		if loc := zone(t, name); loc.String() != name {
			t.Errorf("%s is called %s", name, loc)
		}
	}
	if v := TzdataVersion(); len(v) != 5 || v < "2020a" {
		t.Errorf("version %q of the zone database", v)
	}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct{ zone, opens, closes, want, near string }{
		{
			"Europe/Berlin", "2026-11-26T21:00:00Z", "2026-11-27T01:00:00Z",
			"Thu 26 Nov 22:00 – Fri 02:00 Europe/Berlin, 21:00 – 01:00 UTC", "Thu 22:00 – Fri 02:00 Europe/Berlin, 21:00 – 01:00 UTC",
		},
		{
			"Europe/Berlin", "2026-11-28T19:00:00Z", "2026-11-29T03:00:00Z",
			"Sat 28 Nov 20:00 – Sun 04:00 Europe/Berlin, 19:00 – 03:00 UTC", "Sat 28 Nov 20:00 – Sun 04:00 Europe/Berlin, 19:00 – 03:00 UTC",
		},
		{
			"Asia/Tokyo", "2026-11-22T15:30:00Z", "2026-11-22T17:00:00Z",
			"Mon 23 Nov 00:30 – 02:00 Asia/Tokyo, Sun 15:30 – 17:00 UTC", "Mon 00:30 – 02:00 Asia/Tokyo, Sun 15:30 – 17:00 UTC",
		},
		{
			"Europe/Berlin", "2026-11-22T23:30:00Z", "2026-11-23T02:00:00Z",
			"Mon 23 Nov 00:30 – 03:00 Europe/Berlin, Sun 23:30 – Mon 02:00 UTC", "Mon 00:30 – 03:00 Europe/Berlin, Sun 23:30 – Mon 02:00 UTC",
		},
		{
			"America/New_York", "2026-11-23T22:00:00Z", "2026-11-24T02:00:00Z",
			"Mon 23 Nov 17:00 – 21:00 America/New_York, 22:00 – Tue 02:00 UTC", "Mon 17:00 – 21:00 America/New_York, 22:00 – Tue 02:00 UTC",
		},
		{"UTC", "2026-11-23T22:00:00Z", "2026-11-24T02:00:00Z", "Mon 23 Nov 22:00 – Tue 02:00 UTC", "Mon 22:00 – Tue 02:00 UTC"},
		{
			"UTC", "2026-12-23T22:00:00Z", "2027-01-04T02:00:00Z",
			"Wed 23 Dec 22:00 – Mon 4 Jan 02:00 UTC", "Wed 23 Dec 22:00 – Mon 4 Jan 02:00 UTC",
		},
		{
			"Europe/Berlin", "2026-11-20T21:00:00Z", "2026-11-21T21:00:00Z", // open for the reader
			"Fri 20 Nov 22:00 – Sat 22:00 Europe/Berlin, 21:00 – 21:00 UTC", "Fri 22:00 – Sat 22:00 Europe/Berlin, 21:00 – 21:00 UTC",
		},
		{
			"Europe/Berlin", "2026-11-21T21:00:00Z", "",
			"from Sat 21 Nov 22:00 Europe/Berlin, 21:00 UTC, without an end", "from Sat 22:00 Europe/Berlin, 21:00 UTC, without an end",
		},
	} {
		o := Occurrence{Opens: instant(t, tt.opens)}
		if tt.closes != "" {
			c := instant(t, tt.closes)
			o.Closes = &c
		}
		if got := Words(o, zone(t, tt.zone)); got != tt.want {
			t.Errorf("Words\ngot  %s\nwant %s", got, tt.want)
		}
		if got := WordsAt(o, zone(t, tt.zone), instant(t, "2026-11-21T20:00:00Z")); got != tt.near {
			t.Errorf("WordsAt\ngot  %s\nwant %s", got, tt.near)
		}
	}
}
