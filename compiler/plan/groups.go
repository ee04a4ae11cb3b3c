package plan

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
)

// The reasons for which a host of a quorum group waits.
const (
	ReasonQuorum   = "GROUP_QUORUM"   // as many are down as may be
	ReasonSequence = "GROUP_SEQUENCE" // one before it failed, or is down
)

// gather finds out, for each pool, which hosts are down already, and which hosts of quorum groups can not start.
func (b *build) gather() {
	b.down0, b.stuck = make([]map[string]bool, len(b.pools)), map[string]decision.Reason{}
	scanned := map[string]bool{}
	for _, m := range b.members {
		scanned[m.host.Name] = true
	}
	for i, p := range b.pools {
		down := map[string]bool{}
		for _, h := range p.Hosts {
			if b.doubt[h] || p.Quorum && !scanned[h] {
				down[h] = true
			}
		}
		b.down0[i] = down
		if p.Quorum {
			b.stick(p, down)
		}
	}
}

// stick notes the hosts of a group that can not start as things are.
func (b *build) stick(p policy.Pool, down map[string]bool) {
	if len(down) >= p.Most {
		b.stickAll(p, p.Hosts, ReasonQuorum, fmt.Sprintf("%s: %d of %d hosts are down or unknown, and no more than %d may be", p.Name, len(down), len(p.Hosts), p.Most))
		return
	}
	for i, h := range p.Order {
		switch {
		case b.failedNow(h):
			b.stickAll(p, p.Order, ReasonSequence, fmt.Sprintf("%s: %s failed; the sequence goes on in a later occurrence of its window", p.Name, h))
			return
		case down[h]:
			b.stickAll(p, p.Order[i:], ReasonSequence, fmt.Sprintf("%s: %s comes before it, and is down or unknown", p.Name, h))
			return
		}
	}
}

func (b *build) stickAll(p policy.Pool, hosts []string, code, msg string) {
	for _, h := range hosts {
		if _, ok := b.stuck[h]; !ok {
			b.stuck[h] = decision.Reason{Code: code, Msg: msg, Source: p.Source}
		}
	}
}

// failedNow reports whether something failed on a host in an occurrence, of whatever lane, that is not over.
func (b *build) failedNow(host string) bool {
	s := b.known[host]
	if s == nil || s.reason != "" {
		return false
	}
	for lane := range b.lanes {
		r := b.rota(s.ring, lane, s.zone)
		for _, f := range b.failures[host] {
			if b.calendar.retry(r, f.At).After(b.At) {
				return true
			}
		}
		if x := b.reboots[host]; x.Failed > 0 && b.calendar.retry(r, x.At).After(b.At) {
			return true
		}
	}
	return false
}

// stay adds a host that its group keeps from starting to those that wait for the same.
func (v *verdict) stay(why decision.Reason, host string) {
	if v.stuck == nil {
		v.stuck = map[string]*Waiting{}
	}
	if v.stuck[why.Msg] == nil {
		v.stuck[why.Msg] = v.part.wait(v.decision.Update, ForBudget, nil, append([]decision.Reason{why}, v.decision.Reasons...))
	}
	v.stuck[why.Msg].Hosts = append(v.stuck[why.Msg].Hosts, host)
}

// sequenced puts hosts of a group with a sequence into its order, each where a host of the group stood.
func (b *build) sequenced(hosts []hostSet) []hostSet {
	out := slices.Clone(hosts)
	for i, p := range b.pools {
		if len(p.Order) == 0 {
			continue
		}
		var places []int
		var members []hostSet
		for j, h := range out {
			if slices.Contains(b.poolsOf[h.host], i) {
				places, members = append(places, j), append(members, h)
			}
		}
		slices.SortFunc(members, func(x, y hostSet) int { return slices.Index(p.Order, x.host) - slices.Index(p.Order, y.host) })
		for n, j := range places {
			out[j] = members[n]
		}
	}
	return out
}
