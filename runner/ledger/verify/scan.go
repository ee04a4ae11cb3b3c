package verify

import (
	"slices"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/runner/ledger"
)

// scan compares what a record says of its scan with the snapshot that it made.
func (v *verifier) scan(s *step, snap *inventory.Snapshot, digest string, scan ledger.Scan) {
	if digest != scan.Snapshot {
		v.found(s, Snapshot, "the record's scan is of snapshot %s, and %s is here", scan.Snapshot, digest)
	}
	v.scanStates(s, snap, scan)
	v.scanNames(s, snap, scan)
	v.scanUpdates(s, snap, scan)
	v.health(s, snap, scan.Health)
	v.scanMissing(s, snap, scan)
}

// scanStates: the record counts and names hosts by state as its snapshot has them.
func (v *verifier) scanStates(s *step, snap *inventory.Snapshot, scan ledger.Scan) {
	states := map[inventory.HostState][]string{}
	for _, h := range snap.Hosts {
		states[h.State] = append(states[h.State], h.Name)
	}
	same := scan.Hosts == len(snap.Hosts) && scan.Scanned == len(states[inventory.Scanned]) &&
		slices.Equal(scan.Unreachable, states[inventory.Unreachable]) && slices.Equal(scan.Stale, states[inventory.Stale]) &&
		slices.Equal(scan.Quarantined, states[inventory.Quarantined])
	if !same {
		v.found(s, Snapshot, "the record counts other hosts than its snapshot has")
	}
}

// scanNames: whom the record calls away was not scanned, and whom it calls awake asks for no reboot.
func (v *verifier) scanNames(s *step, snap *inventory.Snapshot, scan ledger.Scan) {
	for _, name := range scan.Away {
		if h := snap.Host(name); h == nil || h.State == inventory.Scanned {
			v.found(s, Snapshot, "the record says that %s was away, and its snapshot does not", name)
		}
	}
	for _, name := range scan.Awake {
		if h := snap.Host(name); h == nil || h.State != inventory.Scanned || h.RebootPending {
			v.found(s, Snapshot, "the record says that %s was rebooted, and its snapshot does not", name)
		}
	}
}

func (v *verifier) scanUpdates(s *step, snap *inventory.Snapshot, scan ledger.Scan) {
	seen := []string{}
	for _, u := range snap.Updates {
		seen = append(seen, u.PURL)
	}
	if !slices.Equal(seen, scan.Seen) {
		v.found(s, Snapshot, "the record names other updates than its snapshot has")
	}
}

// scanMissing: no more hosts lack an update than its snapshot has. Hosts in no ring are in no row, so this is no equation.
func (v *verifier) scanMissing(s *step, snap *inventory.Snapshot, scan ledger.Scan) {
	lacks := map[string]int{}
	for _, h := range snap.Hosts {
		for _, m := range h.Missing {
			if h.State == inventory.Scanned {
				lacks[snap.Updates[m.Update].PURL]++
			}
		}
	}
	for _, m := range scan.Missing {
		if lacks[m.Update] -= m.Hosts; lacks[m.Update] < 0 {
			v.found(s, Snapshot, "the record says that more hosts lack %s than its snapshot has", m.Update)
		}
	}
}
