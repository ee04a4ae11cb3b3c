//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/internal/lab"
	"github.com/ringfence/ringfence/runner/ledger"
)

// TestReboots lets real hosts reboot: right after an update that asks for it, whether or not another one fails; for a
// reboot that the host asked for before; and in a window of the ring's own, days later.
func TestReboots(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "msp-lab/test", "msp-lab/test", "msp-lab/test", "msp-lab/test", "acme/pilot")
	w.replace("baseline/baseline.cue", `#securityWait: *"48h" | string`, `#securityWait: *"0s" | string`)
	w.replace("tenants/msp-lab/tenant.cue", `window: "anytime"`, `window: "anytime", reboot: "if-required", maxUnavailable: "100%", stopAtFailures: 3`)
	w.replace("tenants/acme/tenant.cue", `#securityWait: "24h"`, `#securityWait: "0s"`)
	w.replace("tenants/acme/tenant.cue", `window: "weeknight"`, `window: "weeknight", reboot: "if-required", rebootWindow: "weekend"`)
	w.commit()
	asks, asked, fails, plain, later := w.Host(1), w.Host(2), w.Host(3), w.Host(4), w.Host(5)
	for _, h := range []*lab.Host{asks, later} {
		w.pending(h, "lab-reboot")
	}
	w.pending(fails, "lab-badpost")
	for _, h := range []*lab.Host{asked, fails} {
		_, err := h.Shell(context.Background(), "touch /run/reboot-required")
		w.check(err)
	}
	boots := w.boots()

	w.must("scan", "--tenant", "msp-lab", "--at", sunday)
	w.must("plan", "--tenant", "msp-lab", "--at", sunday, "-out", "plan.json")
	w.says("4 may reboot")
	w.exits(8, "apply", "plan.json", "--at", sunday)
	w.says("h1: reboot succeeded", "h2: reboot succeeded", "h3: apply failed", "h3: reboot succeeded", "3 rebooted")
	w.rebooted("msp-lab", boots, map[*lab.Host]bool{asks: false, asked: true, fails: true})
	if now := plain.BootID(); now != boots[plain] {
		t.Error("the host that asked for nothing was rebooted")
	}
	w.must("scan", "--tenant", "msp-lab", "--at", tuesday)
	w.must("report", "--tenant", "msp-lab", "--at", tuesday)
	if strings.Contains(w.out, "pending-reboot") {
		t.Errorf("a reboot is still pending:\n%s", w.out)
	}
	w.exits(0, "verify", "--tenant", "msp-lab")

	w.must("run", "--tenant", "acme", "--at", mondayNight)
	w.says("1 host patched, 0 failed")
	if later.BootID() != boots[later] {
		t.Fatal("the host was rebooted in the window of its updates")
	}
	w.must("report", "--tenant", "acme", "--at", tuesday)
	w.says("pending-reboot  h5")
	w.must("run", "--tenant", "acme", "--at", tuesday)
	w.says("nothing is due now")
	w.must("run", "--tenant", "acme", "--at", saturdayNight)
	w.says("h5: reboot succeeded", "0 hosts patched", "1 rebooted")
	w.rebooted("acme", boots, map[*lab.Host]bool{later: true})
	w.exits(0, "verify", "--tenant", "acme")
}

// pending makes an update of the lab's own package pending.
func (w *world) pending(h *lab.Host, pkg string) {
	w.Helper()
	w.check(h.InstallOld(context.Background(), pkg))
	w.check(h.AddSuite(pkg))
}

// boots is the boot that each host is in.
func (w *world) boots() map[*lab.Host]string {
	out := map[*lab.Host]string{}
	for _, h := range w.Hosts() {
		out[h] = h.BootID()
	}
	return out
}

// rebooted compares what the newest record that tells of reboots says with the hosts themselves: exactly these were
// rebooted, from the boot that they were in to the one that they are in; true: they had asked for it before.
func (w *world) rebooted(tenant string, before map[*lab.Host]string, want map[*lab.Host]bool) {
	w.Helper()
	by := map[string]ledger.Action{}
	for _, a := range w.reboots(tenant) {
		by[a.Host] = a
	}
	if len(by) != len(want) {
		w.Errorf("%d hosts were rebooted by the record, not %d", len(by), len(want))
	}
	for h, asked := range want {
		a := by[h.Name]
		if a.Status != ledger.Succeeded || a.PendingBefore != asked || a.BootBefore != before[h] || a.BootAfter != h.BootID() || a.BootBefore == a.BootAfter || a.KernelBefore == "" {
			w.Errorf("%s was in boot %s and is in %s; the record says: %+v", h.Name, before[h], h.BootID(), a)
		}
	}
}

// reboots are those that ended with a boot of their own, of the newest record that has any.
func (w *world) reboots(tenant string) (out []ledger.Action) {
	w.Helper()
	for commit := range strings.Lines(w.git("rev-list", "ringfence/ledger/"+tenant)) {
		var r ledger.Record
		w.check(json.Unmarshal([]byte(w.git("show", strings.TrimSpace(commit)+":run/record.json")), &r))
		for _, a := range r.Actions {
			if a.Verb == ledger.VerbReboot && a.BootAfter != "" {
				out = append(out, a)
			}
		}
		if out != nil {
			return out
		}
	}
	return nil
}
