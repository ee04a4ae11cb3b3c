package runner

import (
	"errors"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner/ledger"
)

func back(h *fakeHost) error { h.boot++; h.pending = false; return nil }

// TestRebootAfterAFailure: what was installed takes effect although something else of the change failed.
func TestRebootAfterAFailure(t *testing.T) {
	h := &fakeHost{version: "1", reboot: back, apply: func(h *fakeHost) (providers.Result, error) {
		h.pending = true
		return providers.Result{State: providers.Partial, Reason: "postinst failed"}, nil
	}}
	_, rec := runOn(t, fakeFleet{"h": h}, policy.RebootIfRequired, func(in *Input) {
		in.Snapshot = &inventory.Snapshot{Hosts: []inventory.Host{{Name: "h", BootID: "boot-0"}}}
	})
	apply, reboot := rec.outcomes["h apply"], rec.outcomes["h reboot"]
	if apply.Status != ledger.Failed || reboot.Status != ledger.Succeeded || h.rebooted != 1 {
		t.Errorf("apply %s, reboot %s, rebooted %d times", apply.Status, reboot.Status, h.rebooted)
	}
	if reboot.BootBefore != "boot-0" || reboot.BootAfter != "boot-1" || reboot.PendingBefore || !rec.intents[reboot.ID] {
		t.Errorf("%+v, announced %t", reboot, rec.intents[reboot.ID])
	}
}

// TestRebootAlone: a change that is nothing but a reboot asks the host before it does anything.
func TestRebootAlone(t *testing.T) {
	soon := noon.Add(time.Minute)
	for name, c := range map[string]struct {
		host   fakeHost
		with   func(*Input)
		times  int
		status ledger.Status
		reason string
	}{
		"asks for it":           {host: fakeHost{pending: true, reboot: back}, times: 1, status: ledger.Succeeded},
		"somebody has done it":  {host: fakeHost{reboot: back}, status: ledger.Skipped, reason: NotNeeded},
		"still asks for it":     {host: fakeHost{pending: true, reboot: func(h *fakeHost) error { h.boot++; return nil }}, times: 1, status: ledger.Failed, reason: "the host came back and still asks for a reboot"},
		"the connection breaks": {host: fakeHost{pending: true, reboot: func(h *fakeHost) error { _ = back(h); return providers.ErrLost }}, times: 1, status: ledger.Succeeded},
		"refused":               {host: fakeHost{pending: true, reboot: func(*fakeHost) error { return errors.New("no") }}, times: 1, status: ledger.Failed, reason: "the reboot was refused: no"},
		"unreachable":           {host: fakeHost{open: ErrUnreachable}, status: ledger.Skipped, reason: ErrUnreachable.Error()},
		"would overrun": {
			host: fakeHost{pending: true, reboot: back}, status: ledger.Skipped, reason: "the window closed before its reboot, which is still to be done",
			with: func(in *Input) { in.Plan.Rings[0].Waves[0].Closes, in.RebootNeed = &soon, 2*time.Minute },
		},
		"a loop": {
			host: fakeHost{pending: true, reboot: back}, status: ledger.Skipped, reason: "it was rebooted twice within a day and still asks for it; nothing reboots it before 2026-11-22 11:00 UTC",
			with: func(in *Input) {
				in.Clock = func() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }
				at := in.Clock().Add(-time.Hour)
				earlier := at.Add(-time.Hour)
				in.Reboots = []plan.Rebooted{{Host: "h", At: at, Times: 2, Failed: 2, Before: &earlier}}
				in.Plan.Rings[0].Waves[0].Opens = at
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.host.version = "1"
			_, rec := runOn(t, fakeFleet{"h": &c.host}, policy.RebootIfRequired, func(in *Input) {
				in.Plan.Changes[0].Updates = nil
				if c.with != nil {
					c.with(in)
				}
			})
			a := rec.outcomes["h reboot"]
			if a.Status != c.status || a.Reason != c.reason || c.host.rebooted != c.times || c.host.started || len(rec.outcomes) != 1 {
				t.Errorf("%s (%s) after %d reboots", a.Status, a.Reason, c.host.rebooted)
			}
		})
	}
}

// TestOverrun: what began inside its window and ended after it says so.
func TestOverrun(t *testing.T) {
	now, closes := noon, noon.Add(time.Minute)
	h := &fakeHost{version: "1", reboot: back, apply: func(h *fakeHost) (providers.Result, error) {
		h.pending, now = true, noon.Add(time.Hour)
		return done(h)
	}}
	_, rec := runOn(t, fakeFleet{"h": h}, policy.RebootIfRequired, func(in *Input) {
		in.Clock, in.Plan.Rings[0].Waves[0].Closes = func() time.Time { return now }, &closes
	})
	apply, reboot := rec.outcomes["h apply"], rec.outcomes["h reboot"]
	if !apply.Overrun || apply.Status != ledger.Failed || reboot.Overrun || reboot.Status != ledger.Skipped || h.rebooted != 0 {
		t.Errorf("apply %+v\nreboot %+v", apply, reboot)
	}
}

// TestAwaitsReboot: where reboots have their own window, an installation says that it is asleep.
func TestAwaitsReboot(t *testing.T) {
	h := &fakeHost{version: "1", apply: func(h *fakeHost) (providers.Result, error) { h.pending = true; return done(h) }}
	_, rec := runOn(t, fakeFleet{"h": h}, policy.RebootNever, func(in *Input) {
		in.Policy.Rings[0].Reboot, in.Policy.Rings[0].RebootWindow = policy.RebootIfRequired, "weekend"
	})
	if a := rec.outcomes["h apply"]; a.Status != ledger.Succeeded || !a.AwaitsReboot || h.rebooted != 0 {
		t.Errorf("%+v", a)
	}
}

func TestSettleReboot(t *testing.T) {
	for name, c := range map[string]struct {
		scan     providers.HostScan
		standing Standing
		status   ledger.Status
	}{
		"rebooted":                 {providers.HostScan{BootID: "b2"}, StandingUntold, ledger.Succeeded},
		"rebooted, still asks":     {providers.HostScan{BootID: "b2", RebootPending: true}, StandingUntold, ledger.Failed},
		"not rebooted":             {providers.HostScan{BootID: "b1", RebootPending: true}, StandingEnded, ledger.Failed},
		"never started":            {providers.HostScan{BootID: "b1", RebootPending: true}, StandingNone, ledger.Skipped},
		"not rebooted, not needed": {providers.HostScan{BootID: "b1"}, StandingUntold, ledger.Skipped},
		"it is rebooting":          {providers.HostScan{BootID: "b1", RebootPending: true}, StandingRunning, ""},
	} {
		doubt := []plan.InDoubt{{ID: "1", Host: "a", Verb: "reboot", Boot: "b1", Updates: []string{}}}
		got := SettleDoubt(&policy.Tenant{}, doubt, map[string]Standing{"1": c.standing}, []Reading{{Host: "a", Scan: &c.scan}}, nil, noon)
		switch {
		case c.status == "" && len(got) == 0:
		case len(got) != 1 || got[0].Status != c.status || got[0].Verb != ledger.VerbReboot:
			t.Errorf("%s: %+v", name, got)
		}
	}
}
