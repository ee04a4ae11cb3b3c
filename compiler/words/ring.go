package words

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/compiler/policy"
)

// rings stand in the order of the rollout: none before one that it waits for.
func (d describer) rings() Section {
	s := Section{Title: "Rings", Lines: []Line{{Text: "A host belongs to exactly one ring. Each ring gets an update by itself, and only when everything that is said here of it holds."}}}
	for _, r := range d.rollout() {
		s.Items = append(s.Items, d.ring(r))
	}
	return s
}

// rollout sorts the rings by how many steps they come after a ring that waits for none; then by name.
func (d describer) rollout() []policy.Ring {
	depth := map[string]int{}
	for range d.t.Rings { // a chain is at most as long as there are rings
		for _, r := range d.t.Rings {
			for _, q := range r.Gates() {
				if q.Tenant == "" {
					depth[r.Name] = max(depth[r.Name], min(depth[q.Ring]+1, len(d.t.Rings)))
				}
			}
		}
	}
	out := slices.Clone(d.t.Rings)
	slices.SortStableFunc(out, func(a, b policy.Ring) int {
		return cmp.Or(depth[a.Name]-depth[b.Name], cmp.Compare(a.Name, b.Name))
	})
	return out
}

func (d describer) ring(r policy.Ring) Item {
	hosts := d.hostsOf(r)
	lines := []Line{{"It takes every host " + selector(r) + ": " + d.hostList(hosts) + ".", r.SelectSource}}
	lines = append(lines, d.opening("Updates are installed", r.WindowNames(), hosts, r.Source)...)
	lines = append(lines, d.catchUp(r, hosts)...)
	lines = append(lines, d.gates(r)...)
	lines = append(lines, Line{d.budget(r, hosts), r.Source})
	lines = append(lines, budgetsPer(r)...)
	lines = append(lines, Line{stop(r), r.Source})
	return Item{r.Name, r.Source, append(lines, d.reboots(r, hosts)...)}
}

func selector(r policy.Ring) string {
	text := labels(r.Select, r.SelectBy)
	if s := r.Share; s != nil {
		text += fmt.Sprintf(", and of these the part from %d%% to %d%%, by a hash of %s and each host's name", s.From, s.To, s.Seed)
	}
	return text
}

// labels say what a host's labels must be, as what follows "hosts": "with the label tier = prod".
func labels(equal []policy.Label, by []policy.Choice) string {
	var out []string
	for _, l := range equal {
		out = append(out, "with the label "+l.Key+" = "+l.Value)
	}
	for _, c := range by {
		out = append(out, "whose label "+c.Key+" "+choice(c))
	}
	return and(out)
}

// choice says what a label is, and what not. One that is not there is "missing".
func choice(c policy.Choice) string {
	var is []string
	if len(c.In) > 0 {
		is = append(is, or(named(c.In)))
	}
	if c.Glob != "" {
		is = append(is, "like "+c.Glob)
	}
	switch {
	case len(c.Not) == 0:
		return "is " + and(is)
	case len(is) > 0:
		return "is " + and(is) + ", but not " + or(named(c.Not))
	case slices.Contains(c.Not, ""):
		return "is not " + or(named(c.Not))
	}
	return "is not " + or(c.Not) + " (or is missing)"
}

func named(values []string) (out []string) {
	for _, v := range values {
		out = append(out, cmp.Or(v, "missing"))
	}
	return out
}

// budget says what maxUnavailable comes to at every site, since budgets do not cross sites.
func (d describer) budget(r policy.Ring, hosts []policy.Host) string {
	a, size := r.MaxUnavailable, map[string]int{}
	for _, h := range hosts {
		size[h.Site()]++
	}
	text := fmt.Sprintf("At most %s may be down at the same time", count(a.Count, "host"))
	if a.Percent == 100 {
		return "All of its hosts may be down at the same time."
	}
	if a.Count == 0 {
		text = fmt.Sprintf("At most %d%% of the hosts may be down at the same time, rounded down but at least 1", a.Percent)
	}
	var each []string
	for _, site := range sortedKeys(size) {
		s := fmt.Sprintf("%d of %d", min(size[site], a.Of(size[site])), size[site])
		if len(size) > 1 {
			s += " at site " + site
		}
		each = append(each, s)
	}
	if len(each) == 0 {
		return text + "."
	}
	return text + ": now " + and(each) + "."
}

// budgetsPer say what else bounds the hosts that are down, such as those of one rack.
func budgetsPer(r policy.Ring) (out []Line) {
	for _, l := range r.UnavailablePer {
		most := count(l.Most.Count, "host")
		if l.Most.Count == 0 {
			most = fmt.Sprintf("%d%%, but at least 1,", l.Most.Percent)
		}
		out = append(out, Line{"Of its hosts with the same label " + l.Label + ", at most " + most +
			" may be down at the same time; those without the label count as one such group.", r.Source})
	}
	return out
}

// catchUp says what happens with hosts that no scan could reach at the window.
func (d describer) catchUp(r policy.Ring, hosts []policy.Host) []Line {
	switch r.CatchUp.As {
	case policy.CatchUpSeen:
		return d.opening("A host that no scan could reach until the window was over is caught up once when it is seen again, before the next window opens. That happens",
			[]string{r.CatchUp.Within}, hosts, r.Source)
	case policy.CatchUpSkip:
		return []Line{{"A host that was away gets nothing more in that window and waits for the next one: a scan could not reach it while the window was open, or before, and none saw it again until it opened.", r.Source}}
	case policy.CatchUpNext, "":
	}
	return nil
}

func stop(r policy.Ring) string {
	return fmt.Sprintf("Once %s failed in one run, nothing more starts in this ring.", count(r.StopAtFailures, "host"))
}

func (d describer) reboots(r policy.Ring, hosts []policy.Host) []Line {
	switch {
	case r.Reboot == policy.RebootNever:
		return []Line{{"Hosts are not rebooted, even if they ask for it.", r.Source}}
	case r.Reboot != policy.RebootIfRequired:
		return []Line{{"Reboot: " + string(r.Reboot) + ".", r.Source}}
	case !r.OwnReboots():
		text := "A host that asks for a reboot after patching is rebooted, in the same window; an update counts as a success only after it."
		if names := r.RebootWindowNames(); len(names) > 0 {
			text = "A host that asks for a reboot is rebooted right after patching, since its reboots have the same windows: " + and(names) + "."
		}
		return []Line{{text, r.Source}}
	}
	return d.opening("Installing reboots no host; hosts that ask for it are rebooted later, and an update counts as a success only then. Reboots happen",
		r.RebootWindowNames(), hosts, r.Source)
}

// hostList writes how many hosts there are, of which providers and sites, and the first few names.
func (d describer) hostList(list []policy.Host) string {
	if len(list) == 0 {
		return "no host now"
	}
	var names []string
	providers := map[string]int{}
	for _, h := range list {
		names = append(names, h.Name)
		for _, p := range h.Providers {
			providers[p]++
		}
		if len(h.Providers) == 0 {
			providers["nothing"]++
		}
	}
	return count(len(list), "host") + " now, patched by " + and(sortedKeys(providers)) + ": " + few(names, 12)
}

func (d describer) hostsOf(r policy.Ring) []policy.Host {
	var out []policy.Host
	for _, h := range d.t.Hosts {
		if ring, ok := d.t.RingOf(h); ok && ring.Name == r.Name {
			out = append(out, h)
		}
	}
	return out
}

// strays are the hosts that no ring, or several, take.
func (d describer) strays() Section {
	var names []string
	for _, h := range d.t.Hosts {
		if _, ok := d.t.RingOf(h); !ok {
			names = append(names, h.Name)
		}
	}
	if len(names) == 0 {
		return Section{}
	}
	return Section{Title: "Hosts that nothing is done on", Lines: []Line{{Text: "These are in no ring, or in several, and are left alone until that is mended: " + few(names, 12) + "."}}}
}
