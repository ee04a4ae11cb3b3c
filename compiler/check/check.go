// Package check finds what can be proved wrong about policies before they run: names that lead nowhere, rings that
// wait for each other, hosts that two rings claim, windows that never open.
package check

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
)

// Subject is one tenant and where its values stand.
type Subject struct {
	Tenant *policy.Tenant
	Places Places
}

// Finding is what was found about one tenant. Usable is false if its policy must not be planned; hosts that no ring or
// several rings claim leave it usable, because a run quarantines just them.
type Finding struct {
	Tenant *policy.Tenant
	Usable bool
	Diags  diag.List
}

// Tenants checks each subject by itself and against the others, in the order given. Known names every tenant of the
// repository, also those that failed to compile: to require their rings is no mistake of this tenant.
func Tenants(subjects []Subject, known []string) []Finding {
	w := world{known: known, tenants: map[string]*policy.Tenant{}}
	for _, s := range subjects {
		w.tenants[s.Tenant.Name] = s.Tenant
	}
	cycles, pools := w.cycles(subjects), w.pools(subjects)
	var out []Finding
	for _, s := range subjects {
		c := &checker{Subject: s, world: w}
		c.diags = append(c.diags, cycles[s.Tenant.Name]...)
		c.references()
		c.timing()
		c.matches()
		f := Finding{Tenant: s.Tenant, Usable: !c.diags.HasErrors()}
		c.diags = append(c.diags, pools[s.Tenant.Name]...)
		c.idle()
		c.contradictions()
		c.membership()
		c.twins()
		c.hostZones()
		c.bounds()
		c.groups()
		f.Diags = of(s.Tenant, c.diags)
		out = append(out, f)
	}
	return out
}

// Alone checks what a policy says by itself, for a tenant that goes no further because its hosts or its Rego are in error:
// they hide no mistake of the policy.
func Alone(s Subject) diag.List {
	c := &checker{Subject: s, world: world{known: s.Tenant.Abroad(), tenants: map[string]*policy.Tenant{}}}
	c.references()
	c.timing()
	c.matches()
	return of(s.Tenant, c.diags)
}

// of says whose findings these are.
func of(t *policy.Tenant, list diag.List) diag.List {
	for i := range list {
		list[i].Tenants = []string{t.Name}
	}
	return list
}

// world is what the tenants may know of each other: that a ring exists, no more.
type world struct {
	known   []string
	tenants map[string]*policy.Tenant
}

// checker collects the findings about one tenant.
type checker struct {
	Subject
	world
	diags diag.List
}

func (c *checker) add(d diag.Diagnostic, path ...string) {
	c.diags = append(c.diags, d.At(c.Places.At(path...)).About(path...))
}

// references checks every name that stands for something else.
func (c *checker) references() {
	t := c.Tenant
	if len(t.Rings) == 0 {
		c.add(diag.New(diag.NoRings, "the tenant has no ring").WithFix("add rings: all: {select: …, window: …}"), "rings")
	}
	for _, r := range t.Rings {
		for _, name := range r.WindowNames() {
			c.window(name, "rings", r.Name, "window")
		}
		for _, name := range r.RebootWindowNames() {
			c.window(name, "rings", r.Name, "rebootWindow")
		}
		if r.CatchUp.Within != "" {
			c.window(r.CatchUp.Within, "rings", r.Name, "catchUp", "within")
		}
		if len(r.RebootWindowNames()) > 0 && r.Reboot == policy.RebootNever {
			c.add(diag.New(diag.Conflict, "ring %q has a rebootWindow and never reboots", r.Name).
				WithFix("add reboot: \"if-required\", or remove rebootWindow"), "rings", r.Name, "rebootWindow")
		}
		for _, g := range gates(r) {
			c.requirement(g.Requirement, g.path...)
		}
	}
	for _, l := range t.Lanes {
		for _, name := range l.WindowNames() {
			c.window(name, "lanes", l.Name, "window")
		}
		for _, name := range l.Passes {
			c.freeze(name, "lanes", l.Name, "passes")
		}
	}
}

// freeze checks the name of a freeze that a lane passes. One that is switched off stops nobody.
func (c *checker) freeze(name string, path ...string) {
	var have []string
	for _, f := range c.Tenant.Freezes {
		have = append(have, f.Name)
	}
	if slices.Contains(have, name) || slices.Contains(c.Tenant.Off, "freezes."+name) {
		return
	}
	c.add(diag.New(diag.UnknownFreeze, "unknown freeze %q%s", name, suggest.Tail(name, have)).WithFix("freezes of this tenant: %s", listed(have)), path...)
}

func (c *checker) window(name string, path ...string) {
	if c.Tenant.Window(name) != nil {
		return
	}
	var have []string
	for _, w := range c.Tenant.Windows {
		have = append(have, w.Name)
	}
	if slices.Contains(c.Tenant.Off, "windows."+name) {
		c.add(diag.New(diag.UnknownWindow, "the window %q is switched off", name).WithRelated(c.Places.At("windows", name, "enabled"), "switched off here").
			WithFix("name another window here (%s), or switch this one on", listed(have)), path...)
		return
	}
	c.add(diag.New(diag.UnknownWindow, "unknown window %q%s", name, suggest.Tail(name, have)).WithFix("windows of this tenant: %s", listed(have)), path...)
}

// gate is a requirement and where it stands.
type gate struct {
	policy.Requirement
	path []string
}

// switchedOff finds gates that wait for a tenant of which nothing is installed any more.
func (c *checker) switchedOff(req policy.Requirement, other *policy.Tenant, path ...string) {
	if !other.Disabled || c.Tenant.Disabled || req.IfUntested == policy.UntestedApprove {
		return
	}
	d := diag.New(diag.GateOnDisabled, "the gate on %q opens for no new update: tenant %s is switched off, and nothing is installed there", req.Key(), other.Name).
		WithFix("require another ring, or switch %s on again", other.Name)
	d.Severity = diag.Warning
	c.add(d, path...)
}

// gates lists what a ring requires of rings, in alternatives, too.
func gates(r policy.Ring) []gate {
	var out []gate
	add := func(q policy.Requirement, path ...string) {
		if !q.Pooled() {
			out = append(out, gate{q, append(append([]string{"rings", r.Name}, path...), q.Key())})
		}
	}
	for _, q := range r.Requires {
		add(q, "requires")
	}
	for i, alternative := range r.RequiresAny {
		for _, q := range alternative {
			add(q, "requires", "anyOf", fmt.Sprintf("[%d]", i))
		}
	}
	return out
}

func (c *checker) requirement(req policy.Requirement, path ...string) {
	other := c.Tenant
	if req.Tenant != "" {
		if !slices.Contains(c.known, req.Tenant) {
			c.add(diag.New(diag.UnknownTenant, "unknown tenant %q%s", req.Tenant, suggest.Tail(req.Tenant, c.known)).
				WithFix("a requirement is \"ring\" or \"tenant/ring\"; a tenant is a directory of tenants/"), path...)
			return
		}
		if other = c.tenants[req.Tenant]; other == nil {
			return // it failed to compile, and says so itself
		}
	}
	var have []string
	for _, o := range other.Rings {
		have = append(have, policy.Requirement{Tenant: req.Tenant, Ring: o.Name}.Key())
	}
	if slices.Contains(have, req.Key()) {
		c.switchedOff(req, other, path...)
		return
	}
	whose := "this tenant"
	if req.Tenant != "" {
		whose = req.Tenant
	}
	c.add(diag.New(diag.UnknownRing, "unknown ring %q%s", req.Key(), suggest.Tail(req.Key(), have)).WithFix("rings of %s: %s", whose, listed(have)), path...)
}
