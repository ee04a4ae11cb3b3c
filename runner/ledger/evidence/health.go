package evidence

import (
	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/runner/ledger"
)

// withHealth says of the evidence of rings whose health a requirement asks for how the hosts are that have the update.
// That of the pool is the sum over all rings of its tenants.
func withHealth(out decision.Evidence, own ledger.State, foreign map[string]ledger.State, t *policy.Tenant, pool []string) decision.Evidence {
	for _, q := range requirements(t, func(q policy.Requirement) bool { return q.Healthy }) {
		sums := healthBehind(q, sources(q, own, foreign, pool))
		for i, e := range out {
			if h, ok := sums[e.Update]; ok && e.Ring == q.Key() {
				out[i].Healthy, out[i].Unhealthy, out[i].HealthUnknown = h.Healthy, h.Failing, h.Unknown
			}
		}
	}
	return out
}

// healthBehind sums up, by update, what states say of the hosts that a requirement is about.
func healthBehind(q policy.Requirement, states []ledger.State) map[string]ledger.SiteHealth {
	sums := map[string]ledger.SiteHealth{}
	for _, s := range states {
		for _, h := range s.Health {
			if q.Pooled() || h.Ring == q.Ring {
				sums[h.Update] = sums[h.Update].Plus(h)
			}
		}
	}
	return sums
}

// sources are the states that a requirement rests on.
func sources(q policy.Requirement, own ledger.State, foreign map[string]ledger.State, pool []string) []ledger.State {
	switch {
	case !q.Foreign():
		return []ledger.State{own}
	case !q.Pooled():
		return []ledger.State{foreign[q.Tenant]}
	}
	return pooling(own, foreign, pool)
}
