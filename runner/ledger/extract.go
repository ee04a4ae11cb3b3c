package ledger

import (
	"cmp"
	"slices"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
)

// Extract is the evidence that a tenant's plan may depend on: that of its own rings and, under "tenant/ring", that of
// the foreign rings its requirements name. It is sorted by ring, then update. A foreign tenant that is not in the map
// has no evidence: its gates stay closed.
func Extract(own State, foreign map[string]State, t *policy.Tenant) decision.Evidence {
	out := decision.Evidence{}
	for _, e := range own.Evidence {
		if slices.ContainsFunc(t.Rings, func(r policy.Ring) bool { return r.Name == e.Ring }) {
			out = append(out, e)
		}
	}
	taken := map[string]bool{}
	for _, r := range t.Rings {
		for _, q := range r.Requires {
			if q.Tenant == "" || taken[q.Key()] {
				continue
			}
			taken[q.Key()] = true
			if foreign[q.Tenant].Seq == 0 { // never scanned: any number of hosts may lack anything
				out = append(out, decision.RingEvidence{Ring: q.Key(), Update: decision.AnyUpdate, Missing: unknown, Platforms: []string{}})
			}
			out = append(out, renamed(foreign[q.Tenant].Evidence, q)...)
		}
	}
	slices.SortFunc(out, func(a, b decision.RingEvidence) int {
		return cmp.Or(cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Update, b.Update))
	})
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
