package plantest_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/plan/plantest"
	_ "github.com/ringfence/ringfence/internal/sameseed"
)

// TestWorldsHaveEverything: a property of plans says nothing when no world that is drawn has a wave, a wait, a rejection
// or hosts that are not judged.
func TestWorldsHaveEverything(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		p := plantest.Built(t, plantest.Worlds().Draw(t, "world"))
		for _, r := range p.Rings {
			seen["waves"] += len(r.Waves)
			seen["waiting"] += len(r.Waiting)
			seen["rejected"] += len(r.Rejected)
			seen["reboots that wait"] += len(r.Reboots)
		}
		seen["hosts in doubt"] += len(p.InDoubt)
		seen["hosts not scanned"] += len(p.Stale) + len(p.Unreachable)
		seen["quarantined hosts"] += len(p.Quarantined)
		seen["failures"] += len(p.Failed)
	})
	for _, what := range []string{
		"waves", "waiting", "rejected", "reboots that wait", "hosts in doubt", "hosts not scanned", "quarantined hosts", "failures",
	} {
		if seen[what] == 0 {
			t.Errorf("no world had %s", what)
		}
	}
}
