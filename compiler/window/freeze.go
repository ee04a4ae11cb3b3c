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
	Loc    *time.Location // in which it is meant
}

// Freezes resolves the freezes of a tenant, sorted by start, end and name. Of those that recur it lists every one that
// is in force at some time of [from, to) and for more than a year around it, so that an occurrence that reaches beyond
// has the same ends wherever one looks from. host is the zone that a host's label names; it matters only where a freeze
// is meant in each host's own zone. One that cannot be read is an error: callers must not go on as if it were absent.
func Freezes(t *policy.Tenant, host string, from, to time.Time) ([]Interval, error) {
	var list []Interval
	for _, f := range t.Freezes {
		loc, err := locate(t, f.Timezone, "freeze "+f.Name, host)
		if err != nil {
			return nil, err
		}
		in, err := resolve(f, loc, from, to)
		if err != nil {
			return nil, fmt.Errorf("freeze %s: %w", f.Name, err)
		}
		list = append(list, in...)
	}
	slices.SortFunc(list, func(a, b Interval) int {
		return cmp.Or(a.Starts.Compare(b.Starts), a.Ends.Compare(b.Ends), cmp.Compare(a.Freeze, b.Freeze))
	})
	return list, nil
}

// FrozenPerHost reports whether one of the tenant's freezes is meant in each host's own zone.
func FrozenPerHost(t *policy.Tenant) bool {
	return slices.ContainsFunc(t.Freezes, func(f policy.Freeze) bool { return f.Timezone == policy.HostZone })
}

// ValidFreeze says why the times of a freeze cannot be read, or nil.
func ValidFreeze(f policy.Freeze) error {
	_, err := resolve(f, time.UTC, time.Time{}, time.Time{})
	return err
}

func resolve(f policy.Freeze, loc *time.Location, from, to time.Time) ([]Interval, error) {
	if len(f.Events) > 0 {
		return resolveEvents(f, loc, from, to)
	}
	starts, err := ParseWall(f.Starts)
	if err != nil {
		return nil, err
	}
	ends, err := ParseWall(f.Ends)
	if err != nil {
		return nil, err
	}
	if !starts.utc.Before(ends.utc) {
		return nil, fmt.Errorf("it ends at %s, which is not after its start %s", ends, starts)
	}
	return []Interval{{f.Name, Resolve(starts, loc), Resolve(ends, loc), loc}}, nil
}

// around is longer than any occurrence that makes sense.
const around = 400 * 24 * time.Hour

func resolveEvents(f policy.Freeze, loc *time.Location, from, to time.Time) ([]Interval, error) {
	list, err := eventSeries(f.Events, loc)
	if err != nil || !from.Before(to) {
		return nil, err
	}
	var out []Interval
	for _, s := range list {
		for o := range s.occurrences(f.Name, from.Add(-around), to.Add(around)) {
			out = append(out, Interval{f.Name, o.Opens, *o.Closes, loc})
		}
	}
	return out, nil
}

// Open yields what the freezes leave of the occurrences of one window; see Union.Open.
func Open(w policy.Window, loc *time.Location, freezes []Interval, from, to time.Time) iter.Seq[Occurrence] {
	return Union{{w, loc}}.Open(freezes, from, to)
}

// Open yields what the freezes leave of the occurrences of [from, to): a freeze inside an occurrence leaves two
// segments, each an Occurrence with its own ends. Segments are whole like occurrences, and each is open at some time
// of [from, to). The freezes may overlap and come in any order.
func (u Union) Open(freezes []Interval, from, to time.Time) iter.Seq[Occurrence] {
	sorted := slices.SortedFunc(slices.Values(freezes), func(a, b Interval) int { return a.Starts.Compare(b.Starts) })
	return func(yield func(Occurrence) bool) {
		for o := range u.Occurrences(from, to) {
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
