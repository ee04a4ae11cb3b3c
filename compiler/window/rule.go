package window

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/teambition/rrule-go"

	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// rule is a checked RRULE that yields dates. The library expands it in UTC, at midnight, where no clock ever jumps: it
// is asked for dates alone, and Resolve turns them into instants.
type rule struct {
	option   rrule.ROption
	anchored bool // it counts from option.Dtstart; else any beginning yields the same dates
}

const (
	maxRule     = 500 // bytes
	maxInterval = 1000
	maxCount    = 10000
)

// of each part which frequencies it may stand with (RFC 5545, 3.3.10).
var ruleParts = map[string]string{
	"FREQ": "", "INTERVAL": "", "COUNT": "", "UNTIL": "", "WKST": "", "BYSETPOS": "", "BYMONTH": "", "BYDAY": "",
	"BYMONTHDAY": "YEARLY MONTHLY DAILY", "BYYEARDAY": "YEARLY", "BYWEEKNO": "YEARLY",
}

var (
	datePart = lazyregexp.New(`^[0-9]{8}$`)
	dayPart  = lazyregexp.New(`^([+-]?[1-9][0-9]?)?[A-Z]{2}$`)
)

// What errors about rules wrap that have a way out of their own: dates that depend on where the rule begins, which nothing
// says; days that no month has; times of day, which are not the rule's to say.
var (
	ErrNoFrom    = errors.New("the rule needs from, the date that it counts from")
	ErrNoSuchDay = errors.New("no month of the rule has such a day")
	ErrTimeOfDay = errors.New("a window opens at most once a date")
)

// timed is an ErrTimeOfDay in other words.
type timed string

func (e timed) Error() string        { return string(e) }
func (e timed) Is(target error) bool { return target == ErrTimeOfDay }

// parseRule reads an RRULE. from, "2026-01-01" or empty, is the date that it counts from.
func parseRule(text, from string) (rule, error) {
	parts, err := splitRule(text)
	if err != nil {
		return rule{}, err
	}
	option, err := rrule.StrToROption(text)
	if err != nil {
		return rule{}, fmt.Errorf("%q is no RRULE: %s", text, err)
	}
	r := rule{option: *option, anchored: from != ""}
	if err := r.fits(parts); err != nil {
		return rule{}, err
	}
	if why := r.needsFrom(parts); why != "" && from == "" {
		return rule{}, fmt.Errorf("%w: %s", ErrNoFrom, why)
	}
	r.spellOut()
	r.option.Dtstart = someDay
	if from != "" {
		start, err := parseDate(from)
		if err != nil {
			return rule{}, err
		}
		r.option.Dtstart = start.utc
	}
	if _, err := rrule.NewRRule(r.option); err != nil {
		return rule{}, fmt.Errorf("%q is no RRULE: %s", text, err)
	}
	return r, nil
}

// spellOut writes a plain TU beside numbered days as 1TU, 2TU and so on: the library takes "3FR,MO" for days that are
// both.
func (r *rule) spellOut() {
	most, days := 5, r.option.Byweekday
	if r.option.Freq == rrule.YEARLY && len(r.option.Bymonth) == 0 {
		most = 53
	}
	if !slices.ContainsFunc(days, func(d rrule.Weekday) bool { return d.N() != 0 }) {
		return
	}
	r.option.Byweekday = nil
	for _, d := range days {
		if d.N() != 0 {
			r.option.Byweekday = append(r.option.Byweekday, d)
			continue
		}
		for n := 1; n <= most; n++ {
			r.option.Byweekday = append(r.option.Byweekday, d.Nth(n))
		}
	}
}

var someDay = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// splitRule checks the parts of a rule by name: the library passes over much that it does not honour.
func splitRule(text string) (map[string]string, error) {
	if len(text) > maxRule {
		return nil, fmt.Errorf("the rule is longer than %d characters", maxRule)
	}
	parts := map[string]string{}
	for _, p := range strings.Split(text, ";") {
		key, value, ok := strings.Cut(p, "=")
		switch _, known := ruleParts[key]; {
		case !ok || value == "":
			return nil, fmt.Errorf("%q is no part of an RRULE: write it like FREQ=MONTHLY;BYDAY=2TU", p)
		case key == "BYHOUR" || key == "BYMINUTE" || key == "BYSECOND":
			return nil, timed(key + " is not read: the rule says dates, start says the time of day")
		case !known:
			return nil, fmt.Errorf("%s is not read in an RRULE", key)
		case parts[key] != "":
			return nil, fmt.Errorf("%s stands there twice", key)
		}
		parts[key] = value
	}
	return parts, nil
}

// fits holds the parts against each other and against bounds.
func (r rule) fits(parts map[string]string) error {
	freq := parts["FREQ"]
	if !slices.Contains([]string{"YEARLY", "MONTHLY", "WEEKLY", "DAILY"}, freq) {
		return fmt.Errorf("FREQ must be YEARLY, MONTHLY, WEEKLY or DAILY: %w", ErrTimeOfDay)
	}
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		if with := ruleParts[key]; with != "" && !slices.Contains(strings.Fields(with), freq) {
			return fmt.Errorf("%s cannot stand with FREQ=%s", key, freq)
		}
	}
	if err := errors.Join(bounded(parts, "INTERVAL", maxInterval), bounded(parts, "COUNT", maxCount)); err != nil {
		return err
	}
	switch until := parts["UNTIL"]; {
	case until != "" && parts["COUNT"] != "":
		return errors.New("COUNT and UNTIL exclude each other")
	case until != "" && !datePart.MatchString(until):
		return fmt.Errorf("UNTIL is a date such as 20261231, not %q", until)
	case parts["BYSETPOS"] != "" && parts["BYDAY"]+parts["BYMONTHDAY"]+parts["BYYEARDAY"] == "":
		return errors.New("BYSETPOS picks among BYDAY, BYMONTHDAY or BYYEARDAY, and none of them is there")
	case slices.ContainsFunc(r.option.Bysetpos, func(n int) bool { return max(n, -n) > widest[freq] }):
		return fmt.Errorf("BYSETPOS=%s is beyond what FREQ=%s can hold", parts["BYSETPOS"], freq)
	case !r.onCalendar():
		return ErrNoSuchDay
	case parts["BYWEEKNO"] != "" && parts["BYDAY"] == "":
		return errors.New("BYWEEKNO needs BYDAY: say on which day of the week")
	}
	return r.ordinals(parts, freq)
}

// widest is how many dates each frequency picks among.
var widest = map[string]int{"YEARLY": 366, "MONTHLY": 31, "WEEKLY": 7, "DAILY": 1}

// onCalendar reports whether some month has one of the days. The library would look for the 30th of February until the
// year 9999.
func (r rule) onCalendar() bool {
	months := r.option.Bymonth
	if len(months) == 0 || len(r.option.Bymonthday) == 0 {
		return true
	}
	return slices.ContainsFunc(months, func(m int) bool {
		last := time.Date(2000, time.Month(m+1), 0, 0, 0, 0, 0, time.UTC).Day()
		return slices.ContainsFunc(r.option.Bymonthday, func(d int) bool { return max(d, -d) <= last })
	})
}

// ordinals checks days such as 2TU.
func (r rule) ordinals(parts map[string]string, freq string) error {
	for i, name := range strings.Split(parts["BYDAY"], ",") {
		if parts["BYDAY"] == "" {
			return nil
		}
		d := r.option.Byweekday[i]
		switch n := d.N(); {
		case !dayPart.MatchString(name):
			return fmt.Errorf("%q is no day of an RRULE: write TU, 2TU or -1FR", name)
		case n == 0:
		case freq == "WEEKLY" || freq == "DAILY" || parts["BYWEEKNO"] != "":
			return fmt.Errorf("a numbered day such as %s needs FREQ=MONTHLY or FREQ=YEARLY", name)
		case freq == "MONTHLY" && (n > 5 || n < -5) || n > 53 || n < -53:
			return fmt.Errorf("there is no %s", name)
		}
	}
	return nil
}

func bounded(parts map[string]string, key string, most int) error {
	if parts[key] == "" {
		return nil
	}
	if n, err := strconv.Atoi(parts[key]); err != nil || n < 1 || n > most {
		return fmt.Errorf("%s must be 1 to %d, not %q", key, most, parts[key])
	}
	return nil
}

// needsFrom says why the dates depend on where the rule begins.
func (r rule) needsFrom(parts map[string]string) string {
	freq := parts["FREQ"]
	days := parts["BYDAY"] + parts["BYMONTHDAY"] + parts["BYYEARDAY"]
	switch {
	case r.option.Interval > 1:
		return "INTERVAL counts from it"
	case parts["COUNT"] != "":
		return "COUNT counts from it"
	case freq != "DAILY" && days == "":
		return "no BYDAY or BYMONTHDAY says which day"
	}
	return ""
}

// dates yields the dates of the rule from first on, until it ends or the year 9999.
func (r rule) dates(first Wall) iter.Seq[Wall] {
	return func(yield func(Wall) bool) {
		option := r.option
		if !r.anchored { // whole years: any beginning yields the same
			option.Dtstart = time.Date(max(first.utc.Year()-1, 1), 1, 1, 0, 0, 0, 0, time.UTC)
		}
		expanded, err := rrule.NewRRule(option)
		if err != nil {
			return // parseRule has seen that it is none
		}
		next := expanded.Iterator()
		for d, ok := next(); ok; d, ok = next() {
			if !d.Before(first.utc) && !yield(Wall{d}) {
				return
			}
		}
	}
}
