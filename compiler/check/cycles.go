package check

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
)

// cycles finds rings that wait for each other, also across tenants and in alternatives, and files each cycle once under the tenant whose
// requirement is reported.
func (w world) cycles(subjects []Subject) map[string]diag.List {
	out := map[string]diag.List{}
	g := graph{}
	places := map[string]Places{}
	for _, s := range subjects {
		places[s.Tenant.Name] = s.Places
		for _, r := range s.Tenant.Rings {
			from := ringID{s.Tenant.Name, r.Name}
			for _, q := range gates(r) {
				to := ringID{q.Tenant, q.Ring}
				if to.tenant == "" {
					to.tenant = s.Tenant.Name
				}
				g.add(from, to, q.path)
			}
		}
	}
	for _, cycle := range g.cycles() {
		first := cycle[0]
		d := diag.New(diag.RingCycle, "these rings wait for each other: %s", route(cycle)).
			WithFix("remove one of the requirements").
			At(places[first.from.tenant].At(first.path...)).About(first.path...)
		for _, e := range cycle[1:] {
			d = d.WithRelated(places[e.from.tenant].At(e.path...), e.from.String()+" waits for "+e.to.String())
		}
		out[first.from.tenant] = append(out[first.from.tenant], d)
	}
	return out
}

type ringID struct{ tenant, ring string }

func (r ringID) String() string { return r.tenant + "/" + r.ring }

type edge struct {
	from, to ringID
	path     []string // where the requirement stands
}

// graph holds the edges of each ring in the order of the policy, which is sorted.
type graph struct {
	rings []ringID
	edges map[ringID][]edge
}

func (g *graph) add(from, to ringID, path []string) {
	if g.edges == nil {
		g.edges = map[ringID][]edge{}
	}
	if len(g.edges[from]) == 0 {
		g.rings = append(g.rings, from)
	}
	g.edges[from] = append(g.edges[from], edge{from, to, path})
}

// cycles returns one cycle for every requirement that closes one, by depth-first search.
func (g *graph) cycles() [][]edge {
	var (
		out   [][]edge
		stack []edge
		state = map[ringID]int{} // 1: on the stack, 2: done
	)
	var visit func(ringID)
	visit = func(r ringID) {
		state[r] = 1
		for _, e := range g.edges[r] {
			stack = append(stack, e)
			switch state[e.to] {
			case 0:
				visit(e.to)
			case 1:
				start := slices.IndexFunc(stack, func(s edge) bool { return s.from == e.to })
				out = append(out, slices.Clone(stack[start:]))
			}
			stack = stack[:len(stack)-1]
		}
		state[r] = 2
	}
	for _, r := range g.rings {
		if state[r] == 0 {
			visit(r)
		}
	}
	return out
}

func route(cycle []edge) string {
	parts := []string{cycle[0].from.String()}
	for _, e := range cycle {
		parts = append(parts, e.to.String())
	}
	return strings.Join(parts, " → ")
}
