package runner

import (
	"context"
	"time"

	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner/ledger"
)

// rebootHost reboots a patched host and waits until it is back with another boot id and asks for no reboot any more.
// The patch's own action succeeds only with it: a host that never returns is not a success anybody may build on.
func (r *run) rebootHost(ctx context.Context, j job, s Session, patched ending) ending {
	apply := patched.actions[0]
	a := ledger.Action{
		ID: actionID(j.tenant, r.Plan.Digest, apply.Host, ledger.VerbReboot, apply.Updates, 0), Host: apply.Host, Verb: ledger.VerbReboot,
		Ring: apply.Ring, Lane: apply.Lane, Wave: apply.Wave, Window: apply.Window, Opens: apply.Opens, StartedAt: r.Clock(), Platform: apply.Platform,
	}
	if _, ok := s.Provider.(providers.Rebooter); !ok {
		return r.rebooted(apply, a, patched.reading, ledger.Failed, "its provider cannot reboot a host")
	}
	if j.closes != nil && !r.Clock().Before(*j.closes) {
		return r.rebooted(apply, a, patched.reading, ledger.Failed, "the window closed before its reboot, which is still to be done")
	}
	before := patched.reading.Scan.BootID
	if err := r.askReboot(ctx, j, a.ID); err != nil {
		return r.rebooted(apply, a, patched.reading, ledger.Failed, "the reboot was refused: "+note(err))
	}
	s.Close()
	after := r.awaitBoot(ctx, j, before)
	switch {
	case after == nil:
		return r.rebooted(apply, a, nil, ledger.InDoubt, "the host did not come back with a new boot id")
	case after.Scan.RebootPending:
		return r.rebooted(apply, a, after, ledger.Failed, "the host came back and still asks for a reboot")
	case len(lacking(Targets(apply.Updates), after.Scan)) > 0:
		return r.rebooted(apply, a, after, ledger.Failed, "the host came back without the planned versions")
	}
	return r.rebooted(apply, a, after, ledger.Succeeded, "")
}

// askReboot asks for the reboot in a session of its own: it is an action of its own.
func (r *run) askReboot(ctx context.Context, j job, id string) error {
	s, err := r.Opener.Open(ctx, j.host, Claim{ID: id, Fence: j.fence})
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Provider.(providers.Rebooter).Reboot(ctx, ref(j.tenant, j.host), s.Exec)
}

func (r *run) rebooted(apply, a ledger.Action, reading *Reading, status ledger.Status, reason string) ending {
	at := r.Clock()
	a.Status, a.Reason, a.EndedAt = status, reason, &at
	a.HostState = string(providers.Done)
	end := EndSucceeded
	switch status {
	case ledger.Failed:
		end = EndFailed
	case ledger.InDoubt:
		end, a.HostState = EndInDoubt, string(providers.InDoubt)
	}
	apply.Status, apply.EndedAt = status, &at
	if reason != "" {
		apply.Reason = "installed; " + reason
	}
	apply.HostState = a.HostState
	return ending{actions: []ledger.Action{apply, a}, reading: reading, end: end}
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
		scan, err := read(ctx, s, providers.ScanRequest{Host: ref(j.tenant, j.host), At: r.Clock()})
		s.Close()
		if err == nil && scan.BootID != before && scan.BootID != "" {
			return &Reading{Host: j.host.Name, Scan: scan}
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
