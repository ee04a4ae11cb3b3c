package words

import (
	"fmt"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

var weekdays = map[string]string{
	"mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday", "sun": "Sunday",
}

var nths = map[int]string{1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}

// recurrence says on which dates a window opens.
func recurrence(w policy.Window) string {
	switch {
	case len(w.Days) == 7:
		return "every day"
	case len(w.Days) > 0:
		return "every " + and(weekdayNames(w.Days))
	case w.Monthly != nil:
		return monthly(*w.Monthly)
	case len(w.Dates) > 0:
		return "on " + and(dates(w.Dates))
	case w.RRule != "":
		return rule(w.RRule, w.From)
	case len(w.Events) > 0:
		return "as its calendar says: " + events(w.Events)
	}
	return "never"
}

func weekdayNames(days []string) []string {
	var out []string
	for _, d := range days {
		out = append(out, weekdays[d])
	}
	return out
}

func monthly(m policy.Monthly) string {
	day := fmt.Sprintf("the %s %s of each month", nths[m.Nth], weekdays[m.Weekday])
	switch {
	case m.OffsetDays > 0:
		return count(m.OffsetDays, "day") + " after " + day
	case m.OffsetDays < 0:
		return count(-m.OffsetDays, "day") + " before " + day
	}
	return "on " + day
}

func rule(rrule, from string) string {
	text, ok := plainRule(rrule)
	if !ok {
		text = "on the dates of the rule " + rrule
	}
	if from != "" {
		text += ", counted from " + date(from)
	}
	return text + ","
}

// shown is how many dates or events of one list are written.
const shown = 6

func dates(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, date(s))
	}
	return out
}

// date writes "2026-12-05" as "Sat 5 Dec 2026".
func date(s string) string {
	t, err := time.Parse("2006-01-02", s)
	if err != nil {
		return s
	}
	return t.Format("Mon 2 Jan 2006")
}

// wall writes "2026-12-18T18:00" as "Fri 18 Dec 2026 18:00".
func wall(s string) string {
	t, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		return s
	}
	return t.Format("Mon 2 Jan 2006 15:04")
}

// end writes when something ends: a date with its day, a wall time at that time.
func end(s string) string {
	if d := date(s); d != s {
		return "the end of " + d
	}
	return wall(s)
}

func walls(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, wall(s))
	}
	return out
}

// events writes the first entries of a calendar.
func events(list []policy.Event) string {
	var out []string
	for _, e := range list {
		out = append(out, event(e))
	}
	if len(out) > shown {
		out = append(out[:shown:shown], fmt.Sprintf("and %d more", len(list)-shown))
	}
	return strings.Join(out, "; ")
}

func event(e policy.Event) string {
	text := wall(e.Starts)
	if e.Days > 0 {
		text = strings.TrimSuffix(text, " 00:00")
	}
	if e.Timezone != "" {
		text += " " + e.Timezone
	}
	if e.Days > 0 {
		text += " for " + count(e.Days, "day")
	} else {
		text += " for " + span(e.Duration)
	}
	if e.RRule != "" {
		again, ok := plainRule(e.RRule)
		if !ok {
			again = "by the rule " + e.RRule
		}
		text += ", again " + again
	}
	if len(e.Also) > 0 {
		text += ", also " + few(walls(e.Also), shown)
	}
	if len(e.Except) > 0 {
		text += ", but not " + few(walls(e.Except), shown)
	}
	return text
}
