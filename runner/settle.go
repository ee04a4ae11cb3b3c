package runner

import (
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner/ledger"
)

// SettleDoubt ends doubt with what a scan has just read: a host that has every update of the action has it done; one that
// has none was not touched; anything between failed half-way. Hosts that could not be read stay in doubt.
func SettleDoubt(doubt []plan.InDoubt, readings []Reading, at time.Time) []ledger.Action {
	scans := map[string]*providers.HostScan{}
	for _, r := range readings {
		scans[r.Host] = r.Scan
	}
	out := []ledger.Action{}
	for _, d := range doubt {
		if scan := scans[d.Host]; scan != nil {
			out = append(out, settled(d, scan, at))
		}
	}
	return out
}

func settled(d plan.InDoubt, scan *providers.HostScan, at time.Time) ledger.Action {
	a := ledger.Action{ID: d.ID, Host: d.Host, Verb: ledger.VerbApply, Ring: d.Ring, StartedAt: d.Since, EndedAt: &at, Platform: scan.OS}
	for _, u := range d.Updates {
		a.Updates = append(a.Updates, plan.ChangeUpdate{Update: u})
	}
	lacks := len(lacking(Targets(a.Updates), scan))
	switch lacks {
	case 0:
		a.Status, a.HostState, a.Reason = ledger.Succeeded, string(providers.Done), "was in doubt; a scan found it installed"
	case len(a.Updates):
		a.Status, a.HostState, a.Reason = ledger.Failed, string(providers.Untouched), "was in doubt; a scan found nothing of it installed"
	default:
		a.Status, a.HostState, a.Reason = ledger.Failed, string(providers.Partial), "was in doubt; a scan found part of it installed"
	}
	return a
}
