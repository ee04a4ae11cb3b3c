package verify

import (
	"testing"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

// under writes the first wave of broad as if it had been started under another policy.
func (x *forgery) under(change func(broad *policy.Ring)) {
	l := x.at(ledger.PhaseIntent, 3)
	edit(x, l, inputs.PolicyFile, func(t *policy.Tenant) {
		for i := range t.Rings {
			if t.Rings[i].Name == "broad" {
				change(&t.Rings[i])
			}
		}
	})
	l.record.Policy = canonical.DigestBytes(l.files[inputs.PolicyFile])
}

// TestBothJudgeGates: what a gate may ask for is judged alike by both verifiers. That the policy is not the one of the
// other records is found, too, and no matter here.
func TestBothJudgeGates(t *testing.T) {
	t.Parallel()
	s := tell(t)
	f, honest := newForger(t, s.dir), s.chain()
	own := func(change func(q *policy.Requirement)) func(*policy.Ring) {
		return func(r *policy.Ring) { change(&r.Requires[1]) }
	}
	canNot := policy.Requirement{Ring: "pilot", Succeeded: 100, MinSucceeded: 99, IfUntested: policy.UntestedWait}
	can := policy.Requirement{Ring: "pilot", Succeeded: 60, MinSucceeded: 1, IfUntested: policy.UntestedWait}
	pool := policy.Requirement{Tenant: policy.AllTenants, Ring: policy.PoolRing, Succeeded: 50, MinSucceeded: 1, Tenants: 1, IfUntested: policy.UntestedWait}
	for name, c := range map[string]struct {
		change func(*policy.Ring)
		closed bool
	}{
		"as it was":                {func(*policy.Ring) {}, false},
		"all reported":             {own(func(q *policy.Requirement) { q.MinReported = policy.Amount{Percent: 100} }), false},
		"more than there are":      {own(func(q *policy.Requirement) { q.MinReported = policy.Amount{Count: 4} }), true},
		"another tenant's, silent": {func(r *policy.Ring) { r.Requires[0].MinReported = policy.Amount{Percent: 1} }, true},
		"the same platform":        {own(func(q *policy.Requirement) { q.SamePlatform = true }), false},
		"a listed platform":        {own(func(q *policy.Requirement) { q.Platforms = []string{"debian 12"} }), false},
		"another platform":         {own(func(q *policy.Requirement) { q.Platforms = []string{"debian 12", "debian 13"} }), true},
		"so many on it":            {own(func(q *policy.Requirement) { q.SamePlatform, q.EachPlatform = true, true }), false},
		"so many in a tenant":      {own(func(q *policy.Requirement) { q.SamePlatform, q.EachPlatform, q.Tenants = true, true, 1 }), true},
		"so many on each of two":   {own(func(q *policy.Requirement) { q.Platforms, q.EachPlatform = []string{"debian 12", "debian 13"}, true }), true},
		"one alternative holds":    {func(r *policy.Ring) { r.RequiresAny = [][]policy.Requirement{{canNot}, {can}} }, false},
		"no alternative holds":     {func(r *policy.Ring) { r.RequiresAny = [][]policy.Requirement{{canNot}, {can, canNot}} }, true},
		"a pool nobody recorded":   {func(r *policy.Ring) { r.Requires = append(r.Requires, pool) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			x := &forgery{s, copied(honest)}
			x.under(c.change)
			s.bothSay(t, f, x, Gate, c.closed)
		})
	}
}
