package policy

import "slices"

// Group is hosts of one site, whatever their rings, of which so many must stay healthy: members of a database, say.
type Group struct {
	Name       string   `json:"group"`
	Select     []Label  `json:"select"`             // all must be equal
	SelectBy   []Choice `json:"selectBy,omitempty"` // further conditions on labels, sorted by key
	MinHealthy Amount   `json:"minHealthy"`
	Sequence   []string `json:"sequence,omitempty"` // of hosts: the next starts once the one before has succeeded
	Source     string   `json:"source"`
}

// In reports whether a host is of the group.
func (g Group) In(h Host) bool { return selects(h, g.Select, g.SelectBy) }

// Members are the group's hosts at a site, sorted; elsewhere says that it has hosts at another one, too.
func (t *Tenant) Members(g Group, site string) (hosts []string, elsewhere bool) {
	for _, h := range t.Hosts {
		switch {
		case !g.In(h):
		case h.Site() == site:
			hosts = append(hosts, h.Name)
		default:
			elsewhere = true
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts), elsewhere
}

// Healthy is how many of n members must stay so: percentages round up.
func (g Group) Healthy(n int) int {
	if g.MinHealthy.Count > 0 {
		return g.MinHealthy.Count
	}
	return (n*g.MinHealthy.Percent + 99) / 100
}

// quorum is the pool of a group at a site. A group across sites has nobody who could count it, so nothing of it may go
// down.
func (t *Tenant) quorum(g Group, site string) Pool {
	hosts, elsewhere := t.Members(g, site)
	p := Pool{Name: "group/" + g.Name, Hosts: hosts, Quorum: true, Most: max(0, len(hosts)-g.Healthy(len(hosts))), Source: g.Source}
	if elsewhere {
		p.Most = 0
	}
	if len(g.Sequence) == 0 {
		return p
	}
	in := func(h string) bool { return slices.Contains(hosts, h) }
	for _, h := range append(slices.Clone(g.Sequence), hosts...) { // who is not named comes last
		if in(h) && !slices.Contains(p.Order, h) {
			p.Order = append(p.Order, h)
		}
	}
	return p
}

// Before are the hosts that must have succeeded before a host of the pool may start.
func (p Pool) Before(host string) []string {
	return p.Order[:max(0, slices.Index(p.Order, host))]
}
