package check

import (
	"fmt"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// supply is what the pools of tenants can ever see: the rings that some update can reach, and how many hosts are in each.
type supply struct {
	world
	hosts map[ringID]int
	moves map[ringID]bool
}

// pools finds gates of the pool that no update can ever pass, by the tenant that has them. While a tenant is not known,
// as it does not compile, nobody can say what it will share.
func (w world) pools(subjects []Subject) map[string]diag.List {
	out := map[string]diag.List{}
	if len(w.tenants) < len(w.known) {
		return out
	}
	var s *supply
	for _, x := range subjects {
		if !x.Tenant.Pooled() {
			continue
		}
		if s == nil {
			s = w.supply()
		}
		for _, r := range x.Tenant.Rings {
			s.check(x, r, r.Requires, out, "requires")
			for i, alternative := range r.RequiresAny {
				s.check(x, r, alternative, out, "requires", "anyOf", fmt.Sprintf("[%d]", i))
			}
		}
	}
	return out
}

func (s *supply) check(x Subject, r policy.Ring, gates []policy.Requirement, out map[string]diag.List, path ...string) {
	for _, q := range gates {
		if !q.Pooled() || s.enough(x.Tenant, q) {
			continue
		}
		hosts, tenants := s.of(x.Tenant)
		at := append(append([]string{"rings", r.Name}, path...), policy.PoolRing)
		d := diag.New(diag.PoolTooSmall, "the pool of ring %q never opens: it asks for %s in %s, and of those that share their evidence an update can come to %s in %s before",
			r.Name, counted(q.MinSucceeded, "host"), counted(q.Tenants, "tenant"), counted(hosts, "host"), counted(tenants, "tenant")).
			WithFix("let more tenants say sharesEvidence: true, ask for less, or let a ring go first that does not wait for the pool")
		d.Severity = diag.Warning
		out[x.Tenant.Name] = append(out[x.Tenant.Name], d.At(x.Places.At(at...)).About(at...))
	}
}

// supply lets updates come as far as they can, whatever becomes of them: what it leaves out is out of reach for certain.
func (w world) supply() *supply {
	s := &supply{w, map[ringID]int{}, map[ringID]bool{}}
	for name, t := range w.tenants {
		for _, h := range t.Hosts {
			if r, ok := t.RingOf(h); ok {
				s.hosts[ringID{name, r.Name}]++
			}
		}
	}
	for again := true; again; {
		again = false
		for name, t := range w.tenants {
			for _, r := range t.Rings {
				if id := (ringID{name, r.Name}); !s.moves[id] && !t.Disabled && s.open(t, r) {
					s.moves[id], again = true, true
				}
			}
		}
	}
	return s
}

// open reports whether the gates of a ring may open.
func (s *supply) open(t *policy.Tenant, r policy.Ring) bool {
	if !s.all(t, r.Requires) {
		return false
	}
	for _, alternative := range r.RequiresAny {
		if s.all(t, alternative) {
			return true
		}
	}
	return len(r.RequiresAny) == 0
}

func (s *supply) all(t *policy.Tenant, gates []policy.Requirement) bool {
	for _, q := range gates {
		if q.Pooled() && !s.enough(t, q) {
			return false
		}
		id := ringID{q.Tenant, q.Ring}
		if !q.Foreign() {
			id.tenant = t.Name
		}
		if !q.Pooled() && q.IfUntested == policy.UntestedWait && !s.moves[id] {
			return false
		}
	}
	return true
}

func (s *supply) enough(t *policy.Tenant, q policy.Requirement) bool {
	hosts, tenants := s.of(t)
	return hosts >= q.MinSucceeded && tenants >= q.Tenants
}

// of counts what the pool of a tenant may see.
func (s *supply) of(t *policy.Tenant) (hosts, tenants int) {
	for name, other := range s.tenants {
		if name != t.Name && !other.SharesEvidence {
			continue
		}
		here := 0
		for _, r := range other.Rings {
			if id := (ringID{name, r.Name}); s.moves[id] {
				here += s.hosts[id]
			}
		}
		if here > 0 {
			hosts, tenants = hosts+here, tenants+1
		}
	}
	return hosts, tenants
}

// counted is a number and what it counts: "1 host", "2 hosts".
func counted(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
