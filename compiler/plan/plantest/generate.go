package plantest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
)

// Worlds draws inputs whose parts fit together; what they say of hosts, evidence and rules is arbitrary. Instants lie
// in winter, where Berlin's clock does not jump, so that the oracle of windows can be simple.
func Worlds() *rapid.Generator[plan.Input] {
	return rapid.Custom(func(t *rapid.T) plan.Input {
		start := Instant("2026-11-21T12:00:00Z")
		in := plan.Input{
			At: start.Add(time.Duration(rapid.IntRange(0, 45*24*60).Draw(t, "at")) * time.Minute), Tool: "test",
			Horizon: time.Duration(rapid.IntRange(0, 40*24).Draw(t, "horizon")) * time.Hour, Policy: Tenants().Draw(t, "tenant"),
		}
		in.Snapshot = &inventory.Snapshot{Tenant: "acme", TakenAt: in.At}
		for i := range rapid.IntRange(0, 6).Draw(t, "updates") {
			in.Snapshot.Updates = append(in.Snapshot.Updates, inventory.Update{
				PURL: fmt.Sprintf("pkg:deb/debian/p%d@2", i), FirstSeen: ago(in.At).Draw(t, "first seen"),
				Reboot: rapid.SampledFrom([]string{"yes", "no", "unknown"}).Draw(t, "reboot"),
			})
			in.Answers = append(in.Answers, Answers().Draw(t, "answer"))
		}
		for _, h := range in.Policy.Hosts {
			in.Snapshot.Hosts = append(in.Snapshot.Hosts, snapshotHost(t, h.Name, len(in.Snapshot.Updates)))
		}
		in.Snapshot.Hosts = append(in.Snapshot.Hosts, snapshotHost(t, "zz-unknown", len(in.Snapshot.Updates)))
		for _, ring := range []string{"a", "b", "c", "msp/test", "unrelated"} {
			for _, u := range in.Snapshot.Updates {
				if rapid.Bool().Draw(t, "evidence") {
					in.Evidence = append(in.Evidence, evidence(t, ring, u.PURL, in.At))
				}
			}
		}
		history(t, &in)
		return in
	})
}

func ago(at time.Time) *rapid.Generator[time.Time] {
	return rapid.Map(rapid.IntRange(0, 6*24*60), func(m int) time.Time { return at.Add(-time.Duration(m) * time.Minute) })
}

// Tenants draws policies with rings a, b and c, which may require one another and a foreign one, and some hosts.
func Tenants() *rapid.Generator[*policy.Tenant] {
	return rapid.Custom(func(t *rapid.T) *policy.Tenant {
		out := Acme()
		out.Rings, out.Hosts = nil, nil
		windows := rapid.SampledFrom([]string{"anytime", "weekend", "weeknight", "patchWeekend"})
		for _, name := range []string{"a", "b", "c"} {
			r := policy.Ring{
				Name: name, Select: []policy.Label{{Key: "tier", Value: name}}, Window: windows.Draw(t, "window"),
				MaxUnavailable: policy.Amount{Count: rapid.IntRange(0, 3).Draw(t, "count"), Percent: rapid.IntRange(0, 100).Draw(t, "percent")},
				Reboot:         rapid.SampledFrom([]policy.Reboot{policy.RebootNever, policy.RebootIfRequired}).Draw(t, "reboot"),
				RebootWindow:   rapid.SampledFrom([]string{"", "", "anytime", "weekend", "weeknight"}).Draw(t, "reboot window"),
			}
			if r.RebootWindow == "" && rapid.Bool().Draw(t, "several reboot windows") {
				r.RebootWindows = []string{"weekend", "weeknight"}
			}
			for _, req := range []policy.Requirement{{Ring: "a"}, {Ring: "b"}, {Tenant: "msp", Ring: "test"}} {
				if name == "a" || req.Tenant == "" && req.Ring >= name || rapid.Bool().Draw(t, "free") {
					continue
				}
				req.Succeeded, req.MinSucceeded = rapid.IntRange(0, 100).Draw(t, "succeeded"), rapid.IntRange(1, 4).Draw(t, "min")
				req.Soak = Hours(rapid.IntRange(0, 100).Draw(t, "soak"))
				req.IfUntested = rapid.SampledFrom([]policy.IfUntested{
					policy.UntestedApprove, policy.UntestedNeedsApproval, policy.UntestedWait,
				}).Draw(t, "if untested")
				r.Requires = append(r.Requires, req)
			}
			out.Rings = append(out.Rings, r)
		}
		for i := range rapid.IntRange(1, 12).Draw(t, "hosts") {
			out.Hosts = append(out.Hosts, Host(fmt.Sprintf("h%02d", i), rapid.SampledFrom([]string{"a", "a", "b", "b", "c", "none"}).Draw(t, "tier")))
		}
		return out
	})
}

// Answers draws what the rules say of an update.
func Answers() *rapid.Generator[decision.Answer] {
	return rapid.Custom(func(t *rapid.T) decision.Answer {
		a := decision.Answer{}
		if rapid.IntRange(0, 9).Draw(t, "grant") > 0 {
			a.Grants = []decision.Grant{{Rule: "r", Approve: &policy.Approve{
				After: Hours(rapid.IntRange(0, 200).Draw(t, "after")), Anchor: policy.FirstSeen,
			}}}
		}
		if rapid.IntRange(0, 9).Draw(t, "block") == 0 {
			a.Blocks = []decision.Block{{Kind: rapid.SampledFrom([]decision.BlockKind{decision.Reject, decision.Hold}).Draw(t, "kind"), Rule: "b"}}
		}
		a.Lanes = rapid.SampledFrom([][]string{nil, nil, {"definitions"}, {"urgent"}, {"definitions", "urgent"}}).Draw(t, "lanes")
		if rapid.Bool().Draw(t, "passes the freeze") {
			a.Freezes = []string{"yearEnd"}
		}
		return a
	})
}

func snapshotHost(t *rapid.T, name string, updates int) inventory.Host {
	h := inventory.Host{Name: name, State: rapid.SampledFrom([]inventory.HostState{
		inventory.Scanned, inventory.Scanned, inventory.Scanned, inventory.Scanned, inventory.Stale, inventory.Unreachable, inventory.Quarantined,
	}).Draw(t, "state"), RebootPending: rapid.IntRange(0, 2).Draw(t, "asks for a reboot") == 0}
	for i := range updates {
		switch rapid.IntRange(0, 5).Draw(t, "has") {
		case 0:
			h.Installed = append(h.Installed, inventory.Installed{Update: i, Version: "2"})
		case 1:
			h.Missing = append(h.Missing, inventory.Missing{Update: i, From: "1", Held: true})
		case 2, 3, 4:
			h.Missing = append(h.Missing, inventory.Missing{Update: i, From: rapid.SampledFrom([]string{"0", "1"}).Draw(t, "from")})
		}
	}
	return h
}

func evidence(t *rapid.T, ring, purl string, at time.Time) decision.RingEvidence {
	succeeded, failed := rapid.IntRange(0, 4).Draw(t, "succeeded"), rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(t, "failed")
	doubt := rapid.SampledFrom([]int{0, 0, 0, 0, 1}).Draw(t, "in doubt")
	e := decision.RingEvidence{
		Ring: ring, Update: purl, Attempted: succeeded + failed + doubt, Succeeded: succeeded, Failed: failed, InDoubt: doubt,
		Missing: rapid.IntRange(0, 2).Draw(t, "missing"),
	}
	if succeeded > 0 {
		when := ago(at).Draw(t, "succeeded at")
		e.SucceededAt = &when
	}
	return e
}

// history adds failures and actions in doubt.
func history(t *rapid.T, in *plan.Input) {
	for _, h := range in.Policy.Hosts {
		if rapid.IntRange(0, 3).Draw(t, "rebooted") > 0 {
			continue
		}
		r := plan.Rebooted{Host: h.Name, Ring: h.Label("tier"), At: ago(in.At).Draw(t, "rebooted at"), Failed: rapid.IntRange(0, 2).Draw(t, "reboots failed")}
		if r.Times = r.Failed + 1; r.Failed > 1 {
			before := ago(r.At).Draw(t, "rebooted before")
			r.Before = &before
		}
		in.Reboots = append(in.Reboots, r)
	}
	for _, h := range in.Policy.Hosts {
		if rapid.IntRange(0, 7).Draw(t, "in doubt") == 0 {
			in.InDoubt = append(in.InDoubt, plan.InDoubt{ID: "i" + h.Name, Host: h.Name, Ring: "a", Since: in.At})
		}
		for _, u := range in.Snapshot.Updates {
			if rapid.IntRange(0, 5).Draw(t, "failed") == 0 {
				in.Failures = append(in.Failures, plan.Failure{Host: h.Name, Ring: "a", Update: u.PURL, At: ago(in.At).Draw(t, "failed at"), Times: 1})
			}
		}
	}
}
