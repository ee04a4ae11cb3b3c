package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
	"github.com/ringfence/ringfence/compiler/policy"
)

func TestDue(t *testing.T) {
	in := only(plantest.World("2026-11-23T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved), plantest.Lacks(plantest.Curl, plantest.Urgent)), "web")
	p := plantest.Built(t, in)
	for _, c := range []struct{ at, due, next string }{
		{"2026-11-23T11:59:59Z", "", "Nov23T12:00"},
		{"2026-11-23T12:00:00Z", "urgent", "Nov23T21:00"},
		{"2026-11-23T21:00:00Z", "default urgent", "-"},
		{"2026-11-24T00:59:59Z", "default urgent", "-"},
		{"2026-11-24T01:00:00Z", "urgent", "-"},
	} {
		var lanes []string
		for _, d := range plan.Due(p, plantest.Instant(c.at)) {
			lanes = append(lanes, d.Lane)
		}
		next := "-"
		if n, ok := plan.NextDue(p, plantest.Instant(c.at)); ok {
			next = plantest.Short(&n)
		}
		if strings.Join(lanes, " ") != c.due || next != c.next {
			t.Errorf("at %s: due %q, next %s; want %q, %s", c.at, lanes, next, c.due, c.next)
		}
	}
}

// TestStale makes a plan on Saturday evening, changes the world, and compares with a fresh plan two hours later.
func TestStale(t *testing.T) {
	base := func() plan.Input {
		in := only(plantest.World("2026-11-28T19:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved), plantest.Lacks(plantest.Bash, plantest.Approved)), "db")
		in.Policy.Rings[0].MaxUnavailable = policy.Amount{Count: 4}
		for _, u := range []string{plantest.Bash, plantest.OpenSSL} {
			in.Evidence = append(in.Evidence, plantest.Tested(u, "2026-11-24T00:30:00Z")...)
		}
		return in
	}
	old := plantest.Built(t, base())
	now := plantest.Instant("2026-11-28T21:00:00Z")
	two := func(in *plan.Input) *inventory.Host { return &in.Snapshot.Hosts[1] } // db-2
	for what, c := range map[string]struct {
		change func(*plan.Input)
		want   string // kind, hosts, updates: part of the words
	}{
		"nothing": {func(*plan.Input) {}, ""},
		"installed by now": {func(in *plan.Input) {
			two(in).Missing, two(in).Installed = nil, []inventory.Installed{{Update: 0, Version: "9"}, {Update: 1, Version: "9"}}
		}, ""},
		"one more update": {func(in *plan.Input) {
			in.Snapshot.Updates = append(in.Snapshot.Updates, inventory.Update{PURL: "pkg:deb/debian/zsh@5", FirstSeen: in.At})
			in.Answers = append(in.Answers, decision.Answer{Grants: plantest.Grant})
			in.Evidence = append(in.Evidence, plantest.Tested("pkg:deb/debian/zsh@5", "2026-11-24T00:30:00Z")...)
			two(in).Missing = append(two(in).Missing, inventory.Missing{Update: 2, From: "4"})
		}, ""},
		"unreachable": {func(in *plan.Input) { two(in).State = inventory.Unreachable }, ""},
		"stale":       {func(in *plan.Input) { two(in).State = inventory.Stale }, ""},
		"key changed": {func(in *plan.Input) { two(in).State = inventory.Quarantined }, ""},
		"in doubt": {func(in *plan.Input) {
			in.InDoubt = []plan.InDoubt{{ID: "x", Host: "db-2", Ring: "broad", Since: in.At}}
		}, ""},
		"failed meanwhile": {func(in *plan.Input) {
			in.Failures = []plan.Failure{{Host: "db-2", Update: plantest.Bash, At: plantest.Instant("2026-11-28T19:30:00Z")}}
		}, ""},
		"another host holds": {func(in *plan.Input) { two(in).Missing[1].Held = true }, "waiting db-2 openssl: waits for hold: the host's own package manager"},
		"rejected": {
			func(in *plan.Input) { in.Answers[0] = plantest.Refused },
			"rejected db-1 db-2 db-3 db-4 bash: ring broad: it is rejected: rejected by noBash: it breaks the build",
		},
		"gate fails": {func(in *plan.Input) {
			for i := range in.Evidence {
				in.Evidence[i].InDoubt, in.Evidence[i].Attempted = 1, in.Evidence[i].Attempted+1
			}
		}, "waiting db-1 db-2 db-3 db-4 bash openssl: it waits for gate: "},
		"window shorter": {func(in *plan.Input) {
			in.Policy.Windows[2].Duration = plantest.Hours(4)
		}, "window db-1 db-2 db-3 db-4 bash openssl: ring broad: the window was weekend, Sat 28 Nov 19:00 – Sun 03:00 UTC; it is weekend, Sat 28 Nov 19:00 – 23:00 UTC"},
		"window over": {func(in *plan.Input) {
			in.Policy.Windows[2].Duration = plantest.Hours(1)
		}, "later db-1 db-2 db-3 db-4 bash openssl: it is planned for weekend, Sat 5 Dec 19:00"},
		"freeze": {func(in *plan.Input) {
			in.Policy.Freezes[0].Starts = "2026-11-28T12:00"
		}, "waiting db-1 db-2 db-3 db-4 bash openssl: it waits for freeze: freeze yearEnd covers window weekend"},
		"ring renamed": {func(in *plan.Input) {
			in.Policy.Rings[0].Name = "wide"
		}, "ring db-1 db-2 db-3 db-4 bash openssl: was in ring broad, lane default; is in ring wide, lane default"},
		"host in no ring": {func(in *plan.Input) {
			in.Policy.Hosts[1].Labels = []policy.Label{{Key: "tier", Value: "none"}}
		}, "quarantined db-2 bash openssl: no ring selects it"},
		"host left": {func(in *plan.Input) {
			in.Policy.Hosts = in.Policy.Hosts[2:]
		}, "gone db-1 db-2 bash openssl: the policy no longer has the host"},
		"host forgotten": {func(in *plan.Input) {
			in.Snapshot.Hosts = in.Snapshot.Hosts[1:]
		}, "gone db-1 bash openssl: the last scan does not have the host"},
		"no longer offered": {func(in *plan.Input) {
			two(in).Missing = two(in).Missing[:1]
		}, "gone db-2 openssl: the last scan no longer offers the update"},
		"another version": {func(in *plan.Input) { two(in).Missing[0].From = "1.1" }, "from db-2 bash: another version"},
		"no reboot": {func(in *plan.Input) {
			in.Policy.Rings[0].Reboot = policy.RebootNever
		}, "reboot db-1 db-2 db-3 db-4 bash openssl: reboot was if-required; it is never"},
		"another tenant": {func(in *plan.Input) { in.Policy.Name, in.Snapshot.Tenant = "beta", "beta" }, "tenant  : of tenant acme, not of beta"},
	} {
		t.Run(what, func(t *testing.T) {
			in := base()
			in.At = now
			c.change(&in)
			got := plan.Stale(old, plantest.Built(t, in), in.Snapshot, now)
			if c.want == "" {
				if len(got) > 0 {
					t.Errorf("stale: %v", got)
				}
				return
			}
			start, words, _ := strings.Cut(c.want, ": ")
			var found []string
			for _, d := range got {
				var updates []string
				for _, u := range d.Updates {
					updates = append(updates, name(u))
				}
				found = append(found, fmt.Sprintf("%s %s %s", d.What, strings.Join(d.Hosts, " "), strings.Join(updates, " ")))
			}
			if len(got) != 1 || found[0] != start || !strings.Contains(got[0].Words, words) || !strings.Contains(got[0].String(), words) {
				t.Errorf("got %q %q\nwant %q", found, got, c.want)
			}
		})
	}
}

// TestRebootThatUpdatesJoin: a plan that only reboots a host does less than one that installs there and reboots, since
// the gate has opened. It is no other thing, unless that is in another window.
func TestRebootThatUpdatesJoin(t *testing.T) {
	base := func() plan.Input {
		in := only(plantest.World("2026-11-28T19:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved)), "db")
		in.Snapshot.Hosts[0].RebootPending = true
		return in
	}
	old := plantest.Built(t, base())
	for what, c := range map[string]struct {
		change func(*plan.Input)
		want   plan.What
	}{
		"the gate opened":      {func(*plan.Input) {}, ""},
		"in a shorter window":  {func(in *plan.Input) { in.Policy.Windows[2].Duration = plantest.Hours(4) }, plan.WhatWindow},
		"nothing reboots":      {func(in *plan.Input) { in.Policy.Rings[0].Reboot = policy.RebootNever }, plan.WhatReboot},
		"another ring":         {func(in *plan.Input) { in.Policy.Rings[0].Name = "wide" }, plan.WhatRing},
		"the window is closed": {func(in *plan.Input) { in.Policy.Windows[2].Duration = plantest.Hours(1) }, plan.WhatLater},
	} {
		t.Run(what, func(t *testing.T) {
			in := base()
			in.Evidence, in.At = plantest.Tested(plantest.OpenSSL, "2026-11-24T00:30:00Z"), plantest.Instant("2026-11-28T21:00:00Z")
			c.change(&in)
			fresh := plantest.Built(t, in)
			if w := fresh.Rings[1].Waves; len(w) == 0 || len(fresh.Changes[w[0].Change].Updates) == 0 {
				t.Fatalf("the gate did not open: %+v", fresh.Rings)
			}
			switch got := plan.Stale(old, fresh, in.Snapshot, in.At); {
			case c.want == "" && len(got) > 0:
				t.Errorf("stale: %v", got)
			case c.want != "" && (len(got) != 1 || got[0].What != c.want):
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

// TestOwnPlanIsNeverStale: whatever the world, at any instant, a plan is not stale against itself, and once everything
// that is due is installed it still is not.
func TestOwnPlanIsNeverStale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := plantest.Worlds().Draw(t, "world")
		in.At = in.At.Truncate(time.Second)
		p := plantest.Built(t, in)
		at := in.At.Add(time.Duration(rapid.IntRange(0, 10*24*60).Draw(t, "later")) * time.Minute)
		if d := plan.Stale(p, p, in.Snapshot, at); len(d) > 0 {
			t.Fatalf("against itself: %v", d)
		}
		for _, w := range plan.Due(p, in.At) {
			for _, name := range w.Hosts {
				install(in.Snapshot, in.Snapshot.Host(name), p.Changes[w.Change])
			}
		}
		if d := plan.Stale(p, plantest.Built(t, in), in.Snapshot, in.At); len(d) > 0 {
			t.Fatalf("after it was carried out: %v", d)
		}
	})
}

func install(s *inventory.Snapshot, h *inventory.Host, c plan.Change) {
	for _, u := range c.Updates {
		i := slices.IndexFunc(s.Updates, func(x inventory.Update) bool { return x.PURL == u.Update })
		h.Missing = slices.DeleteFunc(h.Missing, func(m inventory.Missing) bool { return m.Update == i })
		h.Installed = append(h.Installed, inventory.Installed{Update: i, Version: "2"})
	}
}
