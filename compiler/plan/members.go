package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// member is a scanned host of one ring: only members are judged.
type member struct {
	host    *inventory.Host
	ring    int
	missing []inventory.Missing // each update once, sorted
	zone    string              // its label, where it has one
}

// standings are the hosts about which nothing is planned.
type standings struct {
	unreachable, stale, ignored []string
	quarantined                 []Quarantined
}

// standing is what the policy says of a host of this site.
type standing struct {
	ring   int
	zone   string // its label
	reason string // why the host is in no ring, or why nothing can be planned for it
	seen   int    // times the snapshot lists it
}

// enrol sorts every host of policy and snapshot into a ring or into one of the lists. What is wrong with one host
// never touches another.
func (b *build) enrol() {
	b.know()
	b.pool()
	for _, h := range b.Snapshot.Hosts {
		if s := b.known[h.Name]; s != nil {
			s.seen++
		}
	}
	b.lists = standings{unreachable: []string{}, stale: []string{}, ignored: []string{}, quarantined: []Quarantined{}}
	b.dedupe()
	for i := range b.Snapshot.Hosts {
		h := &b.Snapshot.Hosts[i]
		if i > 0 && b.Snapshot.Hosts[i-1].Name == h.Name {
			continue
		}
		b.enter(h, b.known[h.Name])
	}
	for name, s := range b.known {
		switch {
		case s.seen > 0:
		case s.reason != "":
			b.quarantine(name, s.reason)
		default:
			b.lists.stale = append(b.lists.stale, name)
		}
	}
	slices.Sort(b.lists.stale)
	slices.SortFunc(b.lists.quarantined, func(x, y Quarantined) int { return cmp.Compare(x.Host, y.Host) })
}

// enter puts a host of the snapshot where it belongs.
func (b *build) enter(h *inventory.Host, s *standing) {
	switch {
	case s == nil:
		b.lists.ignored = append(b.lists.ignored, h.Name)
	case s.reason != "":
		b.quarantine(h.Name, s.reason)
	case s.seen > 1:
		b.quarantine(h.Name, "the snapshot lists it more than once")
	case h.State == inventory.Quarantined:
		b.quarantine(h.Name, untrusted.Line(cmp.Or(strings.Join(h.Notes, "; "), "the scan quarantined it"), 300))
	case h.State == inventory.Unreachable:
		b.lists.unreachable = append(b.lists.unreachable, h.Name)
	case h.State == inventory.Scanned:
		b.members = append(b.members, member{h, s.ring, b.once(h.Missing), s.zone})
	default:
		b.lists.stale = append(b.lists.stale, h.Name)
	}
}

func (b *build) quarantine(host, reason string) {
	b.lists.quarantined = append(b.lists.quarantined, Quarantined{host, reason})
}

// know reads the hosts of the policy at the snapshot's site and counts the rings.
func (b *build) know() {
	b.sizes, b.elsewhere = make([]int, len(b.rings)), make([]bool, len(b.rings))
	site := cmp.Or(b.Snapshot.Site, policy.DefaultSite)
	b.known = map[string]*standing{}
	for _, h := range b.Policy.Hosts {
		claims := b.claims(h)
		if h.Site() != site {
			for _, r := range claims {
				b.elsewhere[r] = true
			}
			continue
		}
		if s := b.known[h.Name]; s != nil {
			s.reason = "the policy has two hosts of this name"
			continue
		}
		b.known[h.Name] = b.standing(claims, h.Label(policy.ZoneLabel))
	}
}

func (b *build) standing(claims []int, zone string) *standing {
	switch len(claims) {
	case 1:
		b.sizes[claims[0]]++
		return &standing{ring: claims[0], zone: zone, reason: b.zoneless(claims[0], zone)}
	case 0:
		return &standing{reason: "no ring selects it"}
	}
	return &standing{reason: fmt.Sprintf("rings %s and %s both select it", b.rings[claims[0]].Name, b.rings[claims[1]].Name)}
}

// claims lists the rings that select a host.
func (b *build) claims(h policy.Host) []int {
	var out []int
	for i := range b.rings {
		if b.rings[i].In(h) {
			out = append(out, i)
		}
	}
	return out
}

// dedupe finds updates that the snapshot's table holds twice.
func (b *build) dedupe() {
	b.first = make([]int, len(b.Snapshot.Updates))
	for i := range b.first {
		b.first[i] = i
		if i > 0 && b.Snapshot.Updates[i].PURL == b.Snapshot.Updates[i-1].PURL {
			b.first[i] = b.first[i-1]
		}
	}
}

// once returns each missing update once, sorted; it copies only what is not so already.
func (b *build) once(list []inventory.Missing) []inventory.Missing {
	clean := true
	for i, m := range list {
		clean = clean && b.first[m.Update] == m.Update && (i == 0 || list[i-1].Update < m.Update)
	}
	if clean {
		return list
	}
	list = slices.Clone(list)
	for i := range list {
		list[i].Update = b.first[list[i].Update]
	}
	slices.SortFunc(list, func(x, y inventory.Missing) int {
		return cmp.Or(x.Update-y.Update, cmp.Compare(hold(y), hold(x)), cmp.Compare(x.From, y.From))
	})
	return slices.CompactFunc(list, func(x, y inventory.Missing) bool { return x.Update == y.Update })
}

// hold orders the held entry of an update before the others, so that of two the held one counts.
func hold(m inventory.Missing) int {
	if m.Held {
		return 1
	}
	return 0
}

// ordered returns the rings so that each stands after those it requires; rings at the same distance stand by name.
func ordered(rings []policy.Ring) []policy.Ring {
	index := map[string]int{}
	for i, r := range rings {
		index[r.Name] = i
	}
	depth := make([]int, len(rings))
	for range rings { // the longest chain of requires has no more links; a cycle ends here too
		for i, r := range rings {
			for _, q := range r.Gates() {
				if j, ok := index[q.Ring]; ok && q.Tenant == "" {
					depth[i] = max(depth[i], min(depth[j]+1, len(rings)))
				}
			}
		}
	}
	out := slices.Clone(rings)
	slices.SortStableFunc(out, func(a, b policy.Ring) int {
		return cmp.Or(depth[index[a.Name]]-depth[index[b.Name]], strings.Compare(a.Name, b.Name))
	})
	return out
}
