package simulator

import (
	"fmt"

	"github.com/ringfence/ringfence/runner/ledger"
)

// invariant is a promise of docs/guarantees.md. Check sees every fact before it is taken in, and names what is wrong.
type invariant struct {
	name, title string
	check       func(*world, fact) string
}

var invariants = []invariant{
	{"I1", "window", window},
	{"I2", "gate", gate},
	{"I3", "intent", intent},
	{"I3b", "journal before start", writeAhead},
	{"I4", "at most once", once},
	{"I5", "only what was planned", fidelity},
	{"I6", "replay", replay},
	{"I7", "append only", appendOnly},
	{"I9", "budget", budget},
	{"I9b", "stop at failures", stopAtFailures},
	{"I10", "fencing", fencing},
	{"I10b", "nothing after the lease", leaseOver},
	{"I11", "halt", halt},
	{"I12", "monotonic policy", monotonic},
	{"I14", "deny by default", denied},
	{"I15", "planning changes nothing", purity},
	{"I16", "same plan again", determinism},
	{"I22", "success is true", postState},
	{"L1", "everything due gets done", liveness},
}

// Invariants lists their names.
func Invariants() []string {
	var out []string
	for _, i := range invariants {
		out = append(out, i.name)
	}
	return out
}

// window: a change begins while its ring's window is open and no freeze is on, and has time to end in it.
func window(w *world, f fact) string {
	if f.kind != started {
		return ""
	}
	t, x := &w.tenant, f.start
	r, _ := t.ring(x.ring)
	from, to := w.now, w.now+need
	if t.frozen[1] > 0 && from < t.frozen[1] && to > t.frozen[0] {
		return fmt.Sprintf("%s is changed in the freeze that begins at %s", x.host.name, t.frozen[0])
	}
	a := w.announced[x.id]
	if r.always || a != nil && a.action.Lane == "urgent" {
		return ""
	}
	sinceOpening := ((from-t.opens)%day + day) % day
	if sinceOpening+need > t.long {
		return fmt.Sprintf("%s is changed %d s after the window of %d s opened", x.host.name, sinceOpening, t.long)
	}
	return ""
}

// intent: an action is on the remote as started before it starts, and is not settled there before it is over. In the end
// none is lost.
func intent(w *world, f fact) string {
	switch f.kind {
	case started:
		switch x := f.start; {
		case w.announced[x.id] == nil:
			return fmt.Sprintf("%s starts, and the remote knows no intent of it", x.host.name)
		case w.outcomes[x.id] != "" && len(w.byID[x.id]) == 0:
			return fmt.Sprintf("%s starts, which the remote has as %s", x.host.name, w.outcomes[x.id])
		}
	case pushed:
		for _, c := range f.commit.since(fork(f.commit, f.old)) {
			for _, a := range c.record.Actions {
				if problem := w.hasty(a); problem != "" {
					return problem
				}
			}
		}
	case over:
		return w.lost()
	case passed, installed, reread, leased, opened, planning:
	}
	return ""
}

// hasty finds an outcome that is recorded of something that is not over.
func (w *world) hasty(a ledger.Action) string {
	for _, x := range w.byID[a.ID] {
		switch a.Status {
		case ledger.Skipped:
			return fmt.Sprintf("%s is recorded as never started on %s, where it began at %s", short(a.ID), a.Host, x.began)
		case ledger.Succeeded, ledger.Failed:
			if x.running {
				return fmt.Sprintf("%s is recorded as %s while it runs on %s", short(a.ID), a.Status, a.Host)
			}
		case ledger.Started, ledger.InDoubt:
		}
	}
	return ""
}

// lost finds actions that are neither settled nor shown.
func (w *world) lost() string {
	shown := map[string]bool{}
	for _, d := range w.remote.head.inDoubt() {
		shown[d] = true
	}
	for _, x := range w.executions {
		if w.outcomes[x.id] == "" && !shown[x.id] {
			return fmt.Sprintf("%s on %s is neither settled nor in doubt", short(x.id), x.host.name)
		}
	}
	for id, a := range w.announced {
		if w.outcomes[id] == "" && !shown[id] {
			return fmt.Sprintf("%s on %s is neither settled nor in doubt", short(id), a.action.Host)
		}
	}
	return ""
}

func (c *commit) inDoubt() []string {
	if c == nil {
		return nil
	}
	var out []string
	for _, d := range c.state.InDoubt {
		out = append(out, d.ID)
	}
	return out
}

// once: an action runs at most once, and a host never has two at the same time.
func once(w *world, f fact) string {
	if f.kind != started {
		return ""
	}
	x := f.start
	if len(w.byID[x.id]) > 0 {
		return fmt.Sprintf("%s runs on %s a second time", short(x.id), x.host.name)
	}
	for _, y := range w.open {
		if y.host == x.host && y.running {
			return fmt.Sprintf("%s begins on %s while %s runs there", short(x.id), x.host.name, short(y.id))
		}
	}
	return ""
}

// budget: the hosts of a ring and site that are down, because they are being changed or nobody knows how that ended,
// are never more than its budget, whoever is at work; nor is a second one of the same rack, where that is bounded.
func budget(w *world, f fact) string {
	down, crowded := map[string]map[string]bool{}, ""
	note := func(x *execution) {
		key := x.ring + "/" + x.host.site
		if r, _ := w.tenant.ring(x.ring); r.racked && x.host != f.start.host && x.ring == f.start.ring && x.host.site == f.start.host.site && x.host.rack == f.start.host.rack {
			crowded = x.host.name
		}
		if down[key] == nil {
			down[key] = map[string]bool{}
		}
		down[key][x.host.name] = true
	}
	if f.kind != started {
		return ""
	}
	for _, x := range w.open {
		note(x)
	}
	note(f.start)
	if crowded != "" {
		return fmt.Sprintf("%s goes down while %s of the same rack is", f.start.host.name, crowded)
	}
	for key, hosts := range down {
		name, site := cut(key)
		r, _ := w.tenant.ring(name)
		if most := r.budget.Of(r.sizes[site]); len(hosts) > most {
			return fmt.Sprintf("%d hosts of %s are down, its budget is %d", len(hosts), key, most)
		}
	}
	return ""
}

// leaseOver: nothing starts under a lease that is not the site's, or is over.
func leaseOver(w *world, f fact) string {
	if f.kind != started {
		return ""
	}
	x := f.start
	now := w.remote.leases[x.host.site]
	switch {
	case x.order.fence != now.fence || now.holder != x.order.from.name:
		return fmt.Sprintf("%s obeys fence %d of %s, and the lease is %d of %s", x.host.name, x.order.fence, x.order.from.name, now.fence, now.holder)
	case w.now > now.expires:
		return fmt.Sprintf("%s obeys a lease that ended at %s", x.host.name, now.expires)
	}
	return ""
}

// halt: nothing starts later than a minute after a halt order could be read, nor when none could be read for five, nor
// once the runner itself has read one.
func halt(w *world, f fact) string {
	if f.kind != started {
		return ""
	}
	r := &w.remote
	dark := w.dark()
	switch visible := max(r.haltedAt, r.downUntil, r.muteTill); {
	case f.start.order.known:
		return fmt.Sprintf("%s is started by a runner that has read the halt", f.start.host.name)
	case r.halted && !dark && w.now > visible+minute:
		return fmt.Sprintf("%s starts %d s after a halt was there to read", f.start.host.name, w.now-visible)
	case dark && w.now > r.darkFrom+5*minute:
		return fmt.Sprintf("%s starts %d s after a halt could last be read", f.start.host.name, w.now-r.darkFrom)
	}
	return ""
}
