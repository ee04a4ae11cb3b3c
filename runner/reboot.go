package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner/ledger"
)

// NotNeeded is the reason of a reboot that was planned for the case that the host asks for it.
const NotNeeded = "no reboot was needed"

// rebootAlone carries out a change that is nothing but a reboot. What the host says now decides: somebody may have
// rebooted it since the plan was made.
func (r *run) rebootAlone(ctx context.Context, j job) ending {
	s, err := r.Opener.Open(ctx, j.host, Claim{})
	if err != nil {
		return j.notStarted(r.Clock(), err)
	}
	reading := readAll(ctx, s, j.host.Name, providers.ScanRequest{Host: ref(j.tenant, j.host), At: r.Clock()})
	s.Close()
	if reading.Err != nil {
		return j.notStarted(r.Clock(), reading.Err)
	}
	if !reading.Scan.RebootPending {
		return ending{actions: j.untouched(r.Clock(), NotNeeded), reading: &reading, end: EndSucceeded}
	}
	j.action.PendingBefore = true
	return r.underClaim(ctx, j, j.action, &reading)
}

// thenReboot reboots a host that asks for it after a change, whether all of the change succeeded or not: what was
// installed takes effect with the reboot only.
func (r *run) thenReboot(ctx context.Context, j job, s Session, patched ending) ending {
	ended := patched.end == EndSucceeded || patched.end == EndFailed
	if j.reboot == nil || !ended || patched.reading == nil || patched.reading.Scan == nil || !patched.reading.Scan.RebootPending {
		return patched
	}
	s.Close()
	return r.joined(j, patched, r.underClaim(ctx, j, *j.reboot, patched.reading))
}

// underClaim reboots in a session of the reboot's own. Reading a host takes longer than a start may wait, so its time to
// reach the host counts from here; noReboot looks at window, lease and orders again.
func (r *run) underClaim(ctx context.Context, j job, a ledger.Action, before *Reading) ending {
	claim := Claim{ID: a.ID, Fence: j.fence, Now: r.Now}
	if r.Timing.Reach > 0 {
		claim.By = r.Now().Add(r.Timing.Reach)
	}
	s, err := r.Opener.Open(ctx, j.host, claim)
	if err != nil {
		return ending{actions: []ledger.Action{closed(a, r.Clock(), ledger.Skipped, providers.Untouched, note(err))}, end: EndSkipped, reading: before}
	}
	defer func() { s.Close() }()
	return r.reboot(ctx, j, a, s, before)
}

// joined is a change with its reboot. The change is a success only with it; a failure stays one.
func (r *run) joined(j job, patched, rebooted ending) ending {
	apply, a := patched.actions[0], rebooted.actions[0]
	out := ending{reading: rebooted.reading, end: patched.end, fenced: rebooted.fenced, err: rebooted.err}
	if patched.end == EndSucceeded {
		at := r.Clock()
		apply.EndedAt = &at
		switch {
		case a.Status == ledger.InDoubt:
			apply.Status, apply.HostState = ledger.InDoubt, string(providers.InDoubt)
		case a.Status != ledger.Succeeded:
			apply.Status, out.end = ledger.Failed, EndFailed
		case len(lacking(Targets(apply.Updates), rebooted.reading.Scan)) > 0:
			apply.Status, apply.HostState, out.end = ledger.Failed, string(providers.Partial), EndFailed
			apply.Reason = "installed; the host came back without the planned versions"
		default:
			if fell := j.before.fell(rebooted.reading.Health); len(fell) > 0 {
				apply, out.end = unwell(apply, fell), EndFailed
			}
		}
		if a.Reason != "" {
			apply.Reason = "installed; " + a.Reason
		}
	}
	if rebooted.end == EndInDoubt {
		out.end = EndInDoubt
	}
	out.actions = []ledger.Action{apply, a}
	return out
}

// reboot asks for the reboot in a session under its own claim, and waits until the host is back with another boot id and
// asks for no reboot any more.
func (r *run) reboot(ctx context.Context, j job, a ledger.Action, s Session, before *Reading) ending {
	a.StartedAt, a.Platform = r.Clock(), before.Scan.OS
	a.BootBefore, a.KernelBefore = booted(before.Scan)
	leave := func(status ledger.Status, state providers.HostState, end End, reason string) ending {
		return ending{actions: []ledger.Action{closed(a, r.Clock(), status, state, reason)}, reading: before, end: end}
	}
	rebooter, ok := s.Provider.(providers.Rebooter)
	if !ok {
		return leave(ledger.Failed, providers.Untouched, EndFailed, "its provider cannot reboot a host")
	}
	if why := r.noReboot(j); why != "" {
		return leave(ledger.Skipped, providers.Untouched, EndSkipped, why)
	}
	if err := r.journalStart(a); err != nil {
		return leave(ledger.Skipped, providers.Untouched, EndSkipped, note(err))
	}
	err := rebooter.Reboot(ctx, ref(j.tenant, j.host), s.Exec)
	switch denied := s.Denied(); {
	case errors.Is(denied, ErrClaimed):
		return ending{actions: []ledger.Action{closed(a, r.Clock(), ledger.InDoubt, providers.InDoubt, note(denied))}, end: EndInDoubt}
	case denied != nil:
		e := leave(ledger.Skipped, providers.Untouched, EndSkipped, note(denied))
		e.fenced = errors.Is(denied, ErrFenced)
		return e
	case err != nil && !errors.Is(err, providers.ErrLost) && !errors.Is(err, providers.ErrCrashed): // those it may have outlived
		return leave(ledger.Failed, providers.Untouched, EndFailed, "the reboot was refused: "+note(err))
	}
	s.Close()
	return r.cameBack(ctx, j, a, before)
}

// cameBack settles a reboot by what the host says afterwards.
func (r *run) cameBack(ctx context.Context, j job, a ledger.Action, before *Reading) ending {
	after := r.awaitBoot(ctx, j, before.Scan.BootID)
	if after == nil {
		a = closed(a, r.Clock(), ledger.InDoubt, providers.InDoubt, "the host did not come back with a new boot id")
		return ending{actions: []ledger.Action{a}, end: EndInDoubt}
	}
	a.BootAfter, a.KernelAfter = booted(after.Scan)
	if after.Scan.RebootPending {
		a = closed(a, r.Clock(), ledger.Failed, providers.Done, "the host came back and still asks for a reboot")
		return ending{actions: []ledger.Action{a}, reading: after, end: EndFailed}
	}
	return ending{actions: []ledger.Action{closed(a, r.Clock(), ledger.Succeeded, providers.Done, "")}, reading: after, end: EndSucceeded}
}

// noReboot says why a reboot that the host asks for may not start now. It is still to be done then.
func (r *run) noReboot(j job) string {
	now := r.Clock()
	until, looping := r.tried(j.host.Name).Looping(now)
	switch {
	case j.closes != nil && (!now.Before(*j.closes) || now.Add(r.RebootNeed).After(*j.closes)):
		return "the window closed before its reboot, which is still to be done"
	case r.stopping.Load():
		return "the run was stopped before its reboot, which is still to be done"
	case looping:
		return fmt.Sprintf("it was rebooted twice within a day and still asks for it; nothing reboots it before %s", until.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if _, again := r.booted.LoadOrStore(j.host.Name, true); again {
		return "it was rebooted in this run already; the reboot is still to be done"
	}
	return ""
}

// awaitBoot polls until the host answers with another boot id; nil when the patience is over.
func (r *run) awaitBoot(ctx context.Context, j job, before string) *Reading {
	every := r.Reboot.First
	for waited := time.Duration(0); waited < r.Reboot.Total; waited += every {
		if !pause(ctx, every) {
			return nil
		}
		every = min(2*every, r.Reboot.Most)
		s, err := r.Opener.Open(ctx, j.host, Claim{})
		if err != nil {
			continue
		}
		reading := readAll(ctx, s, j.host.Name, providers.ScanRequest{Host: ref(j.tenant, j.host), At: r.Clock()})
		s.Close()
		if reading.Err == nil && reading.Scan.BootID != before && reading.Scan.BootID != "" {
			return &reading
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
