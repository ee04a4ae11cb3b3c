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

// Busy draws worlds in which much goes at once: nearly all hosts are scanned and lack nearly all updates, most of which
// the rules let pass sooner or later, and rings let many hosts go together. In those of Worlds something keeps nearly
// every host back, so that a bound on how many go is seldom reached.
func Busy(windows ...string) *rapid.Generator[plan.Input] {
	return rapid.Custom(func(t *rapid.T) plan.Input {
		in := Worlds().Draw(t, "world")
		in.At = Instant("2026-11-23T08:00:00Z").AddDate(0, 0, rapid.SampledFrom(days).Draw(t, "day")).Add(time.Duration(rapid.IntRange(0, 24*60).Draw(t, "minute")) * time.Minute)
		in.Horizon, in.Snapshot.TakenAt = 0, in.At
		in.Snapshot.Updates, in.Answers, in.Evidence, in.Failures, in.InDoubt, in.Reboots = nil, nil, nil, nil, nil, nil
		for i := range in.Policy.Rings {
			r := &in.Policy.Rings[i]
			r.Window, r.Requires = rapid.SampledFrom(windows).Draw(t, "busy window"), nil
			r.MaxUnavailable = policy.Amount{Percent: rapid.SampledFrom([]int{50, 100, 100, 100}).Draw(t, "at once")}
		}
		for i := range rapid.IntRange(1, 3).Draw(t, "busy updates") {
			in.Snapshot.Updates = append(in.Snapshot.Updates, inventory.Update{
				PURL: fmt.Sprintf("pkg:deb/debian/p%d@2", i), FirstSeen: ago(in.At).Draw(t, "first seen"), Reboot: "unknown",
			})
			a := Answers().Draw(t, "answer")
			a.Blocks = nil
			a.Grants = []decision.Grant{{Rule: "r", Approve: &policy.Approve{
				After: Hours(rapid.IntRange(0, 200).Draw(t, "after")), Anchor: policy.FirstSeen,
			}}}
			in.Answers = append(in.Answers, a)
		}
		in.Policy.Hosts, in.Snapshot.Hosts = nil, nil
		for i := range rapid.IntRange(4, 10).Draw(t, "busy hosts") {
			h := Host(fmt.Sprintf("h%02d", i), rapid.SampledFrom([]string{"a", "a", "a", "b", "c"}).Draw(t, "tier"))
			in.Policy.Hosts = append(in.Policy.Hosts, h)
			in.Snapshot.Hosts = append(in.Snapshot.Hosts, busyHost(t, &in, h.Name))
		}
		return in
	})
}

// days are sampled, since small numbers are drawn more often than large ones.
var days = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}

// busyHost lacks nearly everything; now and then it is away or in doubt.
func busyHost(t *rapid.T, in *plan.Input, name string) inventory.Host {
	h := inventory.Host{Name: name, State: inventory.Scanned}
	switch rapid.IntRange(0, 9).Draw(t, "trouble") {
	case 0:
		h.State = rapid.SampledFrom([]inventory.HostState{inventory.Stale, inventory.Unreachable, inventory.Quarantined}).Draw(t, "state")
	case 1:
		in.InDoubt = append(in.InDoubt, plan.InDoubt{ID: "i" + name, Host: name, Ring: "a", Since: in.At})
	}
	for i := range in.Snapshot.Updates {
		if rapid.IntRange(0, 7).Draw(t, "lacks") > 0 {
			h.Missing = append(h.Missing, inventory.Missing{Update: i, From: "1"})
		}
	}
	return h
}
