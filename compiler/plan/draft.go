package plan

import (
	"iter"
	"maps"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

// Draft is a plan that nobody has measured yet, with what it rests on: what was decided of each row, and where each host
// belongs. The document does not say that; whoever compares two plans must know it. Measuring is most of the work of a
// large plan, and a comparison needs no digest.
type Draft struct {
	Input Input         // as the plan reads it, its lists in order
	Plan  *Plan         // without parents and digest
	Rings []policy.Ring // in the plan's order, each after those it requires
	build *build
}

// NewDraft makes a plan up to its digests. It is as pure as Build, and has the same errors.
func NewDraft(in Input) (*Draft, error) {
	b, err := decided(in)
	if err != nil {
		return nil, err
	}
	b.place()
	return &Draft{b.Input, b.document(), b.rings, b}, nil
}

// Hosts are the policy's hosts at the snapshot's site, in no order.
func (d *Draft) Hosts() iter.Seq[string] { return maps.Keys(d.build.known) }

// Home is the ring of one of Hosts, or why nothing is planned for it whatever a scan says; ok is false for any other.
func (d *Draft) Home(host string) (ring, why string, ok bool) {
	s := d.build.known[host]
	switch {
	case s == nil:
		return "", "", false
	case s.reason != "":
		return "", s.reason, true
	}
	return d.Rings[s.ring].Name, "", true
}

// Size is how many hosts a ring has at the snapshot's site, scanned or not. Its budget is a part of them.
func (d *Draft) Size(ring int) int { return d.build.sizes[ring] }

// Member is a host whose updates are judged: it was scanned, and has one ring.
type Member struct {
	Host    *inventory.Host
	Ring    int                 // of Rings
	Missing []inventory.Missing // each update once, sorted
}

// Members are the hosts that the plan judges, by name.
func (d *Draft) Members() iter.Seq[Member] {
	return func(yield func(Member) bool) {
		for _, m := range d.build.members {
			if !yield(Member{m.host, m.ring, m.missing}) {
				return
			}
		}
	}
}

// Decision is what was decided of an update that a member of the ring lacks; of a ring whose canaries go first, what was
// decided of those. Both are numbers, into Rings and the snapshot's updates.
func (d *Draft) Decision(ring, update int) decision.Decision {
	return d.build.judged(ring, update).decision
}
