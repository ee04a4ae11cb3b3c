//go:build linux

package e2e

import (
	"context"
	"testing"

	"github.com/ringfence/ringfence/internal/lab"
)

// TestHealth: an update after which a unit fails on a real host has failed; one on a host where that unit failed before
// has not. The lab's hosts run no systemd, so their systemctl says what version 252 says.
func TestHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "msp-lab/test", "msp-lab/test")
	w.replace("baseline/baseline.cue", `#securityWait: *"48h" | string`, `#securityWait: *"0s" | string`)
	w.replace("tenants/msp-lab/tenant.cue", `window: "anytime"`, `window: "anytime", maxUnavailable: "100%", stopAtFailures: 3`)
	w.commit()
	falls, sick := w.Host(1), w.Host(2)
	w.pending(falls, "lab-good")
	w.systemctl(falls, `dpkg-query -W -f '${Version}' lab-good | grep -q 1.1`)
	w.systemctl(sick, "true")

	w.must("scan", "--tenant", "msp-lab", "--at", sunday)
	w.says("2 of 2 hosts scanned", "1 not healthy")
	w.must("plan", "--tenant", "msp-lab", "--at", sunday, "-out", "plan.json")
	w.exits(8, "apply", "plan.json", "--at", sunday)
	w.says("h1: apply failed: installed, and the host is not well since: unit cron.service: systemd says: failed", "h2: apply succeeded")
	if v := w.version(1, "lab-good"); v != "1.1" {
		t.Errorf("lab-good is at %s", v)
	}
	w.must("scan", "--tenant", "msp-lab", "--at", tuesday)
	w.says("2 not healthy")
	w.must("report", "--tenant", "msp-lab", "--at", tuesday)
	w.says("hosts that are not healthy: 2; of which nobody knows: 0", "unhealthy       h2: unit cron.service: systemd says: failed")
	w.exits(0, "verify", "--tenant", "msp-lab")
}

// systemctl is that of a host on which a unit fails while a condition holds.
func (w *world) systemctl(h *lab.Host, fails string) {
	w.Helper()
	_, err := h.Shell(context.Background(), `rm /usr/bin/systemctl
cat >/usr/bin/systemctl <<'EOF'
#!/bin/sh
case $1 in
is-system-running) echo degraded; exit 1 ;;
list-units) if `+fails+`; then echo 'cron.service loaded failed failed Regular background program processing daemon'; fi ;;
esac
EOF
chmod 755 /usr/bin/systemctl`)
	w.check(err)
}
