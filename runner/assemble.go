package runner

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/package-url/packageurl-go"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
)

// Assembly is everything that a snapshot is made of.
type Assembly struct {
	Tenant    string
	Site      string
	At        time.Time
	Hosts     []policy.Host
	Prev      *inventory.Snapshot // nil: the first scan
	FirstSeen map[string]time.Time
	Readings  []Reading
}

// Assemble makes the snapshot. A host without a reading keeps what the previous snapshot says of it; a host whose
// reading failed keeps it too, but under the state that says so. Hosts that left the policy leave the snapshot.
func Assemble(a Assembly) *inventory.Snapshot {
	b := builder{Assembly: a, updates: map[string]inventory.Update{}, index: map[string]int{}}
	readings := map[string]Reading{}
	for _, r := range a.Readings {
		readings[r.Host] = r
	}
	names := make([]string, 0, len(a.Hosts))
	for _, h := range a.Hosts {
		names = append(names, h.Name)
	}
	slices.Sort(names)
	for _, n := range names {
		b.collect(n, readings)
	}
	return b.snapshot(names, readings)
}

type builder struct {
	Assembly
	updates map[string]inventory.Update
	index   map[string]int
}

// collect adds the updates that a host lacks, and those of the previous table that it still has at that version.
func (b *builder) collect(host string, readings map[string]Reading) {
	if r, ok := readings[host]; ok && r.Scan != nil {
		for _, m := range r.Scan.Missing {
			b.add(b.describe(m.Update))
		}
		b.keepInstalled(r.Scan)
		return
	}
	if old := b.previous(host); old != nil {
		for _, m := range old.Missing {
			b.add(b.Prev.Updates[m.Update])
		}
		for _, m := range old.Installed {
			if u := b.Prev.Updates[m.Update]; u.Version == m.Version {
				b.add(u)
			}
		}
	}
}

func (b *builder) keepInstalled(scan *providers.HostScan) {
	if b.Prev == nil {
		return
	}
	have := packages(scan.Installed)
	for _, u := range b.Prev.Updates {
		if have[key(u)] == u.Version {
			b.add(u)
		}
	}
}

// add interns an update. Where hosts disagree about what one update is, nobody's word makes it more trusted: the
// class and its dates become unknown, it does not count as exploited, and only what all name stays.
func (b *builder) add(u inventory.Update) {
	old, ok := b.updates[u.PURL]
	if !ok {
		b.updates[u.PURL] = u
		return
	}
	if old.Class != u.Class {
		old.Class = inventory.ClassUnknown
	}
	if old.Severity != u.Severity {
		old.Severity = "unknown"
	}
	if old.Origin != u.Origin {
		old.Origin = ""
	}
	if !sameInstant(old.Released, u.Released) {
		old.Released = nil
	}
	if old.Reboot != u.Reboot {
		old.Reboot = "unknown"
	}
	old.Exploited = old.Exploited && u.Exploited
	old.Advisories, old.CVEs, old.Supersedes = both(old.Advisories, u.Advisories), both(old.CVEs, u.CVEs), both(old.Supersedes, u.Supersedes)
	b.updates[u.PURL] = old
}

func (b *builder) describe(u providers.Update) inventory.Update {
	seen, ok := b.FirstSeen[u.PURL]
	if !ok {
		seen = b.At
	}
	return inventory.Update{
		PURL: u.PURL, Name: u.Name, Version: u.Version,
		Class: inventory.Class(u.Class), Severity: u.Severity, Origin: untrusted.Line(u.Origin, maxText),
		Released: u.Released, FirstSeen: seen, Advisories: lines(u.Advisories), CVEs: lines(u.CVEs),
		Exploited: u.Exploited, Supersedes: lines(u.Supersedes), Reboot: cmp.Or(u.Reboot, "unknown"),
	}
}

func (b *builder) snapshot(names []string, readings map[string]Reading) *inventory.Snapshot {
	s := &inventory.Snapshot{Tenant: b.Tenant, Site: b.Site, TakenAt: b.At}
	for i, purl := range slices.Sorted(maps.Keys(b.updates)) {
		b.index[purl] = i
		s.Updates = append(s.Updates, b.updates[purl])
	}
	for _, n := range names {
		s.Hosts = append(s.Hosts, b.host(n, readings, s.Updates))
	}
	return s
}

func (b *builder) host(name string, readings map[string]Reading, table []inventory.Update) inventory.Host {
	r, read := readings[name]
	if read && r.Scan != nil {
		h := b.scanned(name, r.Scan, table)
		h.Health, h.Checks = healthOf(r.Health)
		return h
	}
	h := b.carried(name)
	if read {
		h.State = r.State()
		h.Notes = []string{note(r.Err)}
	}
	return h
}

// carried is what the previous snapshot says of a host, re-indexed.
func (b *builder) carried(name string) inventory.Host {
	old := b.previous(name)
	if old == nil {
		return inventory.Host{
			Name: name, State: inventory.Stale, Missing: []inventory.Missing{}, Installed: []inventory.Installed{},
			Held: []string{}, Notes: []string{"never scanned"},
		}
	}
	h := *old
	h.Missing, h.Installed = []inventory.Missing{}, []inventory.Installed{}
	for _, m := range old.Missing {
		m.Update = b.index[b.Prev.Updates[m.Update].PURL]
		h.Missing = append(h.Missing, m)
	}
	for _, m := range old.Installed {
		if i, ok := b.index[b.Prev.Updates[m.Update].PURL]; ok {
			h.Installed = append(h.Installed, inventory.Installed{Update: i, Version: m.Version})
		}
	}
	sortRows(&h)
	return h
}

func (b *builder) scanned(name string, scan *providers.HostScan, table []inventory.Update) inventory.Host {
	at := b.At
	h := inventory.Host{
		Name: name, State: inventory.Scanned, OS: untrusted.Line(scan.OS, 60), BootID: untrusted.Line(scan.BootID, 60),
		Kernel: untrusted.Line(scan.Kernel, 100), RebootPending: scan.RebootPending, ScannedAt: &at,
		Missing: []inventory.Missing{}, Installed: []inventory.Installed{}, Held: lines(scan.Held), Notes: lines(scan.Notes),
	}
	lacks := map[string]bool{}
	for _, m := range scan.Missing {
		if !lacks[m.Update.PURL] {
			h.Missing = append(h.Missing, inventory.Missing{Update: b.index[m.Update.PURL], From: m.From, Held: m.Held})
		}
		lacks[m.Update.PURL] = true
	}
	have := packages(scan.Installed)
	for i, u := range table {
		if v := have[key(u)]; v != "" && !lacks[u.PURL] && inventory.AtLeast(u.PURL, v, u.Version) {
			h.Installed = append(h.Installed, inventory.Installed{Update: i, Version: v})
		}
	}
	sortRows(&h)
	return h
}

func sortRows(h *inventory.Host) {
	slices.SortFunc(h.Missing, func(x, y inventory.Missing) int { return cmp.Compare(x.Update, y.Update) })
	slices.SortFunc(h.Installed, func(x, y inventory.Installed) int { return cmp.Compare(x.Update, y.Update) })
}

func (b *builder) previous(host string) *inventory.Host {
	if b.Prev == nil {
		return nil
	}
	return b.Prev.Host(host)
}

// packages maps name/arch to the installed version.
func packages(list []providers.Package) map[string]string {
	out := make(map[string]string, len(list))
	for _, p := range list {
		out[p.Name+"/"+p.Arch] = p.Version
	}
	return out
}

// key is the package that an update is of, as packages names it.
func key(u inventory.Update) string {
	p, err := packageurl.FromString(u.PURL)
	if err != nil {
		return u.Name + "/"
	}
	return u.Name + "/" + p.Qualifiers.Map()["arch"]
}

func sameInstant(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

// both keeps what stands in both lists, in order.
func both(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

// lines neutralises a list of the host's, bounds it and sorts it.
func lines(in []string) []string {
	out := make([]string, 0, min(len(in), maxList))
	for _, s := range in[:min(len(in), maxList)] {
		out = append(out, untrusted.Line(s, maxText))
	}
	slices.Sort(out)
	return out
}
