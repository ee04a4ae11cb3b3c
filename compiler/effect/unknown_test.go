package effect_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/effect"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
	"github.com/ringfence/ringfence/compiler/policy"
)

// TestNothingUnknownIsRuledOut: whatever a scan of all hosts would show, the comparison without some of their scans shows
// too, or says that nobody can rule it out.
func TestNothingUnknownIsRuledOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pair := pairs().Draw(t, "pair")
		full := kindsOf(diffOf(t, pair))
		forgotten := *pair[0].Snapshot
		forgotten.Hosts = slices.Clone(forgotten.Hosts)
		for i := range forgotten.Hosts {
			if h := &forgotten.Hosts[i]; rapid.Bool().Draw(t, "forgotten") && h.State == inventory.Scanned {
				h.State = inventory.Stale
			}
		}
		pair[0].Snapshot, pair[1].Snapshot = &forgotten, &forgotten
		part := diffOf(t, pair)
		told := slices.Concat(kindsOf(part), part.Unknown)
		for _, k := range full {
			if !slices.Contains(told, k) {
				t.Fatalf("%s is nowhere: there are %v, unknown are %v of %d hosts", k, kindsOf(part), part.Unknown, part.Unscanned)
			}
		}
	})
}

// TestUnknown: an edit of a tenant that nobody scanned may do anything to updates; one that is new or goes may not.
func TestUnknown(t *testing.T) {
	in := sourced(plantest.World("2026-11-21T12:00:00Z"))
	in.Snapshot = &inventory.Snapshot{Tenant: "acme", Site: policy.DefaultSite, TakenAt: in.At}
	none := in
	none.Policy = nil
	for name, c := range map[string]struct {
		pair [2]plan.Input
		want []effect.Kind
	}{
		"edited": {[2]plan.Input{in, in}, []effect.Kind{
			effect.RejectedToApproved, effect.NewlyApproved, effect.NoLongerRejected, effect.Earlier, effect.Reboots, effect.NewlyRejected,
			effect.NoLongerApproved, effect.Later, effect.RebootsMoved, effect.NoReboots, effect.Changed,
		}},
		"new":  {[2]plan.Input{none, in}, []effect.Kind{effect.Reboots, effect.RebootsMoved}},
		"goes": {[2]plan.Input{in, none}, []effect.Kind{effect.RebootsMoved, effect.NoReboots}},
	} {
		d := diffOf(t, c.pair)
		if d.Unscanned != 7 || !slices.Equal(d.Unknown, c.want) {
			t.Errorf("%s: %v of %d hosts, want %v of 7", name, d.Unknown, d.Unscanned, c.want)
		}
	}
}

func diffOf(t rapid.TB, pair [2]plan.Input) effect.TenantDiff {
	d, err := effect.Diff(pair[0], pair[1])
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func kindsOf(d effect.TenantDiff) (out []effect.Kind) {
	for _, g := range d.Groups {
		out = append(out, g.Kind)
	}
	return out
}
