package plan

import (
	"encoding/binary"

	"github.com/ringfence/ringfence/compiler/policy"
)

// sets interns exact sets of updates: hosts that lack the same share one.
type sets struct {
	ids  map[string]int
	list [][]lack
	from map[string]uint64 // interned version strings
	key  []byte
}

func newSets() *sets { return &sets{ids: map[string]int{}, from: map[string]uint64{}} }

// id returns the number of a set, which is sorted by update. The set must not change afterwards.
func (s *sets) id(set []lack) int {
	s.key = s.key[:0]
	for _, x := range set {
		v, ok := s.from[x.From]
		if !ok {
			v = uint64(len(s.from))
			s.from[x.From] = v
		}
		s.key = append(binary.AppendUvarint(binary.AppendUvarint(s.key, uint64(x.Update)), v), byte(order(x.canary)))
	}
	if id, ok := s.ids[string(s.key)]; ok {
		return id
	}
	s.ids[string(s.key)] = len(s.list)
	s.list = append(s.list, set)
	return len(s.list) - 1
}

type changeKey struct {
	set    int
	reboot policy.Reboot
}

// numbering gives changes dense ids in the order in which the document first uses them.
type numbering struct {
	plan *Plan
	ids  map[changeKey]int
}

func (n *numbering) id(b *build, set int, reboot policy.Reboot) int {
	key := changeKey{set, reboot}
	id, ok := n.ids[key]
	if !ok {
		id = len(n.plan.Changes)
		n.ids[key] = id
		n.plan.Changes = append(n.plan.Changes, Change{ID: id, Updates: b.updates(b.sets.list[set]), Reboot: reboot})
	}
	return id
}

func (b *build) updates(set []lack) []ChangeUpdate {
	out := make([]ChangeUpdate, 0, len(set))
	for _, x := range set {
		out = append(out, ChangeUpdate{Update: b.Snapshot.Updates[x.Update].PURL, From: x.From, Canary: x.canary})
	}
	return out
}

// waves writes down the waves of an occurrence; within one, hosts with the same change share a row. They count on from
// the waves before that open at the same instant, else from 1.
func (b *build) waves(before []Wave, k *bucket, budget int, reboot policy.Reboot, n *numbering) []Wave {
	number := 1
	if l := len(before); l > 0 && before[l-1].Opens.Equal(k.occurrence.Opens) {
		number = before[l-1].Wave + 1
	}
	out := before
	for _, together := range b.cut(k.hosts, budget) {
		rows := map[int]int{}
		for _, h := range together {
			change := n.id(b, h.set, ruleOf(b.sets.list[h.set], reboot))
			row, ok := rows[change]
			if !ok {
				row = len(out)
				rows[change] = row
				out = append(out, Wave{
					Wave: number, Window: k.occurrence.Window, Opens: k.occurrence.Opens, Closes: k.occurrence.Closes, Change: change, CatchUp: k.catchUp,
				})
			}
			out[row].Hosts = append(out[row].Hosts, h.host)
		}
		number++
	}
	return out
}

// ruleOf is the reboot rule of a change: one without updates is nothing but a reboot.
func ruleOf(set []lack, reboot policy.Reboot) policy.Reboot {
	if len(set) == 0 {
		return policy.RebootIfRequired
	}
	return reboot
}
