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
	return Union{{w, loc}}.Next(after, horizon)
}

// Occurrences yields, in order, every occurrence that is open at some time of [from, to). They are whole, not clipped
// to from, and the same whatever from is; only an always-open window has no beginning of its own and opens at from.
//
// Occurrences never overlap: one that would still be open when the next opens closes at that instant. So a window
// that is longer than its period is open without a gap, yet every occurrence has its own identity (window, opens) and
// its own end. An invalid window (see Valid) never opens.
func Occurrences(w policy.Window, loc *time.Location, from, to time.Time) iter.Seq[Occurrence] {
	return Union{{w, loc}}.Occurrences(from, to)
}

// series is a sequence of starts in one zone, each of which opens for as long as span says.
type series struct {
	loc    *time.Location
	starts func(from Wall) iter.Seq[Wall] // in order; early enough that what is open at from is among them
	closes func(start Wall, opens time.Time) time.Time
}

// occurrences yields those of a series that are open at some time of [from, to), each cut where the next opens.
func (s series) occurrences(name string, from, to time.Time) iter.Seq[Occurrence] {
	return func(yield func(Occurrence) bool) {
		var held *Occurrence // the newest, until it is known when the next opens
		give := func() bool {
			return held == nil || !held.Closes.After(from) || !held.Opens.Before(*held.Closes) || yield(*held)
		}
		for start := range s.starts(wallDate(from, s.loc)) {
			opens := Resolve(start, s.loc)
			if held != nil && opens.Before(*held.Closes) {
				held.Closes = &opens
			}
			if !give() {
				return
			}
			if !opens.Before(to) {
				return
			}
			closes := s.closes(start, opens)
			held = &Occurrence{Window: name, Opens: opens, Closes: &closes}
		}
		give()
	}
}

// elapsed closes a fixed time after the opening.
func elapsed(d time.Duration) func(Wall, time.Time) time.Time {
	return func(_ Wall, opens time.Time) time.Time { return opens.Add(d) }
}

// timetable returns the series of a window: one, or one for each of its events. A window that is always open has none.
func timetable(w policy.Window, loc *time.Location) ([]series, error) {
	switch {
	case w.Always:
		return nil, nil
	case len(w.Events) > 0:
		return eventSeries(w.Events, loc)
	}
	r, err := compile(w)
	if err != nil {
		return nil, err
	}
	length := w.Duration.Std()
	return []series{{loc, func(from Wall) iter.Seq[Wall] { return r.starts(length, from) }, elapsed(length)}}, nil
}
