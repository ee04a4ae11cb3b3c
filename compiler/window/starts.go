package window

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// Valid says what is wrong with a window that can never open, or nil. A window that is valid may still have no date
// left; Ever tells.
func Valid(w policy.Window) error {
	_, err := timetable(w, time.UTC)
	return err
}

// Ever reports whether a valid window has any occurrence at all: a rule may name only dates that no calendar has.
func Ever(w policy.Window) bool {
	list, err := timetable(w, time.UTC)
	if err != nil {
		return false
	}
	for _, s := range list {
		for range s.starts(Wall{time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC)}) {
			return true
		}
	}
	return w.Always
}

// recurrence is a checked window that is not always open and has no events. What exactly one of days, monthly, named
// and rule says are the dates on which it starts.
type recurrence struct {
	clock   time.Duration
	days    [7]bool
	monthly *policy.Monthly
	weekday time.Weekday
	named   []Wall
	rule    *rule
}

func compile(w policy.Window) (recurrence, error) {
	var r recurrence
	var err error
	if r.clock, err = parseClock(w.Start); err != nil {
		return r, err
	}
	if w.Duration <= 0 {
		return r, errors.New("a window needs a duration above zero")
	}
	if kinds(w) != 1 {
		return r, errors.New("a window needs one of always, days, monthly, dates, rrule and ics")
	}
	if w.From != "" && w.RRule == "" {
		return r, errors.New("from is where an rrule begins, and there is none")
	}
	switch {
	case w.Monthly != nil:
		return r, r.month(w.Monthly)
	case w.RRule != "":
		parsed, err := parseRule(w.RRule, w.From)
		r.rule = &parsed
		return r, err
	case len(w.Dates) > 0:
		r.named, err = sortedWalls(w.Dates, parseDate)
		return r, err
	}
	for _, d := range w.Days {
		day, err := weekday(d)
		if err != nil {
			return r, err
		}
		r.days[day] = true
	}
	return r, nil
}

// kinds counts the ways in which a window says when it opens.
func kinds(w policy.Window) int {
	n := 0
	for _, says := range []bool{w.Always, len(w.Days) > 0, w.Monthly != nil, len(w.Dates) > 0, w.RRule != "", len(w.Events) > 0} {
		if says {
			n++
		}
	}
	return n
}

func (r *recurrence) month(m *policy.Monthly) error {
	if m.Nth != -1 && (m.Nth < 1 || m.Nth > 5) {
		return fmt.Errorf("nth is %d: it must be 1 to 5, or -1 for the last", m.Nth)
	}
	day, err := weekday(m.Weekday)
	r.monthly, r.weekday = m, day
	return err
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func weekday(s string) (time.Weekday, error) {
	i := slices.Index(weekdays, s)
	if i < 0 {
		return 0, fmt.Errorf("%q is no weekday: write mon, tue, wed, thu, fri, sat or sun", s)
	}
	return time.Weekday(i), nil
}

// starts yields the wall times at which the recurrence starts, in order and without end, beginning early enough that
// the last one before from is among them if its occurrence, length long, can still be open.
func (r recurrence) starts(length time.Duration, from Wall) iter.Seq[Wall] {
	return func(yield func(Wall) bool) {
		for date := range r.dates(from.addDays(-r.lookback(length))) {
			if !yield(Wall{date.utc.Add(r.clock)}) {
				return
			}
		}
	}
}

// lookback is how many days before an instant the occurrence that is open then can have begun. No occurrence
// outlasts the gap to the next, so a long duration does not make it grow.
func (r recurrence) lookback(d time.Duration) int {
	gap := 8
	switch {
	case r.monthly != nil:
		gap = 200 // a fifth weekday can be missing for months
	case r.rule != nil || r.named != nil:
		gap = longest
	}
	return min(int(d/(24*time.Hour)), gap) + 2
}

// longest is how many days what has no period can stay open: more than a policy can write.
const longest = 60000

// dates yields every date of the recurrence from first on.
func (r recurrence) dates(first Wall) iter.Seq[Wall] {
	switch {
	case r.monthly != nil:
		return r.monthDates(first)
	case r.rule != nil:
		return r.rule.dates(first)
	case r.named != nil:
		i, _ := slices.BinarySearchFunc(r.named, first, compareWalls)
		return slices.Values(r.named[i:])
	}
	return func(yield func(Wall) bool) {
		for d := first; ; d = d.addDays(1) {
			if r.days[d.utc.Weekday()] && !yield(d) {
				return
			}
		}
	}
}

// monthDates counts in the month of the nth weekday, which the offset may lead far away from.
func (r recurrence) monthDates(first Wall) iter.Seq[Wall] {
	return func(yield func(Wall) bool) {
		y, m, _ := first.addDays(-r.monthly.OffsetDays).utc.Date()
		for month := time.Date(y, m, 1, 0, 0, 0, 0, time.UTC); ; month = month.AddDate(0, 1, 0) {
			day, ok := nth(month, r.monthly.Nth, r.weekday)
			if d := day.addDays(r.monthly.OffsetDays); ok && !d.utc.Before(first.utc) && !yield(d) {
				return
			}
		}
	}
}

// nth returns the nth weekday of the month that begins at first; ok is false where there is no fifth.
func nth(first time.Time, n int, day time.Weekday) (Wall, bool) {
	if n == -1 {
		last := first.AddDate(0, 1, -1)
		back := (int(last.Weekday()) - int(day) + 7) % 7
		return Wall{last.AddDate(0, 0, -back)}, true
	}
	ahead := (int(day) - int(first.Weekday()) + 7) % 7
	date := first.AddDate(0, 0, ahead+7*(n-1))
	return Wall{date}, date.Month() == first.Month()
}
