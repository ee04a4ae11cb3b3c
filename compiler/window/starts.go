package window

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// Valid says what is wrong with a window that can never open, or nil.
func Valid(w policy.Window) error {
	if w.Always {
		return nil
	}
	_, err := compile(w)
	return err
}

// recurrence is a checked window. Exactly one of days and monthly is set.
type recurrence struct {
	clock   time.Duration
	days    [7]bool
	monthly *policy.Monthly
	weekday time.Weekday
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
	if (w.Monthly == nil) == (len(w.Days) == 0) {
		return r, errors.New("a window needs one of always, days and monthly")
	}
	for _, d := range w.Days {
		day, err := weekday(d)
		if err != nil {
			return r, err
		}
		r.days[day] = true
	}
	if w.Monthly == nil {
		return r, nil
	}
	if n := w.Monthly.Nth; n != -1 && (n < 1 || n > 5) {
		return r, fmt.Errorf("nth is %d: it must be 1 to 5, or -1 for the last", n)
	}
	r.monthly = w.Monthly
	r.weekday, err = weekday(w.Monthly.Weekday)
	return r, err
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func weekday(s string) (time.Weekday, error) {
	i := slices.Index(weekdays, s)
	if i < 0 {
		return 0, fmt.Errorf("%q is no weekday: write mon, tue, wed, thu, fri, sat or sun", s)
	}
	return time.Weekday(i), nil
}

// starts yields the instants at which w opens, without end, beginning early enough that the last one at or before
// from is among them if its occurrence can still be open.
func starts(w policy.Window, loc *time.Location, from time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		r, err := compile(w)
		if err != nil {
			return
		}
		first := wallDate(from, loc).addDays(-r.lookback(w.Duration.Std()))
		for date := range r.dates(first) {
			if !yield(Resolve(Wall{date.utc.Add(r.clock)}, loc)) {
				return
			}
		}
	}
}

// lookback is how many days before an instant the occurrence that is open then can have begun. No occurrence
// outlasts the gap to the next, so a long duration does not make it grow.
func (r recurrence) lookback(d time.Duration) int {
	gap := 8
	if r.monthly != nil {
		gap = 200 // a fifth weekday can be missing for months
	}
	return min(int(d/(24*time.Hour)), gap) + 2
}

// dates yields every date of the recurrence from first on, without end.
func (r recurrence) dates(first Wall) iter.Seq[Wall] {
	if r.monthly != nil {
		return r.monthDates(first)
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
