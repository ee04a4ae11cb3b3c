package verify

import (
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/runner/ledger"
)

// health: no record says that more hosts are well than its snapshot has. That it leaves out none that is not is for the
// gate to see, which knows the rings.
func (v *verifier) health(s *step, snap *inventory.Snapshot, rows []ledger.RingHealth) {
	well := map[string]int{}
	for _, h := range snap.Hosts {
		for _, i := range h.Installed {
			if h.Condition() == inventory.HealthOK {
				well[snap.Updates[i.Update].PURL]++
			}
		}
	}
	for _, r := range rows {
		if well[r.Update] -= r.Healthy; well[r.Update] < 0 || r.Healthy < 0 || r.Failing < 0 || r.Unknown < 0 {
			v.found(s, Snapshot, "the record says that more hosts with %s are well than its snapshot has", r.Update)
		}
	}
}

// unwell names the hosts of an own ring that have an update and are of a health, as the plan names them.
func (r *run) unwell(ring, update string, health inventory.Health) []string {
	var out []string
	for _, h := range r.members(ring).ailing {
		if h.Condition() == health && r.snapshot.Has(h, update) {
			out = append(out, h.Name)
		}
	}
	return out
}
