package command

import (
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// clocks are those by which people read a tenant's times.
type clocks struct {
	tenant *policy.Tenant
	loc    *time.Location
}

// clocksOf reads times as a tenant does; in UTC for one that is not known.
func clocksOf(t *policy.Tenant) clocks { return clocks{t, zone(t)} }

// of is the clock of a window for some hosts: its own, or that of the hosts if they share one; else the tenant's.
func (c clocks) of(name string, hosts []string) *time.Location {
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

// shared is the zone of all of some hosts, or "".
func (c clocks) shared(hosts []string) string {
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

// instant prints an instant by the tenant's clock and in UTC.
func (c clocks) instant(t time.Time) string {
	if c.loc == time.UTC {
		return t.UTC().Format("Mon 2 Jan 2006 15:04 UTC")
	}
	return t.In(c.loc).Format("Mon 2 Jan 2006 15:04 ") + c.loc.String() + t.UTC().Format(" (15:04 UTC)")
}
