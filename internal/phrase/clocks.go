package phrase

import (
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// Clocks are those by which people read a tenant's times.
type Clocks struct {
	tenant *policy.Tenant
	loc    *time.Location
}

// ClocksOf reads times as a tenant does; in UTC for one that is not known.
func ClocksOf(t *policy.Tenant) Clocks { return Clocks{t, Zone(t)} }

// of is the clock of a window for some hosts: its own, or that of the hosts if they share one; else the tenant's.
func (c Clocks) of(name string, hosts []string) *time.Location {
	if c.tenant == nil || c.tenant.Window(name) == nil {
		return c.loc
	}
	w := *c.tenant.Window(name)
	if w.Timezone == policy.HostZone {
		w.Timezone = c.shared(hosts)
	}
	if loc, err := window.Location(c.tenant, w, ""); err == nil {
		return loc
	}
	return c.loc
}

// Occurrence says when something happens to some hosts, with both ends.
func (c Clocks) Occurrence(o window.Occurrence, hosts []string) string {
	return window.Words(o, c.of(o.Window, hosts))
}

// shared is the zone of all of some hosts, or "".
func (c Clocks) shared(hosts []string) string {
	zones := map[string]string{}
	for _, h := range c.tenant.Hosts {
		zones[h.Name] = h.Label(policy.ZoneLabel)
	}
	for _, h := range hosts {
		if zones[h] != zones[hosts[0]] {
			return ""
		}
	}
	if len(hosts) == 0 {
		return ""
	}
	return zones[hosts[0]]
}

// Instant prints an instant by the tenant's clock and in UTC.
func (c Clocks) Instant(t time.Time) string {
	if c.loc == time.UTC {
		return t.UTC().Format("Mon 2 Jan 2006 15:04 UTC")
	}
	return t.In(c.loc).Format("Mon 2 Jan 2006 15:04 ") + c.loc.String() + " (" + window.InUTC(t, c.loc) + ")"
}

// Zone is the tenant's zone; a compiled tenant always has one.
func Zone(t *policy.Tenant) *time.Location {
	if t != nil {
		if loc, err := window.Zone(t.Timezone); err == nil {
			return loc
		}
	}
	return time.UTC
}
