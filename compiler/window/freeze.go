package window

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// Interval is one freeze as instants: [Starts, Ends) in UTC.
type Interval struct {
	Freeze string
	Starts time.Time
	Ends   time.Time
}

// Freezes resolves the freezes of a tenant, sorted by start, end and name. One that cannot be read is an error:
// callers must not go on as if it were absent.
func Freezes(t *policy.Tenant, loc *time.Location) ([]Interval, error) {
	var list []Interval
	for _, f := range t.Freezes {
		i, err := resolve(f, loc)
		if err != nil {
			return nil, fmt.Errorf("freeze %s: %w", f.Name, err)
		}
		list = append(list, i)
	}
	slices.SortFunc(list, func(a, b Interval) int {
		return cmp.Or(a.Starts.Compare(b.Starts), a.Ends.Compare(b.Ends), cmp.Compare(a.Freeze, b.Freeze))
	})
	return list, nil
}

func resolve(f policy.Freeze, loc *time.Location) (Interval, error) {
	starts, err := ParseWall(f.Starts)
	if err != nil {
		return Interval{}, err
	}
	ends, err := ParseWall(f.Ends)
	if err != nil {
		return Interval{}, err
	}
	if !starts.utc.Before(ends.utc) {
		return Interval{}, fmt.Errorf("it ends at %s, which is not after its start %s", ends, starts)
	}
	return Interval{f.Name, Resolve(starts, loc), Resolve(ends, loc)}, nil
}

// Open yields what the freezes leave of the occurrences of [from, to): a freeze inside an occurrence leaves two
// segments, each an Occurrence with its own ends. Segments are whole like occurrences, and each is open at some time
// of [from, to). The freezes may overlap and come in any order.
func Open(w policy.Window, loc *time.Location, freezes []Interval, from, to time.Time) iter.Seq[Occurrence] {
	sorted := slices.SortedFunc(slices.Values(freezes), func(a, b Interval) int { return a.Starts.Compare(b.Starts) })
	return func(yield func(Occurrence) bool) {
		for o := range Occurrences(w, loc, from, to) {
			for _, s := range subtract(o, sorted) {
				if s.Closes != nil && !s.Closes.After(from) {
					continue
				}
				if !s.Opens.Before(to) || !yield(s) {
					return
				}
			}
		}
	}
}

// subtract cuts freezes, sorted by start, out of one occurrence.
func subtract(o Occurrence, freezes []Interval) []Occurrence {
	var left []Occurrence
	for _, f := range freezes {
		if !f.Ends.After(o.Opens) {
			continue
		}
		if o.Closes != nil && !f.Starts.Before(*o.Closes) {
			break
		}
		if f.Starts.After(o.Opens) {
			closes := f.Starts
			left = append(left, Occurrence{o.Window, o.Opens, &closes})
		}
		o.Opens = f.Ends
		if o.Closes != nil && !o.Opens.Before(*o.Closes) {
			return left
		}
	}
	return append(left, o)
}
