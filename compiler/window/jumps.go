package window

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// Jump is a start of a window that a clock shows twice or never.
type Jump struct {
	Meant string    // the wall time, "2027-03-28T02:30"
	Opens time.Time // the instant that counts
	Twice bool      // the clock shows it twice and the first counts; else it jumps over it
	Again time.Time // when it shows it for the second time; zero unless Twice
}

// Jumps lists those of [from, to), by instant. A window that is always open or invalid has none.
func Jumps(w policy.Window, loc *time.Location, from, to time.Time) []Jump {
	list, _ := timetable(w, loc)
	var out []Jump
	for _, s := range list {
		for start := range s.starts(wallDate(from, s.loc)) {
			opens := Resolve(start, s.loc)
			if !opens.Before(to) {
				break
			}
			if opens.Before(from) {
				continue
			}
			second, twice := again(start, opens, s.loc)
			if twice || !shown(opens, s.loc).Equal(start.utc) {
				out = append(out, Jump{start.String(), opens, twice, second})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Jump) int { return a.Opens.Compare(b.Opens) })
	return out
}

// again returns when the clock shows w once more after an instant.
func again(w Wall, first time.Time, loc *time.Location) (second time.Time, twice bool) {
	for probe := -farthest; probe <= farthest; probe += farthest / 2 {
		t := w.utc.Add(-offset(w.utc.Add(probe), loc))
		if t.After(first) && shown(t, loc).Equal(w.utc) {
			return t, true
		}
	}
	return time.Time{}, false
}
