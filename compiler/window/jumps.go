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
			skipped, twice := !shown(opens, s.loc).Equal(start.utc), again(start, opens, s.loc)
			if !opens.Before(from) && (skipped || twice) {
				out = append(out, Jump{start.String(), opens, twice})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Jump) int { return a.Opens.Compare(b.Opens) })
	return out
}

// again reports whether the clock shows w once more after an instant.
func again(w Wall, first time.Time, loc *time.Location) bool {
	for probe := -farthest; probe <= farthest; probe += farthest / 2 {
		t := w.utc.Add(-offset(w.utc.Add(probe), loc))
		if t.After(first) && shown(t, loc).Equal(w.utc) {
			return true
		}
	}
	return false
}
