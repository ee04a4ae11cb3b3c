package plan_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
	"github.com/ringfence/ringfence/compiler/policy"
)

// TestRebootsAreAllowed: a host is planned to be rebooted by itself if it asks for that, its ring or lane lets it, nothing
// else reboots it, and only in an open window that no freeze covers. What asks for a reboot and gets none has its reason.
func TestRebootsAreAllowed(t *testing.T) {
	planned := 0
	rapid.Check(t, func(t *rapid.T) {
		in := plantest.Worlds().Draw(t, "world")
		p := plantest.Built(t, in)
		by, told := map[string]int{}, map[string]bool{}
		for _, r := range p.Rings {
			ring := in.Policy.Rings[slices.IndexFunc(in.Policy.Rings, func(x policy.Ring) bool { return x.Name == r.Ring })]
			for _, w := range r.Reboots {
				for _, h := range w.Hosts {
					told[h] = true
				}
			}
			for _, w := range r.Waves {
				c := p.Changes[w.Change]
				if c.Reboot == policy.RebootIfRequired && len(c.Updates) > 0 && r.Lane == policy.DefaultLane && ring.OwnReboots() {
					t.Fatalf("%s installs and reboots, though its reboots have windows %s", r.Ring, ring.RebootWindowNames())
				}
				for _, h := range w.Hosts {
					if c.Reboot == policy.RebootIfRequired {
						by[h]++
					}
				}
				if len(c.Updates) == 0 {
					planned += len(w.Hosts)
					checkReboot(t, in, r, ring, w)
				}
			}
		}
		for _, h := range in.Snapshot.Hosts {
			i := slices.IndexFunc(in.Policy.Rings, func(x policy.Ring) bool { return x.Name == tierOf(in, h.Name) })
			asks := i >= 0 && h.State == inventory.Scanned && h.RebootPending && in.Policy.Rings[i].Reboot == policy.RebootIfRequired
			if asks && by[h.Name] == 0 && !told[h.Name] {
				t.Fatalf("%s asks for a reboot, and the plan says nothing of it", h.Name)
			}
		}
	})
	if planned == 0 {
		t.Error("no world had a reboot")
	}
}

func tierOf(in plan.Input, host string) string {
	for _, h := range in.Policy.Hosts {
		if h.Name == host {
			return h.Label("tier")
		}
	}
	return ""
}

func checkReboot(t *rapid.T, in plan.Input, r plan.Ring, ring policy.Ring, w plan.Wave) {
	checkOccurrence(t, in, r, w)
	freeze := [2]time.Time{plantest.Instant("2026-12-18T17:00:00Z"), plantest.Instant("2027-01-04T05:00:00Z")}
	if w.Opens.Before(freeze[1]) && (w.Closes == nil || w.Closes.After(freeze[0])) {
		t.Fatalf("%v are rebooted within the freeze: %+v", w.Hosts, w)
	}
	want := ring.WindowNames()
	if ring.OwnReboots() {
		want = ring.RebootWindowNames()
	}
	if r.Lane == policy.DefaultLane && (!slices.Contains(want, w.Window) || ring.Reboot != policy.RebootIfRequired) {
		t.Fatalf("%s reboots in %s: %+v", r.Ring, w.Window, ring)
	}
	for _, name := range w.Hosts {
		h := in.Snapshot.Host(name)
		if h.State != inventory.Scanned || !h.RebootPending || slices.ContainsFunc(in.InDoubt, func(d plan.InDoubt) bool { return d.Host == name }) {
			t.Fatalf("%s is rebooted: %+v", name, h)
		}
		for _, x := range in.Reboots {
			twice := x.Host == name && x.Failed == 2 && x.At.Sub(*x.Before) < 24*time.Hour && in.At.Before(x.At.Add(24*time.Hour))
			same := x.Host == name && x.Failed > 0 && !x.At.Before(w.Opens) && w.Closes != nil && x.At.Before(*w.Closes)
			if twice || same {
				t.Fatalf("%s is rebooted once more: %+v, %+v", name, x, w)
			}
		}
	}
}

// TestRebootOfOneHost: in the ring's window or in the window of its reboots, once in an occurrence, and never in a loop.
func TestRebootOfOneHost(t *testing.T) {
	failed, before := plantest.Instant("2026-11-21T11:00:00Z"), plantest.Instant("2026-11-21T10:00:00Z")
	for name, c := range map[string]struct {
		with func(*plan.Input)
		want string
	}{
		"the ring's window": {func(*plan.Input) {}, `pilot/default wave 1 weeknight Nov23T21:00/Nov24T01:00 web-1: change 0  if-required`},
		"its own": {
			func(in *plan.Input) { in.Policy.Rings[1].RebootWindow = "weekend" },
			`pilot/default wave 1 weekend Nov21T19:00/Nov22T03:00 web-1: change 0  if-required`,
		},
		"the first of several": {
			func(in *plan.Input) { in.Policy.Rings[1].RebootWindows = []string{"patchWeekend", "weekend"} },
			`pilot/default wave 1 weekend Nov21T19:00/Nov22T03:00 web-1: change 0  if-required`,
		},
		"tried in an occurrence that is over": {
			func(in *plan.Input) { in.Reboots = []plan.Rebooted{{Host: "web-1", At: failed, Times: 1, Failed: 1}} },
			`pilot/default wave 1 weeknight Nov23T21:00/Nov24T01:00 web-1: change 0  if-required`,
		},
		"a loop": {func(in *plan.Input) {
			in.Reboots = []plan.Rebooted{{Host: "web-1", At: failed, Times: 2, Failed: 2, Before: &before}}
		}, ``},
		"in doubt":     {func(in *plan.Input) { in.InDoubt = []plan.InDoubt{{ID: "1", Host: "web-1", Ring: "pilot"}} }, ``},
		"never reboot": {func(in *plan.Input) { in.Policy.Rings[1].Reboot = policy.RebootNever }, ``},
	} {
		t.Run(name, func(t *testing.T) {
			in := only(plantest.World("2026-11-21T12:00:00Z"), "web")
			i := slices.IndexFunc(in.Policy.Rings, func(r policy.Ring) bool { return r.Name == "pilot" })
			in.Policy.Rings[i], in.Policy.Rings[1] = in.Policy.Rings[1], in.Policy.Rings[i]
			in.Policy.Rings[1].Reboot = policy.RebootIfRequired
			for i := range in.Snapshot.Hosts {
				in.Snapshot.Hosts[i].RebootPending = in.Snapshot.Hosts[i].Name == "web-1"
			}
			c.with(&in)
			p := plantest.Built(t, in)
			wantTold(t, p, c.want)
			if n := p.Summary.Reboots; (n == 1) != (c.want != "") {
				t.Errorf("%d reboots", n)
			}
		})
	}
}
