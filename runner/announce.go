package runner

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner/ledger"
)

// announced is the intent of a wave: every action it may start.
func (r *run) announced(wave int) []ledger.Action {
	d := r.waves[wave]
	out := make([]ledger.Action, 0, len(d.hosts))
	for _, h := range d.hosts {
		out = append(out, d.job(r, h).actions()...)
	}
	return out
}

// job is built anew each time from the plan alone, so the announced actions and the started ones are the same.
func (d dueWave) job(r *run, host string) job {
	c := d.changes[host]
	i := slices.IndexFunc(r.Policy.Hosts, func(h policy.Host) bool { return h.Name == host })
	h := policy.Host{Name: host}
	if i >= 0 {
		h = r.Policy.Hosts[i]
	}
	j := job{
		tenant: r.Policy.Name, host: h, closes: d.closes, closure: closure(r.Preview, host, c.ID), awaits: r.awaits(d, c),
		action: d.action(r, host, ledger.VerbApply, c),
	}
	if c.Reboot == policy.RebootIfRequired {
		reboot := d.action(r, host, ledger.VerbReboot, c)
		j.reboot = &reboot
	}
	if len(c.Updates) == 0 && j.reboot != nil { // nothing but a reboot
		j.action, j.reboot = *j.reboot, nil
	}
	return j
}

// action is one that may be started on a host.
func (d dueWave) action(r *run, host string, verb ledger.Verb, c plan.Change) ledger.Action {
	attempt := r.attempt(host, c.Updates)
	a := ledger.Action{
		Host: host, Verb: verb, Ring: d.ring, Lane: d.lane, Wave: d.number, Window: d.window, Opens: d.opens,
		Updates: c.Updates, Status: ledger.Started, HostState: string(providers.Untouched), StartedAt: r.Clock(), CatchUp: d.catchUp,
	}
	if verb == ledger.VerbReboot {
		a.Updates = []plan.ChangeUpdate{}
		attempt += manyAttempts * r.tried(host).Times
		if seen := r.seen(host); seen != nil {
			a.BootBefore, a.KernelBefore, a.PendingBefore = seen.BootID, seen.Kernel, seen.RebootPending
		}
	}
	a.ID = actionID(r.Policy.Name, r.Plan.Digest, host, verb, c.Updates, attempt)
	return a
}

// manyAttempts is more than a change is ever tried: a reboot's attempt counts tries of the change and of the reboot.
const manyAttempts = 1 << 20

// tried is what became of a host's reboots before this run.
func (r *run) tried(host string) plan.Rebooted {
	for _, x := range r.Reboots {
		if x.Host == host {
			return x
		}
	}
	return plan.Rebooted{}
}

// seen is the host as the run's snapshot has it; nil when there is none.
func (r *run) seen(host string) *inventory.Host {
	if r.Snapshot == nil {
		return nil
	}
	return r.Snapshot.Host(host)
}

// awaits: the ring's reboots have a window of their own, and one of the updates may ask for one.
func (r *run) awaits(d dueWave, c plan.Change) bool {
	i := slices.IndexFunc(r.Policy.Rings, func(x policy.Ring) bool { return x.Name == d.ring })
	if i < 0 || !r.Policy.Rings[i].OwnReboots() || c.Reboot == policy.RebootIfRequired {
		return false
	}
	lane := slices.IndexFunc(r.Policy.Lanes, func(l policy.Lane) bool { return l.Name == d.lane && l.Reboot != "" })
	return lane < 0 && slices.ContainsFunc(c.Updates, func(u plan.ChangeUpdate) bool { return r.mayAsk(u.Update) })
}

func (r *run) mayAsk(update string) bool {
	if r.Snapshot == nil {
		return true
	}
	return !slices.ContainsFunc(r.Snapshot.Updates, func(u inventory.Update) bool { return u.PURL == update && u.Reboot == "no" })
}

// actions are what a job announces.
func (j job) actions() []ledger.Action {
	if j.reboot == nil {
		return []ledger.Action{j.action}
	}
	return []ledger.Action{j.action, *j.reboot}
}

// untouched are a job's actions when nothing of it was started.
func (j job) untouched(at time.Time, why string) []ledger.Action {
	out := j.actions()
	for i := range out {
		out[i] = closed(out[i], at, ledger.Skipped, providers.Untouched, why)
	}
	return out
}

// whole gives every announced action an outcome, and says which of them ended after the window.
func (j job) whole(e ending, at time.Time) ending {
	if j.reboot != nil && !slices.ContainsFunc(e.actions, func(a ledger.Action) bool { return a.ID == j.reboot.ID }) {
		e.actions = append(e.actions, closed(*j.reboot, at, ledger.Skipped, providers.Untouched, leftOut(e)))
	}
	for i, a := range e.actions {
		e.actions[i].Overrun = a.Status != ledger.Skipped && j.closes != nil && a.StartedAt.Before(*j.closes) && a.EndedAt.After(*j.closes)
	}
	return e
}

// leftOut says why the reboot after a change was not started.
func leftOut(e ending) string {
	switch {
	case e.end == EndSkipped:
		return e.actions[0].Reason
	case e.end == EndInDoubt:
		return "nobody knows how the change before it ended"
	case e.reading == nil || e.reading.Scan == nil:
		return "nobody knows whether the host asks for one"
	}
	return NotNeeded
}

// closed gives an announced action its outcome.
func closed(a ledger.Action, at time.Time, status ledger.Status, state providers.HostState, reason string) ledger.Action {
	a.Status, a.HostState, a.Reason, a.EndedAt = status, string(state), reason, &at
	return a
}

// booted is a host's boot id and kernel, safe to record.
func booted(s *providers.HostScan) (boot, kernel string) {
	return untrusted.Line(s.BootID, 60), untrusted.Line(s.Kernel, 100)
}
