package policy

// CatchUp says what happens with hosts that were away at an occurrence of their ring's window. The zero value: they go
// with the others as soon as a window of the ring is open.
type CatchUp struct {
	As     CatchUpAs `json:"as"`
	Within string    `json:"within,omitempty"` // a window, of CatchUpSeen
}

// CatchUpAs names a rule for hosts that were away.
type CatchUpAs string

// The rules.
const (
	CatchUpNext CatchUpAs = "next-window" // that of the zero value
	CatchUpSeen CatchUpAs = "as-soon-as-seen"
	CatchUpSkip CatchUpAs = "skip"
)

// CatchesUp is the rule of a ring in a lane: one with windows of its own has none.
func (t *Tenant) CatchesUp(ring, lane string) CatchUp {
	for _, l := range t.Lanes {
		if l.Name == lane && len(l.WindowNames()) > 0 {
			return CatchUp{}
		}
	}
	for _, r := range t.Rings {
		if r.Name == ring {
			return r.CatchUp
		}
	}
	return CatchUp{}
}
