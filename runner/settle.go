package runner

import (
	"context"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner/ledger"
)

// SettleDoubt ends doubt with what a scan has just read: a host that has every update of the action has it done; one that
// has none was not touched; anything between failed half-way. Hosts that could not be read stay in doubt.
//
// A host that says of the action that it is still running stays in doubt too, and one that says it never began, and
// cannot any more, was not touched. Standings are by action id; see Standings.
//
// Where the ring reboots if required, a host that still asks for a reboot is not done: the doubt may be about just that.
// Where the action is done and checks fail that did not when prev was taken, it failed: nobody looked in between.
//
// A reboot itself is done if the host has another boot id and asks for none any more.
func SettleDoubt(t *policy.Tenant, doubt []plan.InDoubt, standings map[string]Standing, readings []Reading, prev *inventory.Snapshot, at time.Time) []ledger.Action {
	rings := map[string]policy.Ring{}
	for _, r := range t.Rings {
		rings[r.Name] = r
	}
	read := map[string]Reading{}
	for _, r := range readings {
		read[r.Host] = r
	}
	out := []ledger.Action{}
	for _, d := range doubt {
		scan, standing := read[d.Host].Scan, standings[d.ID]
		if scan == nil || standing == StandingRunning {
			continue
		}
		a := settled(d, scan, rings[d.Ring], at)
		if standing == StandingNone && a.Status == ledger.Failed {
			a.Status, a.HostState, a.Reason = ledger.Skipped, string(providers.Untouched), "was in doubt; the host never saw it start"
		}
		if a.Verb == ledger.VerbApply && a.Status == ledger.Succeeded && prev != nil {
			if fell := scannedBaseline(prev.Host(d.Host)).fell(read[d.Host].Health); len(fell) > 0 {
				a = unwell(a, fell)
				a.AwaitsReboot, a.Reason = false, "was in doubt; a scan found it "+a.Reason
			}
		}
		out = append(out, a)
	}
	return out
}

func settled(d plan.InDoubt, scan *providers.HostScan, ring policy.Ring, at time.Time) ledger.Action {
	if d.Verb == string(ledger.VerbReboot) {
		return settledReboot(d, scan, at)
	}
	a := ledger.Action{ID: d.ID, Host: d.Host, Verb: ledger.VerbApply, Ring: d.Ring, StartedAt: d.Since, Platform: scan.OS}
	for _, u := range d.Updates {
		a.Updates = append(a.Updates, plan.ChangeUpdate{Update: u})
	}
	lacks := len(lacking(Targets(a.Updates), scan))
	switch {
	case lacks == 0 && ring.Reboot == policy.RebootIfRequired && scan.RebootPending && !ring.OwnReboots():
		return closed(a, at, ledger.Failed, providers.Done, "was in doubt; a scan found it installed, and a reboot still to be done")
	case lacks == 0:
		a.AwaitsReboot = ring.OwnReboots() && scan.RebootPending
		return closed(a, at, ledger.Succeeded, providers.Done, "was in doubt; a scan found it installed")
	case lacks == len(a.Updates):
		return closed(a, at, ledger.Failed, providers.Untouched, "was in doubt; a scan found nothing of it installed")
	}
	return closed(a, at, ledger.Failed, providers.Partial, "was in doubt; a scan found part of it installed")
}

// settledReboot believes nobody but the host: what it booted, and whether it still asks for a reboot.
func settledReboot(d plan.InDoubt, scan *providers.HostScan, at time.Time) ledger.Action {
	a := ledger.Action{ID: d.ID, Host: d.Host, Verb: ledger.VerbReboot, Ring: d.Ring, StartedAt: d.Since, Platform: scan.OS, BootBefore: d.Boot, Updates: []plan.ChangeUpdate{}}
	a.BootAfter, a.KernelAfter = booted(scan)
	same := d.Boot != "" && a.BootAfter == d.Boot
	switch {
	case same && scan.RebootPending:
		return closed(a, at, ledger.Failed, providers.Untouched, "was in doubt; a scan found that the host was not rebooted")
	case same: // it was planned for the case that the host asks for it
		return closed(a, at, ledger.Skipped, providers.Untouched, "was in doubt; a scan found that the host was not rebooted and asks for no reboot")
	case scan.RebootPending:
		return closed(a, at, ledger.Failed, providers.Done, "was in doubt; a scan found that the host still asks for a reboot")
	}
	return closed(a, at, ledger.Succeeded, providers.Done, "was in doubt; a scan found the host rebooted")
}

// Standings asks the hosts how the actions in doubt stand. Of a host that cannot be asked there is no answer: its action
// counts as running, since it may be.
func Standings(ctx context.Context, doubt []plan.InDoubt, hosts []policy.Host, open Opener, fence int) map[string]Standing {
	asker, ok := open.(Asker)
	if !ok {
		return nil
	}
	out := map[string]Standing{}
	for _, d := range doubt {
		i := slices.IndexFunc(hosts, func(h policy.Host) bool { return h.Name == d.Host })
		if i < 0 {
			continue
		}
		standing, err := asker.Ask(ctx, hosts[i], Claim{ID: d.ID, Fence: fence})
		if err != nil || standing == StandingNone && fence == 0 {
			standing = StandingRunning // it may be, or may become so: without a lease nothing keeps it from starting
		}
		out[d.ID] = standing
	}
	return out
}
