package evidence

import (
	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/runner/ledger"
)

// withCanaries says in the evidence of own rings how updates went on their canaries.
func withCanaries(out decision.Evidence, s ledger.State) decision.Evidence {
	found := map[[2]string]*decision.Canaries{}
	of := func(ring, update string) *decision.Canaries {
		key := [2]string{ring, update}
		if found[key] == nil {
			found[key] = &decision.Canaries{}
		}
		return found[key]
	}
	for _, c := range s.Canaries {
		of(c.Ring, c.Update).Succeeded, of(c.Ring, c.Update).SucceededAt = len(c.Hosts), &c.SucceededAt
	}
	failed := map[[2]string]bool{}
	for _, f := range s.Failures {
		if failed[[2]string{f.Host, f.Update}] = f.Canary; f.Canary {
			of(f.Ring, f.Update).Failed++
		}
	}
	for _, d := range s.InDoubt {
		for _, u := range d.Canary {
			of(d.Ring, u).InDoubt++
		}
	}
	for _, a := range s.Asleep {
		if a.Canary && !failed[[2]string{a.Host, a.Update}] {
			of(a.Ring, a.Update).InDoubt++
		}
	}
	for i, e := range out {
		out[i].Canaries = found[[2]string{e.Ring, e.Update}]
	}
	return out
}
