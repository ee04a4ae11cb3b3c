package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/compiler/window/ics"
)

// timing checks zones, windows and freezes.
func (c *checker) timing() {
	c.zone(c.Tenant.Timezone, "timezone")
	for _, w := range c.Tenant.Windows {
		if w.Timezone != "" && w.Timezone != policy.HostZone {
			c.zone(w.Timezone, "windows", w.Name, "timezone")
		}
		err := window.Valid(w)
		if err == nil && !window.Ever(w) {
			err = errors.New("no calendar has such a date")
		}
		if err != nil {
			c.add(diag.New(diag.NeverOpens, "the window %q never opens: %v", w.Name, err).
				WithFix("a window needs days, monthly, dates or rrule with a start and a duration above zero, or ics, or always: true"), c.culprit(w)...)
		}
	}
	for _, f := range c.Tenant.Freezes {
		if f.Timezone != "" && f.Timezone != policy.HostZone {
			c.zone(f.Timezone, "freezes", f.Name, "timezone")
		}
		if len(f.Events) == 0 && f.Ends <= f.Starts { // the format sorts as time does
			c.add(diag.New(diag.FreezeBackwards, "the freeze %q ends %s it starts", f.Name, map[bool]string{true: "when", false: "before"}[f.Ends == f.Starts]).
				WithRelated(c.Places.At("freezes", f.Name, "starts"), "starts here").
				WithFix("let ends be later than starts"), "freezes", f.Name, "ends")
		}
	}
}

// zone checks that a name is that of an IANA zone.
func (c *checker) zone(name string, path ...string) {
	if _, err := window.Zone(name); errors.Is(err, window.ErrZone) {
		meant, note := suggest.Zone(name, window.Zones())
		if meant == "" && len(path) > 1 { // not the tenant's own
			meant = suggest.Word(name, []string{policy.HostZone})
		}
		d := diag.New(diag.UnknownZone, "%q is not a time zone%s", name, suggest.Phrase(meant)).
			WithFix("write an IANA name such as \"Europe/Berlin\"")
		if note != "" {
			d = d.WithFix("%s; better write a place, such as \"Europe/Berlin\", which knows daylight saving", note)
		}
		if iana := ics.FromWindows(name); iana != "" {
			d = diag.New(diag.UnknownZone, "%q is the name that Windows has for a time zone", name).WithFix("write %q", iana)
		}
		c.add(d, path...)
	}
}

// hostZones checks that each host whose ring has a window in hosts' own zones, or whose tenant has such a freeze, says
// which that is. Those that do not are quarantined in a run, and no other host waits for them.
func (c *checker) hostZones() {
	ofHosts := func(w policy.Window) bool { return w.Timezone == policy.HostZone }
	if !window.FrozenPerHost(c.Tenant) && !slices.ContainsFunc(c.Tenant.Windows, ofHosts) {
		return
	}
	bad := map[string][]policy.Host{} // by window
	var lost []policy.Host
	for _, h := range c.Tenant.Hosts {
		ring, ok := c.Tenant.RingOf(h)
		if !ok {
			continue
		}
		if _, err := window.Zone(h.Label(policy.ZoneLabel)); err == nil {
			continue
		}
		lost = append(lost, h)
		for _, name := range c.windowsOf(*ring) {
			if w := c.Tenant.Window(name); w != nil && ofHosts(*w) {
				bad[name] = append(bad[name], h)
			}
		}
	}
	for _, w := range c.Tenant.Windows {
		c.zoneless(bad[w.Name], fmt.Sprintf("the window %q opens", w.Name), "the window", "windows", w.Name, "timezone")
	}
	for _, f := range c.Tenant.Freezes {
		if f.Timezone == policy.HostZone {
			c.zoneless(lost, fmt.Sprintf("the freeze %q begins and ends", f.Name), "the freeze", "freezes", f.Name, "timezone")
		}
	}
}

// zoneless reports hosts without a zone that something asks for.
func (c *checker) zoneless(hosts []policy.Host, what, related string, path ...string) {
	if len(hosts) == 0 {
		return
	}
	var names []string
	for _, h := range hosts {
		names = append(names, h.Name)
	}
	c.diags = append(c.diags, diag.New(diag.UnknownZone, "%s in each host's own time zone, which nobody knows of %s", what, some(names)).
		WithRelated(c.Places.At(path...), related).
		WithFix("give each host a label %s with an IANA name such as Europe/Berlin", policy.ZoneLabel).At(diag.ParsePlace(hosts[0].Source)).About("hosts"))
}

// windowsOf lists every window that something in a ring may wait for.
func (c *checker) windowsOf(r policy.Ring) []string {
	out := slices.Concat(r.WindowNames(), r.RebootWindowNames())
	if r.CatchUp.Within != "" {
		out = append(out, r.CatchUp.Within)
	}
	for _, l := range c.Tenant.Lanes {
		out = append(out, l.WindowNames()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// culprit is the field that keeps a window from opening, as far as one does.
func (c *checker) culprit(w policy.Window) []string {
	path := []string{"windows", w.Name}
	if w.Duration == 0 && c.Places.Has("windows", w.Name, "duration") {
		return append(path, "duration")
	}
	if w.RRule != "" {
		return append(path, "rrule")
	}
	return path
}

// listed joins names for a message.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
