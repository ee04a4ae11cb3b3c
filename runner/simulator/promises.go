package simulator

import (
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/runner/ledger"
)

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
	case passed, installed, reread, leased, opened, planning, over:
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
	case passed, installed, reread, pushed, opened, planning, over:
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
