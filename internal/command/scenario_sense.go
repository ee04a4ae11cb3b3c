package command

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/internal/phrase"
)

// sense says what of a scenario names what is not there, or contradicts itself. Such a scenario would be played with
// less than it says, and prove nothing.
func sense(set *policy.Set, t *policy.Tenant, s policy.Scenario) error {
	described := map[string]policy.ScenarioMissing{}
	for _, m := range s.Missing {
		if len(s.Hosts) > 0 && !slices.Contains(s.Hosts, m.Host) {
			return fmt.Errorf("%s: %s lacks something, but hosts does not list it", m.Source, m.Host)
		}
		first, twice := described[m.Update]
		if twice && !reflect.DeepEqual(likeOf(first), likeOf(m)) {
			return fmt.Errorf("%s: %s is described otherwise than at %s; one update is the same on every host", m.Source, phrase.Update(m.Update), first.Source)
		}
		if !twice {
			described[m.Update] = m
		}
	}
	told := map[[3]string]string{}
	for _, e := range s.Evidence {
		if err := isRing(set, t, e); err != nil {
			return err
		}
		key := [3]string{e.Tenant, e.Ring, e.Update}
		if first, twice := told[key]; twice {
			return fmt.Errorf("%s: how %s went in %s is told at %s already", e.Source, phrase.Update(e.Update), evidenceRing(e), first)
		}
		told[key] = e.Source
	}
	return nil
}

// likeOf is what a missing update says of the update, wherever it is missing.
func likeOf(m policy.ScenarioMissing) policy.ScenarioMissing {
	m.Host, m.From, m.Source = "", "", ""
	return m
}

// isRing says whether evidence is of a ring that there is: the tenant's own, another tenant's, or the pool.
func isRing(set *policy.Set, t *policy.Tenant, e policy.ScenarioEvidence) error {
	known := ringKeys("", t)
	for _, other := range set.Tenants {
		known = append(known, ringKeys(other.Name, other)...)
	}
	name := evidenceRing(e)
	if e.Tenant == policy.AllTenants || slices.Contains(known, name) {
		return nil
	}
	return fmt.Errorf("%s: there is no ring %q for %s%s", e.Source, name, t.Name, suggest.Tail(name, known))
}

func evidenceRing(e policy.ScenarioEvidence) string {
	return policy.Requirement{Tenant: e.Tenant, Ring: e.Ring}.Key()
}

// ringKeys lists the rings of a tenant as another one names them; without a name, as it names its own.
func ringKeys(tenant string, t *policy.Tenant) (out []string) {
	for _, r := range t.Rings {
		out = append(out, policy.Requirement{Tenant: tenant, Ring: r.Name}.Key())
	}
	return out
}
