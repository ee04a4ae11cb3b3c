package window

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// event is a checked entry of a calendar file.
type event struct {
	starts       Wall
	rule         *rule
	also, except []Wall
	days         int
	length       time.Duration
	loc          *time.Location
}

// eventSeries returns one series for each event. loc is for those that name no zone.
func eventSeries(list []policy.Event, loc *time.Location) ([]series, error) {
	var out []series
	for _, e := range list {
		c, err := readEvent(e, loc)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Source, err)
		}
		out = append(out, series{c.loc, c.from, c.closes})
	}
	return out, nil
}

func readEvent(e policy.Event, loc *time.Location) (event, error) {
	out := event{days: e.Days, length: e.Duration.Std(), loc: loc}
	var err error
	if out.starts, err = ParseWall(e.Starts); err != nil {
		return out, err
	}
	if e.Timezone != "" {
		if out.loc, err = Zone(e.Timezone); err != nil {
			return out, err
		}
	}
	if (e.Days > 0) == (e.Duration > 0) || e.Days < 0 || e.Days > longest {
		return out, errors.New("it does not end after it starts")
	}
	if e.RRule != "" {
		parsed, err := parseRule(e.RRule, out.starts.utc.Format(time.DateOnly))
		if err != nil {
			return out, err
		}
		out.rule = &parsed
	}
	if out.also, err = sortedWalls(e.Also, ParseWall); err != nil {
		return out, err
	}
	out.except, err = sortedWalls(e.Except, ParseWall)
	return out, err
}

// sortedWalls parses a list and returns each value once, in order.
func sortedWalls(list []string, parse func(string) (Wall, error)) ([]Wall, error) {
	var out []Wall
	for _, text := range list {
		w, err := parse(text)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	slices.SortFunc(out, compareWalls)
	return slices.Compact(out), nil
}

// closes counts dates where the event says days, and elapsed time elsewhere.
func (e event) closes(start Wall, opens time.Time) time.Time {
	if e.days > 0 {
		return Resolve(start.addDays(e.days), e.loc)
	}
	return opens.Add(e.length)
}

// from yields the starts that can still be open at a date, and later ones: its first start, those of its rule and
// further ones, each once, without the exceptions.
func (e event) from(date Wall) iter.Seq[Wall] {
	lookback := min(max(e.days, int(e.length/(24*time.Hour))), longest) + 2
	first := date.addDays(-lookback)
	singles := slices.DeleteFunc(append([]Wall{e.starts}, e.also...), func(w Wall) bool { return w.utc.Before(first.utc) })
	slices.SortFunc(singles, compareWalls)
	return func(yield func(Wall) bool) {
		for w := range e.merged(singles, first) {
			if _, left := slices.BinarySearchFunc(e.except, w, compareWalls); !left && !yield(w) {
				return
			}
		}
	}
}

// merged yields singles, which are sorted, and the rule's starts in order, each once.
func (e event) merged(singles []Wall, first Wall) iter.Seq[Wall] {
	return func(yield func(Wall) bool) {
		var last *Wall
		give := func(w Wall) bool {
			if last != nil && compareWalls(*last, w) == 0 {
				return true
			}
			last = &w
			return yield(w)
		}
		if e.rule != nil {
			clock := e.starts.utc.Sub(e.starts.utc.Truncate(24 * time.Hour))
			for d := range e.rule.dates(first) {
				w := Wall{d.utc.Add(clock)}
				for len(singles) > 0 && compareWalls(singles[0], w) <= 0 {
					if !give(singles[0]) {
						return
					}
					singles = singles[1:]
				}
				if !give(w) {
					return
				}
			}
		}
		for _, w := range singles {
			if !give(w) {
				return
			}
		}
	}
}
