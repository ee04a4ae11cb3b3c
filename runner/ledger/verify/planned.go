package verify

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/runner/ledger"
)

// planned: the plan has this host in this wave of this occurrence, with exactly these updates.
func (v *verifier) planned(s *step, in *intent) {
	p := in.run.plan
	if p == nil {
		return
	}
	for _, r := range p.Rings {
		for i, w := range r.Waves {
			if r.Ring == in.Ring && r.Lane == in.Lane && w.Wave == in.Wave && w.Window == in.Window && w.Opens.Equal(in.Opens) && w.CatchUp == in.CatchUp &&
				slices.Contains(w.Hosts, in.Host) && carries(p.Changes[w.Change], in.Action) {
				in.row = &r.Waves[i]
				return
			}
		}
	}
	v.found(s, NotPlanned, "%s of %s in %s, lane %s, wave %d of %s with these %d updates is not in the plan", in.Verb, in.Host, in.Ring, in.Lane, in.Wave, in.Window, len(in.Updates))
}

// carries reports whether an action is of a change: all of its updates, or the reboot that it foresees.
func carries(c plan.Change, a ledger.Action) bool {
	if a.Verb == ledger.VerbReboot {
		return c.Reboot == policy.RebootIfRequired && len(a.Updates) == 0
	}
	return len(c.Updates) > 0 && slices.Equal(c.Updates, a.Updates)
}

// inWindow judges an instant twice: by the occurrence that the plan names, and by the policy's window itself.
func (v *verifier) inWindow(s *step, in *intent, at time.Time, what string) {
	if in.row != nil && (at.Before(in.row.Opens) || in.row.Closes != nil && !at.Before(*in.row.Closes)) {
		v.found(s, Window, "%s %s at %s, outside its occurrence of %s", in.Host, what, stamp(at), in.Window)
		return
	}
	t := in.run.policy
	if t == nil {
		return
	}
	if why := closed(t, in, at); why != "" {
		v.found(s, Window, "%s %s at %s: %s", in.Host, what, stamp(at), why)
	}
}

// closed says why a policy's window is not open for an action at an instant; "" when it is. Freezes that let some
// updates through are left to the plan, which knows what the updates are.
func closed(t *policy.Tenant, in *intent, at time.Time) string {
	names := windowsOf(t, in)
	if !slices.Contains(names, in.Window) {
		return "the policy has another window for its ring and lane"
	}
	zone := zoneOf(t, in.Host)
	u, err := window.For(t, names, zone)
	if err != nil {
		return err.Error()
	}
	all, err := window.Freezes(t, zone, at, at.Add(time.Second))
	if err != nil {
		return err.Error()
	}
	strict := slices.DeleteFunc(all, func(i window.Interval) bool { return !forAll(t, i.Freeze) || passes(t, in.Lane, i.Freeze) })
	for o := range u.Open(strict, at, at.Add(time.Second)) {
		if o.Contains(at) {
			return ""
		}
	}
	return "window " + in.Window + " is closed then, or frozen"
}

// passes reports whether a freeze does not count in a lane.
func passes(t *policy.Tenant, lane, freeze string) bool {
	return slices.ContainsFunc(t.Lanes, func(l policy.Lane) bool { return l.Name == lane && slices.Contains(l.Passes, freeze) })
}

func forAll(t *policy.Tenant, freeze string) bool {
	return slices.ContainsFunc(t.Freezes, func(f policy.Freeze) bool { return f.Name == freeze && f.Allow == nil })
}

// windowsOf are the windows of an action's ring and lane, or those of the ring's reboots for an action that is nothing
// else.
func windowsOf(t *policy.Tenant, in *intent) []string {
	if in.CatchUp {
		return []string{t.CatchesUp(in.Ring, in.Lane).Within}
	}
	i := slices.IndexFunc(t.Rings, func(r policy.Ring) bool { return r.Name == in.Ring })
	if i >= 0 && len(in.Updates) == 0 && in.Lane == policy.DefaultLane && t.Rings[i].OwnReboots() {
		return t.Rings[i].RebootWindowNames()
	}
	return t.WindowNames(in.Ring, in.Lane)
}

// zoneOf is the zone that a host's label names.
func zoneOf(t *policy.Tenant, host string) string {
	i := slices.IndexFunc(t.Hosts, func(h policy.Host) bool { return h.Name == host })
	if i < 0 {
		return ""
	}
	return t.Hosts[i].Label(policy.ZoneLabel)
}

// present: who was caught up had been away and was not caught up before, and who was to be left out was.
func (v *verifier) present(s *step, in *intent) {
	t := in.run.policy
	if t == nil || in.Verb != ledger.VerbApply {
		return
	}
	why := plan.Skips(t, s.before.Away, in.Host, in.Ring, in.Lane, in.Opens)
	if in.CatchUp {
		why = plan.MayCatchUp(t, s.before.Away, in.Host, in.Ring, in.Lane, in.told)
	}
	if why != "" {
		v.found(s, Window, "%s in %s: %s", in.Host, in.Ring, why)
	}
}
