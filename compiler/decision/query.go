package decision

import (
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

// Query asks for one update in one ring and lane at one instant.
type Query struct {
	Policy      *policy.Tenant
	Ring        *policy.Ring
	Lane        *policy.Lane // nil: the default lane
	Update      inventory.Update
	Answer      Answer
	ClassDigest string // "": that of Answer
	Evidence    *Index // nil: nothing is known of any ring
	Break       *Break // nil: the breaker does not hold it
	// Canaries is how many hosts of the ring go first in the lane; 0: none do. Rest asks for the others.
	Canaries int
	Rest     bool
	// Missing counts the scanned hosts of a required ring of this tenant that still lack the update, by
	// Requirement.Key. It is not asked about other tenants' rings, whose evidence says so itself. Nil: none are known.
	Missing func(ringKey string) int
	// Reported counts, in the same way, the hosts of a required ring of this tenant and those of them that the newest
	// scans reached. Nil: nobody knows.
	Reported func(ringKey string) Reports
	// Unwell names the hosts of a required ring of this tenant that have the update and are of a health, as far as the newest
	// snapshot shows them: it may add to what evidence says, never take from it. Asked for only where a requirement needs
	// it; nil: none are known.
	Unwell func(ringKey string, h inventory.Health) []string
	// Platforms are those of the hosts that are to get the update, "" for one that is not known. Asked for only where
	// a requirement needs them; nil: nobody knows.
	Platforms func() []string
	At        time.Time
}

// Reports says how many hosts a ring has and how many of them the newest scans reached.
type Reports struct{ Reached, Hosts int }

// Index finds evidence by ring and update without walking the list: a plan asks some 10^5 times.
type Index struct {
	records map[[2]string]RingEvidence
}

// NewIndex indexes evidence. Of two records for the same ring and update the first counts, as in Evidence.Of.
func NewIndex(e Evidence) *Index {
	x := &Index{records: make(map[[2]string]RingEvidence, len(e))}
	for _, r := range e {
		key := [2]string{r.Ring, r.Update}
		if _, dup := x.records[key]; !dup {
			x.records[key] = r
		}
	}
	return x
}

// Of returns the evidence of an update in a ring; ok is false when there is none. A nil Index knows of nothing.
func (x *Index) Of(ring, update string) (e RingEvidence, ok bool) {
	if x != nil {
		e, ok = x.records[[2]string{ring, update}]
	}
	if !ok {
		e = RingEvidence{Ring: ring, Update: update}
	}
	return e, ok
}

// LaneOf returns the lane of an update: of those that match, the one with the highest priority; nil is the default
// lane. A tie is a compile error; should one get this far, the first by name wins so that the answer is stable.
func LaneOf(t *policy.Tenant, a Answer) *policy.Lane {
	var best *policy.Lane
	for _, name := range a.Lanes {
		l := laneNamed(t, name)
		if l == nil {
			continue
		}
		if best == nil || l.Priority > best.Priority || l.Priority == best.Priority && l.Name < best.Name {
			best = l
		}
	}
	return best
}

func laneNamed(t *policy.Tenant, name string) *policy.Lane {
	for i := range t.Lanes {
		if t.Lanes[i].Name == name {
			return &t.Lanes[i]
		}
	}
	return nil
}

func laneName(l *policy.Lane) string {
	if l == nil {
		return policy.DefaultLane
	}
	return l.Name
}
