package read

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// What people write instead of a duration, a percentage or a time is most often right in another notation. These
// functions say how it is written here; they return "" where that would be a guess.

var (
	amounts  = lazyregexp.New(`^(?:[0-9]+(?:\.[0-9]+)?[a-z]+)+$`)
	amount   = lazyregexp.New(`([0-9]+(?:\.[0-9]+)?)([a-z]+)`)
	bare     = lazyregexp.New(`^[0-9]+$`)
	someDate = lazyregexp.New(`^([0-9]{4})-([0-9]{2})-([0-9]{2})`)
)

var units = map[string]time.Duration{
	"w": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour, "weeks": 7 * 24 * time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
	"h": time.Hour, "hr": time.Hour, "hrs": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
}

// durationFix says how a duration in another notation is written: "3 days", "48H", "PT1H30M", "1.5h", "30m1h".
func durationFix(s string) string {
	low := strings.Join(strings.Fields(strings.ToLower(s)), "")
	if bare.MatchString(low) {
		return fmt.Sprintf("give it a unit, such as %q", low+"h")
	}
	if iso, ok := strings.CutPrefix(low, "p"); ok {
		low = strings.Replace(iso, "t", "", 1)
		if !strings.Contains(iso, "t") && strings.HasSuffix(low, "m") {
			return ""
		}
	}
	if !amounts.MatchString(low) {
		return ""
	}
	total := 0.0
	for _, m := range amount.FindAllStringSubmatch(low, -1) {
		unit, known := units[m[2]]
		if !known {
			return "months and years differ in length: write days, hours, minutes and seconds"
		}
		n, _ := strconv.ParseFloat(m[1], 64)
		total += n * float64(unit)
	}
	if total > float64(maxFixed) {
		return ""
	}
	d := time.Duration(math.Round(total/1e9)) * time.Second
	if strings.ContainsAny(low, "dw") && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("write \"%dd\"", d/(24*time.Hour))
	}
	return fmt.Sprintf("write %q", policy.Duration(d))
}

// maxFixed keeps suggestions within what a duration can be.
const maxFixed = 9999 * 24 * time.Hour

// percentFix says how a share is written: "95 %", "95", "0.95", "12.5%".
func percentFix(s string) string {
	text, sign := strings.CutSuffix(strings.Join(strings.Fields(s), ""), "%")
	f, err := strconv.ParseFloat(text, 64)
	if err == nil && !sign && f > 0 && f < 1 {
		f = math.Round(f * 100)
	}
	if err != nil || math.IsNaN(f) || f < 1 || f > 100 {
		return ""
	}
	return fmt.Sprintf("write \"%d%%\"", int(f))
}

// notations of times that are read at once and not written here, by the layout that is.
var notations = map[string][]string{
	"15:04":    {"15:04", "1504", "15.04", "15:04:05", "15h04", "15h", "3:04 PM", "3:04PM", "3 PM", "3PM"},
	dateLayout: {"2006-1-2", "2006/1/2", "20060102", "2.1.2006", "2 Jan 2006", "2 January 2006", wallLayout},
	wallLayout: {
		"2006-1-2T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02 15:04:05", dateLayout,
		"20060102T150405", "2.1.2006 15:04", "2.1.2006",
	},
}

// bareTimeFix says how a time or date is written that stands without quotes, where CUE reads a number or a subtraction.
func bareTimeFix(layout, number string) string {
	if hour, err := strconv.Atoi(number); layout == "15:04" && err == nil && hour >= 0 && hour < 24 {
		return fmt.Sprintf("write \"%02d:00\"", hour)
	}
	return "times and dates stand in quotes"
}

// timeFix says how a time or date in another notation is written, or why there is none.
func timeFix(layout, s string) string {
	if why := noSuchDay(s); why != "" {
		return why
	}
	if layout == "15:04" && s == "24:00" {
		return `a day ends where the next one begins: write "00:00", and the days after`
	}
	for _, zoned := range []string{"2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00"} {
		if t, err := time.Parse(zoned, s); err == nil && layout == wallLayout {
			return fmt.Sprintf("a wall time has no zone: write %q as clocks in the tenant's time zone show it", t.Format(layout))
		}
	}
	for _, n := range notations[layout] {
		for _, written := range []string{s, strings.ToUpper(s)} {
			if t, err := time.Parse(n, written); err == nil {
				return fmt.Sprintf("write %q", t.Format(layout))
			}
		}
	}
	return ""
}

// noSuchDay explains a date that its month does not have.
func noSuchDay(s string) string {
	m := someDate.FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	year, _ := strconv.Atoi(m[1])
	month, _ := strconv.Atoi(m[2])
	day, _ := strconv.Atoi(m[3])
	if month < 1 || month > 12 {
		return "a date is year-month-day; there are twelve months"
	}
	last := time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	if day >= 1 && day <= last {
		return ""
	}
	return fmt.Sprintf("%s %d has %d days", time.Month(month), year, last)
}
