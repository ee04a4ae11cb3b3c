package evidence

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/runner/ledger"
)

// pooled adds up, for each update, what this tenant and those of the pool know of it, over all their rings. It names
// none of them. Who was never scanned may lack anything and has seen nothing.
func pooled(own ledger.State, foreign map[string]ledger.State, pool []string) decision.Evidence {
	sums := map[string]*decision.RingEvidence{}
	for _, s := range pooling(own, foreign, pool) {
		addTo(sums, s)
	}
	var out decision.Evidence
	for _, update := range slices.Sorted(maps.Keys(sums)) {
		out = append(out, *sums[update])
	}
	return out
}

// pooling are the states of this tenant and those of the pool.
func pooling(own ledger.State, foreign map[string]ledger.State, pool []string) []ledger.State {
	out := []ledger.State{own}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(pool))) {
		if name != own.Tenant {
			out = append(out, foreign[name])
		}
	}
	return out
}

// addTo counts one tenant's evidence. An update that succeeded in several of its rings succeeded in one tenant.
func addTo(sums map[string]*decision.RingEvidence, s ledger.State) {
	here, known := map[string]bool{}, map[[2]string]bool{}
	for _, e := range s.Evidence {
		sum := sumOf(sums, e.Update)
		sum.Attempted += e.Attempted
		sum.Succeeded += e.Succeeded
		sum.Failed += e.Failed
		sum.InDoubt += e.InDoubt
		sum.Missing += e.Missing
		sum.FirstAt = extreme(sum.FirstAt, e.FirstAt, time.Time.Before)
		sum.SucceededAt = extreme(sum.SucceededAt, e.SucceededAt, time.Time.After)
		if e.Succeeded > 0 {
			sum.Platforms = slices.Compact(slices.Sorted(slices.Values(append(sum.Platforms, e.Platforms...))))
			addPlatforms(sum, e.OnPlatforms, known)
		}
		if e.Succeeded > 0 && !here[e.Update] {
			here[e.Update] = true
			sum.Tenants++
		}
	}
	if s.Seq == 0 {
		sumOf(sums, decision.AnyUpdate).Missing += unknown
	}
}

// addPlatforms counts successes by platform. known are those on which an update succeeded in another ring of the tenant.
func addPlatforms(sum *decision.RingEvidence, list []decision.OnPlatform, known map[[2]string]bool) {
	for _, p := range list {
		i, ok := slices.BinarySearchFunc(sum.OnPlatforms, p.Platform, func(o decision.OnPlatform, name string) int { return strings.Compare(o.Platform, name) })
		if !ok {
			sum.OnPlatforms = slices.Insert(sum.OnPlatforms, i, decision.OnPlatform{Platform: p.Platform})
		}
		sum.OnPlatforms[i].Succeeded += p.Succeeded
		if key := [2]string{sum.Update, p.Platform}; !known[key] {
			known[key] = true
			sum.OnPlatforms[i].Tenants++
		}
	}
}

func sumOf(sums map[string]*decision.RingEvidence, update string) *decision.RingEvidence {
	if sums[update] == nil {
		key := policy.Requirement{Tenant: policy.AllTenants, Ring: policy.PoolRing}.Key()
		sums[update] = &decision.RingEvidence{Ring: key, Update: update, Platforms: []string{}}
	}
	return sums[update]
}

// extreme is the one of two instants that comes first by before; nil is none.
func extreme(a, b *time.Time, first func(time.Time, time.Time) bool) *time.Time {
	if a == nil || b != nil && first(*b, *a) {
		return b
	}
	return a
}
