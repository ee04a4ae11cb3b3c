package ledger

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
)

// canaryOf lists the updates of an action with which its host goes first, sorted; nil for none.
func canaryOf(a Action) []string {
	first := slices.DeleteFunc(slices.Clone(a.Updates), func(u plan.ChangeUpdate) bool { return !u.Canary })
	if len(first) == 0 {
		return nil
	}
	return purls(first)
}

// sang notes that an update succeeded on a canary.
func (x *reducer) sang(ring, update, host string, at time.Time) {
	key := [2]string{ring, update}
	c, ok := x.canaries[key]
	if !ok || at.After(c.SucceededAt) {
		c.SucceededAt = at
	}
	c.Ring, c.Update = ring, update
	c.Hosts = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(c.Hosts), host))))
	x.canaries[key] = c
}

// silenced takes the success of a canary back, and reports whether there was one.
func (x *reducer) silenced(ring, update, host string) bool {
	key := [2]string{ring, update}
	c := x.canaries[key]
	i, ok := slices.BinarySearch(c.Hosts, host)
	if !ok {
		return false
	}
	c.Hosts = slices.Delete(slices.Clone(c.Hosts), i, i+1)
	x.canaries[key] = c
	if len(c.Hosts) == 0 {
		delete(x.canaries, key)
	}
	return true
}

// finishCanaries writes the list; nil when it is empty, as a decoded state's is.
func (x *reducer) finishCanaries() {
	maps.DeleteFunc(x.canaries, func(key [2]string, _ Canaries) bool { return x.dropped[key[1]] })
	x.s.Canaries = slices.SortedFunc(maps.Values(x.canaries), func(a, b Canaries) int {
		return cmp.Or(cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Update, b.Update))
	})
}
