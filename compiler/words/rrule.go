package words

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var weekdaysOf = map[string]string{
	"MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday", "SU": "Sunday",
}

// units are the frequencies whose rules can be told in words.
var units = map[string]string{"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}

// plainRule says an RRULE in words, where it is one of those that people write; ok is false for the others, which are
// shown as they stand rather than told with a part left out.
func plainRule(text string) (words string, ok bool) {
	r := ruleReader{parts: map[string]string{}, every: 1}
	for _, p := range strings.Split(text, ";") {
		key, value, _ := strings.Cut(p, "=")
		r.parts[key] = value
	}
	unit := units[r.take("FREQ")]
	if n := r.take("INTERVAL"); n != "" {
		r.every = r.number(n, 1, 1000)
	}
	if first := r.take("WKST"); unit == "week" && r.every > 1 && first != "" && first != "MO" {
		return "", false
	}
	text = r.dates(unit) + r.end()
	return text, unit != "" && !r.odd && len(r.parts) == 0
}

// ruleReader takes the parts out of a rule; what is left over, or odd, is not told.
type ruleReader struct {
	parts map[string]string
	every int
	odd   bool
}

func (r *ruleReader) take(key string) string {
	v := r.parts[key]
	delete(r.parts, key)
	return v
}

func (r *ruleReader) number(s string, from, to int) int {
	n, err := strconv.Atoi(s)
	r.odd = r.odd || err != nil || n < from || n > to
	return n
}

// dates says on which dates of what the rule falls.
func (r *ruleReader) dates(unit string) string {
	often := "every " + unit
	if r.every > 1 {
		often = "every " + count(r.every, unit)
	}
	switch unit {
	case "week":
		if days := r.days(false); days != "" && r.every == 1 {
			often = "every " + days
		} else if days != "" {
			often += " on " + days
		}
		return often + r.only()
	case "month":
		return r.ofMonth(often)
	case "year":
		return r.ofYear(often)
	}
	return often + r.only()
}

func (r *ruleReader) ofMonth(often string) string {
	days, months := r.inMonth(), r.months()
	switch {
	case months != "" && r.every == 1 && days != "":
		return "on " + days + " of " + months
	case months != "":
		r.odd = true
	case days != "" && r.every == 1:
		return "on " + days + " of each month"
	case days != "":
		return often + " on " + days
	}
	return often
}

func (r *ruleReader) ofYear(often string) string {
	_, numbered := r.parts["BYMONTHDAY"]
	_, weekly := r.parts["BYDAY"]
	if !numbered && !weekly && r.parts["BYMONTH"] == "" {
		return often
	}
	days, months := r.inMonth(), r.months()
	r.odd = r.odd || days == "" || months == "" // days are counted over the year then
	return often + " on " + days + " of " + months
}

// inMonth are the days of a month that a rule names: "the second Tuesday", "day 1 and the last day".
func (r *ruleReader) inMonth() string {
	numbers := r.take("BYMONTHDAY")
	if numbers == "" {
		return r.days(true)
	}
	r.odd = r.odd || r.parts["BYDAY"] != ""
	var out []string
	for _, s := range strings.Split(numbers, ",") {
		switch n := r.number(s, -1, 31); n {
		case -1:
			out = append(out, "the last day")
		case 0:
			r.odd = true
		default:
			out = append(out, fmt.Sprintf("day %d", n))
		}
	}
	return and(out)
}

// days are the weekdays of a rule, with their numbers where a month is what they are counted in.
func (r *ruleReader) days(inMonth bool) string {
	list := r.take("BYDAY")
	if list == "" {
		return ""
	}
	var out []string
	for _, s := range strings.Split(list, ",") {
		cut := max(0, len(s)-2)
		name := weekdaysOf[s[cut:]]
		nth, numbered := r.nth(s[:cut])
		r.odd = r.odd || name == "" || numbered && !inMonth
		switch {
		case numbered:
			name = "the " + nth + " " + name
		case inMonth:
			name = "every " + name
		}
		out = append(out, name)
	}
	return and(out)
}

func (r *ruleReader) nth(s string) (word string, numbered bool) {
	if s == "" {
		return "", false
	}
	word = nths[r.number(strings.TrimPrefix(s, "+"), -1, 5)]
	r.odd = r.odd || word == ""
	return word, true
}

func (r *ruleReader) months() string {
	list := r.take("BYMONTH")
	if list == "" {
		return ""
	}
	var out []string
	for _, s := range strings.Split(list, ",") {
		out = append(out, time.Month(r.number(s, 1, 12)).String())
	}
	return and(out)
}

// only says in which months a rule of days or weeks counts.
func (r *ruleReader) only() string {
	if months := r.months(); months != "" {
		return " in " + months
	}
	return ""
}

// end says when a rule is over.
func (r *ruleReader) end() string {
	text := ""
	if n := r.take("COUNT"); n != "" {
		text += ", " + count(r.number(n, 1, 10000), "time") + " in all"
	}
	if s := r.take("UNTIL"); s != "" {
		t, err := time.Parse("20060102", s)
		r.odd = r.odd || err != nil
		text += ", the last time on " + t.Format("Mon 2 Jan 2006") + " or before"
	}
	return text
}
