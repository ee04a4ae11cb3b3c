package ledger

import (
	"cmp"
	"maps"
	"slices"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

// ScanOf is what the record of a scan says of its snapshot. Before is the state that the record follows: it says what
// waits for a reboot and what was ever started. Hosts without exactly one ring are in no ring's count.
func ScanOf(s *inventory.Snapshot, t *policy.Tenant, before State) (*Scan, error) {
	digest, err := s.Digest()
	if err != nil {
		return nil, err
	}
	ringOf := map[string]string{}
	for _, h := range t.Hosts {
		if r, ok := t.RingOf(h); ok {
			ringOf[h.Name] = r.Name
		}
	}
	out := &Scan{
		Snapshot: digest, Hosts: len(s.Hosts), Scanned: len(hostsThatAre(inventory.Scanned, s)), Unreachable: hostsThatAre(inventory.Unreachable, s),
		Stale: hostsThatAre(inventory.Stale, s), Quarantined: hostsThatAre(inventory.Quarantined, s),
		Missing: missingOf(s, ringOf), Seen: []string{}, Awake: awakeOf(s, before.Asleep), Health: HealthOf(s, ringOf, before.Evidence),
	}
	for _, u := range s.Updates {
		out.Seen = append(out.Seen, u.PURL)
	}
	out.inRings(s, t, ringOf)
	return out, nil
}

// inRings counts the hosts of each ring, those that could not be looked at, and names those of them that the ring has a
// rule for.
func (x *Scan) inRings(s *inventory.Snapshot, t *policy.Tenant, ringOf map[string]string) {
	sizes, unseen := map[string]int{}, map[string]int{}
	for _, h := range s.Hosts {
		ring := ringOf[h.Name]
		if ring == "" {
			continue
		}
		sizes[ring]++
		if h.State == inventory.Scanned {
			continue
		}
		unseen[ring]++
		if as := t.CatchesUp(ring, policy.DefaultLane).As; as == policy.CatchUpSeen || as == policy.CatchUpSkip {
			x.Away = append(x.Away, h.Name)
		}
	}
	for _, ring := range slices.Sorted(maps.Keys(sizes)) {
		x.Rings = append(x.Rings, RingHosts{Ring: ring, Hosts: sizes[ring]})
		if unseen[ring] > 0 {
			x.Unseen = append(x.Unseen, RingUnseen{Ring: ring, Hosts: unseen[ring]})
		}
	}
}

func hostsThatAre(state inventory.HostState, s *inventory.Snapshot) []string {
	out := []string{}
	for _, h := range s.Hosts {
		if h.State == state {
			out = append(out, h.Name)
		}
	}
	return out
}

// missingOf counts the scanned hosts of each ring that lack an update.
func missingOf(s *inventory.Snapshot, ringOf map[string]string) []RingMissing {
	count := map[RingMissing]int{}
	for _, h := range s.Hosts {
		if h.State != inventory.Scanned || ringOf[h.Name] == "" {
			continue
		}
		for _, m := range h.Missing {
			count[RingMissing{Ring: ringOf[h.Name], Update: s.Updates[m.Update].PURL}]++
		}
	}
	out := make([]RingMissing, 0, len(count))
	for row, hosts := range count {
		row.Hosts = hosts
		out = append(out, row)
	}
	slices.SortFunc(out, func(a, b RingMissing) int {
		return cmp.Or(cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Update, b.Update))
	})
	return out
}

// awakeOf are the hosts that have updates waiting for a reboot and ask for none any more: somebody has rebooted them.
func awakeOf(s *inventory.Snapshot, asleep []Asleep) []string {
	var out []string
	for _, a := range asleep {
		if h := s.Host(a.Host); h != nil && h.State == inventory.Scanned && !h.RebootPending && !slices.Contains(out, a.Host) {
			out = append(out, a.Host)
		}
	}
	slices.Sort(out)
	return out
}
