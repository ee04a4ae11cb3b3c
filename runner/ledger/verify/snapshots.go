package verify

import (
	"strings"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
)

// snapshots: only a scan, or a wave that read its hosts again, replaces a snapshot, and only that of its own site.
func (v *verifier) snapshots(s *step) {
	own := branch.SnapshotPath(s.record.Site)
	for name, hash := range s.files {
		if !strings.HasPrefix(name, "snapshot/") || s.had(name) == hash {
			continue
		}
		if s.record.Phase != ledger.PhaseScan && s.record.Phase != ledger.PhaseWave || name != own {
			v.found(s, Snapshot, "%s was changed by a record of phase %s and site %s", name, s.record.Phase, s.record.Site)
		}
	}
	if s.prev != nil {
		for name := range s.prev.files {
			if _, kept := s.files[name]; strings.HasPrefix(name, "snapshot/") && !kept {
				v.found(s, Snapshot, "%s is gone", name)
			}
		}
	}
	if s.files[own] != s.had(own) || s.record.Scan != nil {
		v.snapshot(s)
	}
}

// had is the content that the record before had under a name.
func (s *step) had(name string) string {
	if s.prev == nil {
		return ""
	}
	return s.prev.files[name]
}

// snapshot reads the record's own snapshot, and compares a scan with what it says it saw.
func (v *verifier) snapshot(s *step) {
	snap, digest, err := v.snapshotOf(s, s.record.Site)
	if err != nil {
		v.found(s, Snapshot, "%v", err)
		return
	}
	if s.record.Phase == ledger.PhaseScan && s.record.Scan == nil {
		v.found(s, Snapshot, "it replaces a snapshot and says nothing of its scan")
	}
	if s.record.Scan != nil {
		v.scan(s, snap, digest, *s.record.Scan)
	}
}

// snapshotOf reads a snapshot, which must be what an honest writer writes, byte for byte.
func (v *verifier) snapshotOf(s *step, site string) (*inventory.Snapshot, string, error) {
	name := branch.SnapshotPath(site)
	raw, err := v.file(s, name)
	if err != nil {
		return nil, "", err
	}
	if v.sites[site] == nil {
		v.sites[site] = &inventory.Exact{}
	}
	snap, digest, err := v.sites[site].Decode(raw)
	if err != nil {
		return nil, "", &fileError{name, err}
	}
	if snap.Tenant != v.Tenant || snap.Site != site {
		return nil, "", &fileError{name, inventory.ErrSnapshot}
	}
	return snap, digest, nil
}
