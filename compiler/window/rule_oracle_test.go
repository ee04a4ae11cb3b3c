package window_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

var dayNames = []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

func someDate(t *rapid.T, label string) time.Time {
	return time.Date(2020, 1, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 18*365).Draw(t, label))
}

// rules draws an RRULE and the date it counts from.
func rules(t *rapid.T) (rule, from string) {
	freq := rapid.SampledFrom([]string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}).Draw(t, "freq")
	parts := []string{"FREQ=" + freq}
	if n := rapid.IntRange(1, 4).Draw(t, "interval"); n > 1 {
		parts = append(parts, fmt.Sprintf("INTERVAL=%d", n))
	}
	days := rapid.SliceOfNDistinct(rapid.SampledFrom(dayNames), 1, 3, rapid.ID[string]).Draw(t, "days")
	if freq == "MONTHLY" {
		if rapid.Bool().Draw(t, "by date") {
			parts = append(parts, fmt.Sprintf("BYMONTHDAY=%d,%d", rapid.IntRange(1, 31).Draw(t, "day"), -rapid.IntRange(1, 31).Draw(t, "day from the end")))
			days = nil
		}
		for i := range days {
			days[i] = rapid.SampledFrom([]string{"", "1", "2", "+3", "5", "-1", "-2"}).Draw(t, "nth") + days[i]
		}
	}
	if freq == "YEARLY" {
		parts = append(parts, fmt.Sprintf("BYMONTH=%d", rapid.IntRange(1, 12).Draw(t, "month")))
	}
	if len(days) > 0 {
		parts = append(parts, "BYDAY="+strings.Join(days, ","))
	}
	if rapid.IntRange(0, 3).Draw(t, "ends") == 0 {
		parts = append(parts, "UNTIL="+someDate(t, "until").Format("20060102"))
	}
	if len(parts) > 1 && strings.HasPrefix(parts[1], "INTERVAL") || rapid.Bool().Draw(t, "anchored") {
		from = someDate(t, "from").Format(time.DateOnly)
	}
	return strings.Join(parts, ";"), from
}

// fires is the oracle of rules: it judges one date by itself and expands nothing.
func fires(rule, from string, date time.Time) bool {
	get := map[string]string{"INTERVAL": "1"}
	for _, p := range strings.Split(rule, ";") {
		k, v, _ := strings.Cut(p, "=")
		get[k] = v
	}
	day := date.Format(time.DateOnly)
	if until := get["UNTIL"]; until != "" && date.Format("20060102") > until || day < from {
		return false
	}
	interval, _ := strconv.Atoi(get["INTERVAL"])
	if from != "" && periods(get["FREQ"], from, date)%interval != 0 {
		return false
	}
	if m := get["BYMONTH"]; m != "" && m != strconv.Itoa(int(date.Month())) {
		return false
	}
	left := time.Date(date.Year(), date.Month()+1, 0, 12, 0, 0, 0, time.UTC).Day() - date.Day() // days left in the month
	if list := get["BYMONTHDAY"]; list != "" {
		return slices.ContainsFunc(strings.Split(list, ","), func(s string) bool {
			n, _ := strconv.Atoi(s)
			return n == date.Day() || n == -left-1
		})
	}
	return slices.ContainsFunc(strings.Split(get["BYDAY"], ","), func(s string) bool {
		nth, name := s[:len(s)-2], s[len(s)-2:]
		n, _ := strconv.Atoi(nth)
		return name == dayNames[date.Weekday()] && (nth == "" || n == (date.Day()+6)/7 || n == -(left/7)-1)
	})
}

// periods counts days, weeks from Monday, months or years between two dates.
func periods(freq, from string, date time.Time) int {
	start, _ := time.Parse(time.DateOnly, from)
	start = start.Add(12 * time.Hour)
	monday := func(t time.Time) time.Time { return t.AddDate(0, 0, -(int(t.Weekday())+6)%7) }
	switch freq {
	case "DAILY":
		return int(date.Sub(start) / (24 * time.Hour))
	case "WEEKLY":
		return int(monday(date).Sub(monday(start)) / (7 * 24 * time.Hour))
	case "MONTHLY":
		return (date.Year()-start.Year())*12 + int(date.Month()) - int(start.Month())
	}
	return date.Year() - start.Year()
}

// TestRulesYieldTheirDates compares every date of 2020–2037 of any rule.
func TestRulesYieldTheirDates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := policy.Window{Start: "12:00", Duration: policy.Duration(time.Hour)}
		w.RRule, w.From = rules(t)
		if err := window.Valid(w); err != nil {
			t.Fatalf("%s from %s: %v", w.RRule, w.From, err)
		}
		from, to := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2038, 1, 1, 0, 0, 0, 0, time.UTC)
		got := map[string]bool{}
		for o := range window.Occurrences(w, time.UTC, from, to) {
			got[o.Opens.Format(time.DateOnly)] = true
		}
		for d := from.Add(12 * time.Hour); d.Before(to); d = d.AddDate(0, 0, 1) {
			if want := fires(w.RRule, w.From, d); got[d.Format(time.DateOnly)] != want {
				t.Fatalf("%s from %q on %s: %t, want %t", w.RRule, w.From, d.Format(time.DateOnly), !want, want)
			}
		}
	})
}

// TestUnion: several windows are open exactly while one of them is, no two occurrences overlap, each is of a window
// that is open all the time, and where one looks from changes nothing.
func TestUnion(t *testing.T) {
	zones := window.Zones()
	rapid.Check(t, func(t *rapid.T) {
		from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 17*365*24*60).Draw(t, "from")) * time.Minute)
		to := from.Add(time.Duration(rapid.IntRange(1, 15*24*60).Draw(t, "length")) * time.Minute)
		var u window.Union
		for i := range rapid.IntRange(1, 4).Draw(t, "windows") {
			loc, err := window.Zone(rapid.SampledFrom(zones).Draw(t, "zone"))
			if err != nil {
				t.Fatal(err)
			}
			w := windows().Draw(t, "window")
			w.Name = fmt.Sprint(i)
			u = append(u, window.Zoned{Window: w, Loc: loc})
		}
		all := slices.Collect(u.Occurrences(from, to))
		each := map[string][]window.Occurrence{}
		for _, z := range u {
			each[z.Name] = slices.Collect(window.Occurrences(z.Window, z.Loc, from.AddDate(0, 0, -15), to.AddDate(0, 0, 15)))
		}
		for at := from; at.Before(to); at = at.Add(time.Minute) {
			want := false
			for _, list := range each {
				want = want || among(list, at)
			}
			if among(all, at) != want {
				t.Fatalf("at %s: open %t, want %t: %v", at, !want, want, all)
			}
		}
		for i, o := range all {
			if i > 0 && o.Opens.Before(*all[i-1].Closes) || !among(each[o.Window], o.Opens) || !among(each[o.Window], o.Closes.Add(-time.Nanosecond)) {
				t.Fatalf("%v is not one of %v, or overlaps: %v", o, each[o.Window], all)
			}
		}
		mid := from.Add(to.Sub(from) / 2)
		if later, want := show(u, mid, to), show(u, from, to); !slices.Equal(later, want[len(want)-len(later):]) {
			t.Fatalf("from %s: %v, from %s: %v", mid, later, from, want)
		}
	})
}

func show(u window.Union, from, to time.Time) []string {
	var out []string
	for o := range u.Occurrences(from, to) {
		out = append(out, o.Window+" "+window.Words(o, time.UTC))
	}
	return out
}
