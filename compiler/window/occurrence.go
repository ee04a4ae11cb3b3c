package window

import (
	"iter"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// Occurrence is one stretch of time, [Opens, Closes), in which a window is open. Instants are UTC.
type Occurrence struct {
	Window string
	Opens  time.Time
	Closes *time.Time // nil: it stays open
}

// Contains reports whether the occurrence is open at t.
func (o Occurrence) Contains(t time.Time) bool {
	return !t.Before(o.Opens) && (o.Closes == nil || t.Before(*o.Closes))
}

// Next returns the occurrence that is open at after, else the first that opens later, as long as it opens before
// after + horizon.
func Next(w policy.Window, loc *time.Location, after time.Time, horizon time.Duration) (Occurrence, bool) {
	for o := range Occurrences(w, loc, after, after.Add(horizon)) {
		return o, true
	}
	return Occurrence{}, false
}

// Occurrences yields, in order, every occurrence that is open at some time of [from, to). They are whole, not clipped
// to from, and the same whatever from is; only an always-open window has no beginning of its own and opens at from.
//
// Occurrences never overlap: one that would still be open when the next opens closes at that instant. So a window
// that is longer than its period is open without a gap, yet every occurrence has its own identity (window, opens) and
// its own end. An invalid window (see Valid) never opens.
func Occurrences(w policy.Window, loc *time.Location, from, to time.Time) iter.Seq[Occurrence] {
	return func(yield func(Occurrence) bool) {
		if !from.Before(to) {
			return
		}
		if w.Always {
			yield(Occurrence{Window: w.Name, Opens: from.UTC()})
			return
		}
		var held *Occurrence // the newest, until it is known when the next opens
		for opens := range starts(w, loc, from) {
			if held != nil && opens.Before(*held.Closes) {
				held.Closes = &opens
			}
			if held != nil && held.Closes.After(from) && held.Opens.Before(*held.Closes) && !yield(*held) {
				return
			}
			if !opens.Before(to) {
				return
			}
			closes := opens.Add(w.Duration.Std())
			held = &Occurrence{Window: w.Name, Opens: opens, Closes: &closes}
		}
	}
}
