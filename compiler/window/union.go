package window

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// Zoned is a window and the zone in which its wall times are meant.
type Zoned struct {
	policy.Window
	Loc *time.Location
}

// Union is several windows of one ring: it is open while one of them is.
type Union []Zoned

// Next returns the occurrence that is open at after, else the first that opens later, as long as it opens before
// after + horizon.
func (u Union) Next(after time.Time, horizon time.Duration) (Occurrence, bool) {
	for o := range u.Occurrences(after, after.Add(horizon)) {
		return o, true
	}
	return Occurrence{}, false
}

// Always reports whether one of the windows is always open, so that the union is.
func (u Union) Always() bool {
	return slices.ContainsFunc(u, func(z Zoned) bool { return z.Window.Always })
}

// Occurrences yields, in order, every occurrence that is open at some time of [from, to), named by its window. They
// are whole and never overlap: of two windows that do, an occurrence that lies within another one's is left out, and
// one that outlasts another takes over where it opens. So no time counts twice, and none is lost.
func (u Union) Occurrences(from, to time.Time) iter.Seq[Occurrence] {
	return func(yield func(Occurrence) bool) {
		if !from.Before(to) {
			return
		}
		var sources []source
		for _, z := range u {
			if z.Window.Always {
				yield(Occurrence{Window: z.Name, Opens: from.UTC()})
				return
			}
			list, err := timetable(z.Window, z.Loc)
			if err != nil {
				continue // it never opens
			}
			for _, s := range list {
				sources = append(sources, func(from, to time.Time) iter.Seq[Occurrence] { return s.occurrences(z.Name, from, to) })
			}
		}
		merge(sources, from, to, yield)
	}
}

// source yields what is open at some time of [from, to), in order and without overlaps.
type source func(from, to time.Time) iter.Seq[Occurrence]

// merge yields the union of sources. What becomes of an occurrence depends only on those that are open when it opens
// or that open before it closes, so the sources are asked a little beyond [from, to) on both sides.
func merge(sources []source, from, to time.Time, yield func(Occurrence) bool) {
	if len(sources) == 1 {
		sources[0](from, to)(yield)
		return
	}
	early, late := reach(sources, from, to)
	var held *Occurrence
	give := func() bool { return held == nil || !held.Closes.After(from) || yield(*held) }
	for _, o := range collect(sources, early, late) {
		switch {
		case held != nil && !o.Closes.After(*held.Closes):
			continue
		case held != nil && o.Opens.Before(*held.Closes):
			held.Closes = &o.Opens
		}
		if !give() {
			return
		}
		if !o.Opens.Before(to) {
			return
		}
		held = &o
	}
	give()
}

// reach is how far occurrences of [from, to) stretch.
func reach(sources []source, from, to time.Time) (early, late time.Time) {
	early, late = from, to
	for _, s := range sources {
		for o := range s(from, to) {
			early, late = earlier(early, o.Opens), later(late, *o.Closes)
		}
	}
	return early, late
}

// collect lists what all sources yield, by opening; of several that open together the longest first.
func collect(sources []source, from, to time.Time) []Occurrence {
	var list []Occurrence
	for _, s := range sources {
		list = slices.AppendSeq(list, s(from, to))
	}
	slices.SortStableFunc(list, func(a, b Occurrence) int {
		return cmp.Or(a.Opens.Compare(b.Opens), b.Closes.Compare(*a.Closes), cmp.Compare(a.Window, b.Window))
	})
	return list
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
