package effect

import (
	"cmp"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
)

// placement is where one plan puts a row. The zero placement is nowhere. Instants are seconds, 0 for none, so that
// equal places are equal values.
type placement struct {
	state                string
	ring, lane           string
	standing             Standing
	window               string
	opens, closes, until int64
	cause                plan.WaitFor
	why                  string
	down, stop           int
}

// start is the instant from which the row may happen; ok is false when nobody knows one.
func (p placement) start(at time.Time) (second int64, ok bool) {
	switch p.state {
	case "planned":
		return max(p.opens, at.Unix()), true
	case "waiting":
		return p.until, p.until != 0
	}
	return 0, false
}

// moved says whether one place is before or after another. What has no known instant is after all that have.
func moved(from, to placement, at time.Time) int {
	a, known := from.start(at)
	b, still := to.start(at)
	switch {
	case known && still:
		return cmp.Compare(b, a)
	case known:
		return 1
	case still:
		return -1
	}
	return 0
}

// document writes a place down.
func (p placement) document() DiffState {
	return DiffState{
		State: cmp.Or(p.state, "none"), Ring: p.ring, Lane: p.lane, Standing: p.standing, Window: p.window,
		Opens: second(p.opens), Closes: second(p.closes), For: p.cause, Until: second(p.until), Why: p.why, Down: p.down, StopAt: p.stop,
	}
}

func second(unix int64) *time.Time {
	if unix == 0 {
		return nil
	}
	t := time.Unix(unix, 0).UTC()
	return &t
}

func unix(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

// placements gives equal places equal numbers; 0 is nowhere.
type placements struct {
	ids  map[placement]int32
	list []placement
}

func newPlacements() *placements {
	return &placements{map[placement]int32{{}: 0}, []placement{{}}}
}

func (s *placements) id(p placement) int32 {
	id, ok := s.ids[p]
	if !ok {
		id = int32(len(s.list))
		s.ids[p], s.list = id, append(s.list, p)
	}
	return id
}
