package simulator

import (
	"fmt"
	"slices"
	"time"

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
	case passed, installed, reread, leased:
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

// fidelity: what is changed is what the announced action says, of the plan that it names.
func fidelity(w *world, f fact) string {
	if f.kind != started {
		return ""
	}
	x, a := f.start, w.announced[f.start.id]
	if a == nil {
		return ""
	}
	var want []string
	for _, u := range a.action.Updates {
		want = append(want, u.Update)
	}
	switch {
	case a.action.Host != x.host.name:
		return fmt.Sprintf("the action of %s runs on %s", a.action.Host, x.host.name)
	case w.plans[a.intent.record.Plan] == nil:
		return fmt.Sprintf("%s is of a plan that nobody made", short(x.id))
	case slices.ContainsFunc(x.order.updates, func(u string) bool { return !slices.Contains(want, u) }):
		return fmt.Sprintf("%s is given %v, planned %v", x.host.name, x.order.updates, want)
	}
	return ""
}

// replay: every state on the remote is what the records up to it add up to, and its evidence is what happened.
func replay(w *world, f fact) string {
	if f.kind != pushed {
		return ""
	}
	for _, c := range f.commit.since(fork(f.commit, f.old)) {
		if !replayed(c) {
			return fmt.Sprintf("the state of record %d is not what its record makes of the one before", c.seq())
		}
		w.history.add(c)
	}
	return w.counted(f.commit)
}

// appendOnly: the remote's history grows by one record after the other, and nothing starts on a history that lost some.
func appendOnly(w *world, f fact) string {
	switch f.kind {
	case pushed:
		if !f.commit.descends(f.old) {
			return fmt.Sprintf("%s replaces record %d", f.by.name, f.old.seq())
		}
		for _, c := range f.commit.since(f.old) {
			if c.record.Seq != c.parent.seq()+1 || c.state.Seq != c.record.Seq {
				return fmt.Sprintf("record %d follows record %d", c.record.Seq, c.parent.seq())
			}
		}
	case started:
		if a := w.announced[f.start.id]; a != nil && !w.remote.newest.descends(a.intent) {
			return fmt.Sprintf("%s starts on a history that lost records", f.start.host.name)
		}
	case passed, installed, reread, leased, over:
	}
	return ""
}

// budget: the hosts of a ring and site that are down, because they are being changed or nobody knows how that ended,
// are never more than its budget, whoever is at work.
func budget(w *world, f fact) string {
	down := map[string]map[string]bool{}
	note := func(x *execution) {
		key := x.ring + "/" + x.host.site
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
	for key, hosts := range down {
		name, site := cut(key)
		r, _ := w.tenant.ring(name)
		if most := r.budget.Of(r.sizes[site]); len(hosts) > most {
			return fmt.Sprintf("%d hosts of %s are down, its budget is %d", len(hosts), key, most)
		}
	}
	return ""
}

// fencing: whoever takes a lease gets a number above all before, and a start under a lower one has no effect on a host
// that was shown a higher.
func fencing(w *world, f fact) string {
	switch f.kind {
	case leased:
		l := f.lease
		switch {
		case l.run != f.before.run && l.fence <= w.fences[f.site]:
			return fmt.Sprintf("%s takes the lease of %s with fence %d after %d", l.holder, f.site, l.fence, w.fences[f.site])
		case l.run == f.before.run && l.fence != f.before.fence && !l.released:
			return fmt.Sprintf("%s renews fence %d of %s as %d", l.holder, f.before.fence, f.site, l.fence)
		}
	case started:
		if x := f.start; x.order.fence < x.host.shown {
			return fmt.Sprintf("%s obeys fence %d after %d", x.host.name, x.order.fence, x.host.shown)
		}
	case passed, installed, reread, pushed, over:
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
	up := w.remoteUp()
	switch visible := max(r.haltedAt, r.recovered); {
	case f.start.order.known:
		return fmt.Sprintf("%s is started by a runner that has read the halt", f.start.host.name)
	case r.halted && up && w.now > visible+minute:
		return fmt.Sprintf("%s starts %d s after a halt was there to read", f.start.host.name, w.now-visible)
	case !up && w.now > r.wentDown+5*minute:
		return fmt.Sprintf("%s starts %d s after the remote went down", f.start.host.name, w.now-r.wentDown)
	}
	return ""
}

// monotonic: nothing is announced under a policy that is older than one under which something was announced before.
func monotonic(w *world, f fact) string {
	if f.kind != pushed {
		return ""
	}
	for _, c := range f.commit.since(fork(f.commit, f.old)) {
		v := versionOf(c.record.PolicyCommit)
		if c.record.Phase == ledger.PhaseIntent && v < recorded(c.parent) {
			return fmt.Sprintf("record %d announces under policy %d after policy %d", c.seq(), v, recorded(c.parent))
		}
	}
	return ""
}

// postState: an action is recorded as succeeded only if its host truly had everything of it by then.
func postState(w *world, f fact) string {
	if f.kind != pushed {
		return ""
	}
	for _, c := range f.commit.since(fork(f.commit, f.old)) {
		for _, a := range c.record.Actions {
			if a.Status != ledger.Succeeded {
				continue
			}
			for _, u := range a.Updates {
				since, there := w.host(a.Host).since[u.Update]
				if !there || since.time().After(endOf(a, c)) {
					return fmt.Sprintf("%s is recorded as done on %s, which lacks %s", short(a.ID), a.Host, u.Update)
				}
			}
		}
	}
	return ""
}

func endOf(a ledger.Action, c *commit) time.Time {
	if a.EndedAt != nil {
		return *a.EndedAt
	}
	return c.record.At
}

// liveness: a healthy world gets everything done. An update is excused while a host that has it by now stands as failed:
// only another attempt would take that back, and there is nothing left to attempt.
func liveness(w *world, f fact) string {
	if f.kind != over || w.done() {
		return ""
	}
	for _, h := range w.hosts {
		for _, u := range w.tenant.updates {
			if _, there := h.since[u.purl]; !there && !w.stuck(u.purl) {
				return fmt.Sprintf("after %d healthy days %s still lacks %s", (w.now-w.calmSince)/day, h.name, u.purl)
			}
		}
	}
	if doubt := w.remote.head.inDoubt(); len(doubt) > 0 {
		return fmt.Sprintf("after %d healthy days something is still in doubt: %v", (w.now-w.calmSince)/day, doubt)
	}
	return ""
}

func (w *world) stuck(update string) bool {
	for _, f := range w.remote.head.state.Failures {
		if _, there := w.host(f.Host).since[update]; there && f.Update == update {
			return true
		}
	}
	return false
}
