// Package evidence reads states for plans: what a tenant's gates may go by of its own ledger, of other tenants' and of the
// pool. It is pure.
package evidence

import (
	"cmp"
	"slices"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/runner/ledger"
)

// Extract is the evidence that a tenant's plan may depend on: that of its own rings, under "tenant/ring" that of the
// foreign rings its requirements name, and under "*/pool" what it and the tenants of the pool saw together. It is sorted
// by ring, then update. How the hosts are is told only of rings of which a requirement asks it. A foreign tenant that is
// not in the map has no evidence: its gates stay closed.
func Extract(own ledger.State, foreign map[string]ledger.State, t *policy.Tenant, pool ...string) decision.Evidence {
	out := decision.Evidence{}
	for _, e := range own.Evidence {
		if slices.ContainsFunc(t.Rings, func(r policy.Ring) bool { return r.Name == e.Ring }) {
			out = append(out, e)
		}
	}
	out = withCanaries(out, own)
	for _, q := range requirements(t, func(q policy.Requirement) bool { return q.Foreign() && !q.Pooled() }) {
		if foreign[q.Tenant].Seq == 0 { // never scanned: any number of hosts may lack anything
			out = append(out, decision.RingEvidence{Ring: q.Key(), Update: decision.AnyUpdate, Missing: unknown, Platforms: []string{}})
		}
		out = append(out, renamed(foreign[q.Tenant].Evidence, q)...)
	}
	if t.Pooled() {
		out = append(out, pooled(own, foreign, pool)...)
	}
	out = withHealth(counted(out, own, foreign, t), own, foreign, t, pool)
	slices.SortFunc(out, func(a, b decision.RingEvidence) int {
		return cmp.Or(cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Update, b.Update))
	})
	return out
}

// requirements are those of all rings that which picks, one of each ring that they are about.
func requirements(t *policy.Tenant, which func(policy.Requirement) bool) []policy.Requirement {
	var out []policy.Requirement
	for _, r := range t.Rings {
		for _, q := range r.Gates() {
			known := func(x policy.Requirement) bool { return x.Key() == q.Key() }
			if which(q) && !slices.ContainsFunc(out, known) {
				out = append(out, q)
			}
		}
	}
	return out
}

// unknown stands for a number of hosts that nobody knows.
const unknown = 1 << 20

func renamed(evidence decision.Evidence, q policy.Requirement) decision.Evidence {
	var out decision.Evidence
	for _, e := range evidence {
		if e.Ring == q.Ring {
			e.Ring = q.Key()
			out = append(out, e)
		}
	}
	return out
}

// counted says beside AnyUpdate how many hosts a ring has and how many its newest scans reached, where a requirement
// asks for it.
func counted(out decision.Evidence, own ledger.State, foreign map[string]ledger.State, t *policy.Tenant) decision.Evidence {
	for _, q := range requirements(t, func(q policy.Requirement) bool { return q.MinReported != policy.Amount{} }) {
		s := own
		if q.Foreign() {
			s = foreign[q.Tenant]
		}
		if n := hosts(s, q.Ring); n > 0 {
			out = reported(out, q.Key(), n)
		}
	}
	return out
}

func reported(out decision.Evidence, ring string, hosts int) decision.Evidence {
	i := slices.IndexFunc(out, func(e decision.RingEvidence) bool { return e.Ring == ring && e.Update == decision.AnyUpdate })
	if i < 0 {
		return append(out, decision.RingEvidence{Ring: ring, Update: decision.AnyUpdate, Platforms: []string{}, Hosts: hosts, Reported: hosts})
	}
	out[i].Hosts, out[i].Reported = hosts, max(0, hosts-out[i].Missing)
	return out
}

// hosts counts those of a ring over all sites that were ever scanned.
func hosts(s ledger.State, ring string) int {
	n := 0
	for _, r := range s.Rings {
		if r.Ring == ring {
			n += r.Hosts
		}
	}
	return n
}
