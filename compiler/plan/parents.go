package plan

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/internal/canonical"
)

// parents measures what a plan is made from. The input is in normal order.
func parents(in Input) (Parents, error) {
	p := Parents{Snapshot: in.SnapshotDigest, Tzdata: window.TzdataVersion(), Tool: in.Tool}
	var err error
	if p.Policy, err = in.Policy.Digest(); err != nil {
		return p, err
	}
	if p.Snapshot == "" {
		if p.Snapshot, err = in.Snapshot.Digest(); err != nil {
			return p, err
		}
	}
	if p.Evidence, err = canonical.Digest(extract(in)); err != nil {
		return p, err
	}
	p.Approvals, err = canonical.Digest([]string{})
	return p, err
}

// held are the breaks of updates that the snapshot has.
func held(in Input) (out []decision.Break) {
	for _, b := range in.Breaks {
		if slices.ContainsFunc(in.Snapshot.Updates, func(u inventory.Update) bool { return u.PURL == b.Update }) {
			b.At = canonical.Instant(b.At)
			out = append(out, b)
		}
	}
	return out
}

// ledgers is what a plan reads of the ledgers.
type ledgers struct {
	Evidence decision.Evidence `json:"evidence"`
	Failures []Failure         `json:"failures"`
	InDoubt  []InDoubt         `json:"inDoubt"`
	Breaks   []decision.Break  `json:"breaks,omitempty"`
	Reboots  []Rebooted        `json:"reboots,omitempty"` // those that were of no use
	Away     []Away            `json:"away,omitempty"`
}

// extract leaves out what concerns no ring and no host that the policy names: it cannot change the plan, so it must
// not change its parents.
func extract(in Input) ledgers {
	rings := map[string]bool{}
	for _, r := range in.Policy.Rings {
		rings[r.Name] = true
		for _, q := range r.Gates() {
			rings[q.Key()] = true
		}
	}
	hosts := map[string]bool{}
	for _, h := range in.Policy.Hosts {
		hosts[h.Name] = true
	}
	k := ledgers{Evidence: decision.Evidence{}, Failures: []Failure{}, InDoubt: []InDoubt{}, Breaks: held(in)}
	for _, e := range in.Evidence {
		if rings[e.Ring] {
			e.FirstAt, e.SucceededAt = inUTC(e.FirstAt), inUTC(e.SucceededAt)
			if e.Canaries != nil {
				c := *e.Canaries
				c.SucceededAt = inUTC(c.SucceededAt)
				e.Canaries = &c
			}
			k.Evidence = append(k.Evidence, e)
		}
	}
	for _, f := range in.Failures {
		if hosts[f.Host] {
			f.At = canonical.Instant(f.At)
			k.Failures = append(k.Failures, f)
		}
	}
	for _, d := range in.InDoubt {
		if hosts[d.Host] || named(in.Policy, "", d.Ring) {
			d.Since, d.Updates = canonical.Instant(d.Since), sortedStrings(d.Updates)
			k.InDoubt = append(k.InDoubt, d)
		}
	}
	for _, a := range in.Away {
		if hosts[a.Host] {
			a.Since, a.Seen = canonical.Instant(a.Since), inUTC(a.Seen)
			k.Away = append(k.Away, a)
		}
	}
	for _, r := range in.Reboots {
		if hosts[r.Host] && r.Failed > 0 {
			k.Reboots = append(k.Reboots, r)
		}
	}
	return k
}

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return canonical.InstantPtr(*t)
}

// named reports whether the policy has that host or that ring.
func named(t *policy.Tenant, host, ring string) bool {
	for _, r := range t.Rings {
		if r.Name == ring {
			return true
		}
	}
	for _, h := range t.Hosts {
		if h.Name == host {
			return true
		}
	}
	return false
}
