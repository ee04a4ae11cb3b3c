//go:build linux

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/inventory"
)

// The instants of the story. Berlin is UTC+1 in November.
const (
	thursday      = "2026-11-19T10:00:00Z"
	sunday        = "2026-11-22T10:00:00Z"
	mondayNight   = "2026-11-23T21:30:00Z" // 22:30 in Berlin
	tuesday       = "2026-11-24T11:00:00Z"
	saturdayNight = "2026-11-28T19:30:00Z" // 20:30 in Berlin
	sundayNoon    = "2026-11-29T11:00:00Z"
)

var realUpdates = []string{"libexpat1", "liblzma5", "libpcre2-8-0", "tzdata"}

// TestOneWeek takes four real Debian security updates through two tenants and five hosts: test, pilot, soak, broad.
// One pilot host is down all week, one production host holds a package.
func TestOneWeek(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "msp-lab/test", "acme/pilot", "acme/pilot", "acme/prod", "acme/prod")
	ctx := context.Background()
	w.replace("tenants/acme/tenant.cue", "minSucceeded: 3", "minSucceeded: 1")
	w.commit()
	old := map[string]string{}
	for _, p := range realUpdates {
		old[p] = w.version(4, p)
	}
	w.Host(3).Stop()
	w.check(w.Host(5).Hold(ctx, "tzdata"))

	w.must("scan", "--tenant", "msp-lab", "--at", thursday)
	w.says("1 of 1 host scanned, 4 missing updates (4 security, 0 held)")
	w.must("scan", "--tenant", "acme", "--at", thursday)
	w.says("3 of 4 hosts scanned, 12 missing updates (12 security, 1 held)", "1 unreachable", "h3: unreachable")

	w.must("plan", "--tenant", "msp-lab", "--at", sunday, "--preview", "-out", "plan.json")
	w.says("~ libexpat1", "~ tzdata")
	w.must("apply", "plan.json", "--at", sunday)

	w.must("plan", "--tenant", "acme", "--at", sunday, "-out", "plan.json")
	w.exits(5, "apply", "plan.json", "--at", sunday)
	w.says("Mon 23 Nov 22:00 – Tue 02:00 Europe/Berlin")

	w.must("plan", "--tenant", "acme", "--at", mondayNight, "-out", "plan.json")
	w.must("apply", "plan.json", "--at", mondayNight)
	w.says("1 host patched, 0 failed")
	for _, p := range realUpdates {
		if v := w.version(2, p); v == old[p] {
			t.Errorf("%s on the pilot is still at %s", p, v)
		}
		if v := w.version(4, p); v != old[p] {
			t.Errorf("%s in production moved to %s with the pilot", p, v)
		}
	}

	w.must("scan", "--tenant", "acme", "--at", tuesday) // which finds the pilot's host well
	w.must("plan", "--tenant", "acme", "--at", tuesday, "-out", "plan.json")
	w.exits(5, "apply", "plan.json", "--at", tuesday)
	w.says("Sat 28 Nov 20:00 – Sun 04:00 Europe/Berlin")

	w.must("plan", "--tenant", "acme", "--at", saturdayNight, "-out", "plan.json")
	w.says("waits for hold")
	w.must("apply", "plan.json", "--at", saturdayNight)
	w.says("2 hosts patched, 0 failed")
	if v := w.version(5, "tzdata"); v != old["tzdata"] {
		t.Errorf("the held tzdata moved to %s", v)
	}
	if v := w.version(5, "libexpat1"); v == old["libexpat1"] {
		t.Error("libexpat1 of the host that holds tzdata did not move")
	}

	tip := w.git("rev-parse", "ringfence/ledger/acme")
	w.must("apply", "plan.json", "--at", saturdayNight)
	w.says("nothing was changed")
	if again := w.git("rev-parse", "ringfence/ledger/acme"); again != tip {
		t.Error("applying again wrote a record")
	}
	w.git("fsck", "--strict")
	w.ledgerAgreesWithDpkg("msp-lab", 1)
	w.ledgerAgreesWithDpkg("acme", 2, 4, 5)
	w.must("report", "--tenant", "acme", "--at", sundayNoon)
	w.says("HELD", "h3: the host cannot be reached")
}

// ledgerAgreesWithDpkg compares what the newest snapshot in Git says of hosts with their own dpkg databases.
func (w *world) ledgerAgreesWithDpkg(tenant string, hosts ...int) {
	w.Helper()
	snap, err := inventory.Decode(strings.NewReader(w.git("show", "ringfence/ledger/"+tenant+":snapshot/main.jsonl")))
	w.check(err)
	compared := 0
	for _, n := range hosts {
		h := snap.Host(w.Host(n).Name)
		for _, m := range h.Missing {
			w.same(n, snap.Updates[m.Update].Name, m.From)
			compared++
		}
		for _, i := range h.Installed {
			w.same(n, snap.Updates[i.Update].Name, i.Version)
			compared++
		}
	}
	if compared < 4*len(hosts) {
		w.Errorf("%s: only %d versions were compared", tenant, compared)
	}
}

func (w *world) same(host int, pkg, recorded string) {
	w.Helper()
	if v := w.version(host, pkg); v != recorded {
		w.Errorf("h%d: dpkg has %s %s, the ledger says %s", host, pkg, v, recorded)
	}
}

// TestWhatGoesWrong: each kind of trouble is called what it is, and never "done" or "nothing missing".
func TestWhatGoesWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "msp-lab/test", "msp-lab/test", "msp-lab/test", "acme/pilot", "acme/pilot")
	w.replace("baseline/baseline.cue", `#securityWait: *"48h" | string`, `#securityWait: *"0s" | string`)
	w.replace("tenants/msp-lab/tenant.cue", `window: "anytime"`, `window: "anytime", maxUnavailable: "100%", stopAtFailures: 3`)
	w.replace("tenants/acme/tenant.cue", `#securityWait: "24h"`, `#securityWait: "0s"`)
	w.commit()

	for _, trouble := range []struct {
		name  string
		shown func()
	}{
		{"wrong host key", w.wrongHostKey},
		{"failing postinst", w.failingPostinst},
		{"clock that is off", w.clockThatIsOff},
		{"badly signed mirror", w.badlySignedMirror},
		{"new dependency needs a preview", w.newDependency},
	} {
		t.Run(trouble.name, func(t *testing.T) {
			w.T = t
			trouble.shown()
		})
	}
}

// wrongHostKey: the host is quarantined, and nothing was sent to it.
func (w *world) wrongHostKey() {
	w.Helper()
	w.check(w.Host(5).NewHostKey(context.Background()))
	w.must("scan", "--tenant", "acme", "--at", sunday)
	w.says("h5: quarantined", "1 of 2 hosts scanned")
	if log := w.Host(5).Console(); strings.Contains(log, "Accepted publickey") {
		w.Errorf("somebody logged in to the host with the wrong key:\n%s", log)
	}
	w.must("plan", "--tenant", "acme", "--at", sunday, "--json")
	w.says(`"quarantined":[{"host":"h5"`)
}

// failingPostinst: the host failed, its neighbours did not, and the ledger knows.
func (w *world) failingPostinst() {
	w.Helper()
	w.check(w.Host(1).InstallOld(context.Background(), "lab-badpost"))
	w.check(w.Host(1).AddSuite("lab-badpost"))
	w.must("scan", "--tenant", "msp-lab", "--at", sunday)
	w.must("plan", "--tenant", "msp-lab", "--at", sunday, "-out", "plan.json")
	w.exits(8, "apply", "plan.json", "--at", sunday)
	w.says("h1: apply failed", "2 hosts patched, 1 failed")
	if s, _ := w.Host(1).DpkgState(context.Background(), "lab-badpost"); s != "half-configured" {
		w.Errorf("lab-badpost is %s", s)
	}
	w.must("status", "--tenant", "msp-lab", "--at", sunday)
	w.says("1 failed")
	if !strings.Contains(w.git("show", "ringfence/ledger/msp-lab:state.json"), `"failures":[{"at":`) {
		w.Error("the ledger's state knows of no failure")
	}
}

// clockThatIsOff: by such a clock apt cannot tell an expired index, so the host is not judged.
func (w *world) clockThatIsOff() {
	w.Helper()
	_, err := w.Host(4).Shell(context.Background(), `mv /usr/bin/date /usr/bin/date.real
printf '#!/bin/sh\nexec date.real -d "@$(($(date.real +%%s) - 3600))" "$@"\n' >/usr/bin/date
chmod 755 /usr/bin/date`)
	w.check(err)
	w.must("scan", "--tenant", "acme", "--at", sunday)
	w.says("h4: stale", "clock is 1h0m", "0 of 2 hosts scanned")
	w.must("plan", "--tenant", "acme", "--at", mondayNight, "--json")
	w.says(`"stale":["h4"]`)
	_, err = w.Host(4).Shell(context.Background(), "mv /usr/bin/date.real /usr/bin/date")
	w.check(err)
}

// badlySignedMirror: what cannot be read is unknown, not fine.
func (w *world) badlySignedMirror() {
	w.Helper()
	for _, suite := range []string{"security-unsigned", "security-wrongkey", "security-expired"} {
		w.Mirror.Replace("bookworm-security", suite)
		w.must("scan", "--tenant", "acme", "--at", sunday)
		w.says("h4: stale", "0 of 2 hosts scanned")
		w.exits(3, "status", "--tenant", "acme", "--at", sunday) // no scan has ever read one of them
		w.says("vulnerability unknown", "ALARM", "h5")
	}
	w.Mirror.Replace("bookworm-security", "")
}

// newDependency: what no preview has shown may not be pulled in.
func (w *world) newDependency() {
	w.Helper()
	w.check(w.Host(2).InstallOld(context.Background(), "lab-newdep"))
	w.check(w.Host(2).AddSuite("lab-newdep"))
	w.must("scan", "--tenant", "msp-lab", "--at", tuesday)
	w.must("plan", "--tenant", "msp-lab", "--at", tuesday, "-out", "plan.json")
	w.exits(8, "apply", "plan.json", "--at", tuesday)
	w.says("h2: apply failed", "lab-newlib")
	if v := w.version(2, "lab-newdep"); v != "1.0" {
		w.Errorf("lab-newdep moved to %s although its new dependency was not planned", v)
	}
	w.must("plan", "--tenant", "msp-lab", "--at", saturdayNight, "--preview", "-out", "plan.json")
	w.says("+ lab-newlib")
	w.must("apply", "plan.json", "--at", saturdayNight)
	if v := w.version(2, "lab-newdep"); v != "1.1" {
		w.Errorf("lab-newdep stayed at %s although the preview showed its dependency", v)
	}
}

// TestEnroll writes real host keys for review and trusts none before they are committed.
func TestEnroll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "acme/pilot", "acme/prod")
	w.check(os.Remove(filepath.Join(w.dir, "trust", "known_hosts")))
	w.check(os.RemoveAll(filepath.Join(w.dir, "tenants", "msp-lab")))
	w.replace("tenants/acme/tenant.cue", `"msp-lab/test": {minSucceeded: 1, soak: "24h"} // another tenant's evidence`, "")
	w.commit()
	w.must("scan", "--at", sunday)
	w.says("0 of 2 hosts scanned", "2 quarantined")
	w.must("hosts", "enroll")
	w.says("new", "SHA256:")
	w.must("scan", "--at", sunday)
	w.says("0 of 2 hosts scanned") // not committed yet
	w.commit()
	w.must("scan", "--at", sunday)
	w.says("2 of 2 hosts scanned")
	w.check(w.Host(1).NewHostKey(context.Background()))
	w.exits(3, "hosts", "enroll")
	w.says("changed", "the old lines stay")
}
