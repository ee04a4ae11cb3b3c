package simulator

import (
	"strings"
	"time"

	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
)

// job is one host's part of a wave.
type job struct {
	start  runner.Start
	action ledger.Action
	closes *time.Time
	known  bool // the run had read a halt order when it began this
	failed int  // hosts of its ring of which the run knew when it asked for this start
}

// ending is what a job leaves.
type ending struct{ action ledger.Action }

func closed(a ledger.Action, at second, status ledger.Status, reason string) ledger.Action {
	end := at.time()
	a.Status, a.Reason, a.EndedAt = status, reason, &end
	switch status {
	case ledger.Succeeded:
		a.HostState, a.Platform = "done", "debian 12"
	case ledger.Failed:
		a.HostState = "partial"
	case ledger.InDoubt:
		a.HostState = "in-doubt"
	case ledger.Skipped, ledger.Started:
		a.HostState = "untouched"
	}
	return a
}

// start begins a job.
func (r *run) start(e runner.Start) {
	j := job{start: e, action: r.action(e.Wave, e.Host), closes: r.prepared.Waves()[e.Wave].Closes}
	j.failed, j.known = r.failures[j.action.Ring], r.halt.Halted
	r.w.spawn(r.process, func(t *task) { r.work(t, j) })
}

func (r *run) work(t *task, j job) {
	status, reason := r.carry(t, j)
	a := closed(j.action, r.w.now, status, reason)
	r.w.say("%s: %s on %s %s: %s", r.name, short(a.ID), a.Host, status, reason)
	end := map[ledger.Status]runner.End{
		ledger.Succeeded: runner.EndSucceeded, ledger.Failed: runner.EndFailed, ledger.Skipped: runner.EndSkipped, ledger.InDoubt: runner.EndInDoubt,
	}[status]
	if r.process.run != r {
		return // a run that ended before its jobs, as only planted bugs let it, hears of them no more
	}
	r.inbox = append(r.inbox, finished{runner.Finished{Wave: j.start.Wave, Host: j.start.Host, End: end}, ending{a}})
	r.w.signal(r.main)
}

// carry is one job: open, start, wait, read again.
func (r *run) carry(t *task, j job) (ledger.Status, string) {
	w, h := r.w, r.w.host(j.start.Host)
	if j.closes != nil && !w.now.time().Before(*j.closes) {
		return ledger.Skipped, "the window closed before this host's turn"
	}
	t.sleep(w.latency())
	if !w.reachable(h) {
		return ledger.Skipped, "unreachable"
	}
	if err := r.journalled(j.action); err != nil {
		w.count("starts refused: journal")
		return ledger.Skipped, "the journal cannot be written"
	}
	status, reason := r.apply(t, h, j)
	r.journalEnd(closed(j.action, w.now, status, reason))
	return status, reason
}

// apply is what follows once the journal knows.
func (r *run) apply(t *task, h *host, j job) (ledger.Status, string) {
	w := r.w
	if how := r.plugin(t, "before a start"); how != "" {
		return ledger.Failed, "the plugin " + how + " before it started anything"
	}
	status, reason, over := r.send(t, h, j)
	if over {
		return status, reason
	}
	if w.chance(w.mood.plugins) {
		w.count("plugins that hung while a host worked")
		t.sleep(w.between(0, 10*minute))
		return ledger.InDoubt, "the plugin was stopped"
	}
	says, lost := r.watch(t, h, j.action.ID)
	how := r.plugin(t, "after a start")
	switch {
	case how != "":
		return ledger.InDoubt, "the plugin " + how
	case lost != "":
		return ledger.InDoubt, lost
	case w.bug("provider-trusted") && says:
		return ledger.Succeeded, ""
	}
	return r.judge(t, h, j, says)
}

// plugin lets the provider's process fail, and says how.
func (r *run) plugin(t *task, when string) string {
	if !r.w.chance(r.w.mood.plugins) {
		return ""
	}
	how := pick(r.w, []string{"crashed", "hung", "answered garbage"})
	if how == "hung" { // until it is stopped
		t.sleep(r.w.between(1, 10) * minute)
	}
	r.w.count("plugins that " + how + " " + when)
	return how
}

// send brings the order to its host and the answer back. Either may be lost.
func (r *run) send(t *task, h *host, j job) (ledger.Status, string, bool) {
	w := r.w
	t.sends = true
	t.sleep(w.latency())
	t.sends = false
	if !w.reachable(h) {
		w.count("starts that never arrived")
		return ledger.InDoubt, "the connection was lost", true
	}
	answer, o := "", r.order(h, j)
	r.io("host start", func() { answer = w.receive(h, o) }, func() { // it may arrive later
		w.after(w.between(0, 30), func() { w.receive(h, o) })
	})
	if w.chance(w.mood.twice) {
		w.count("starts that arrived twice")
		again := r.order(h, j)
		w.after(w.between(0, 900), func() { w.receive(h, again) })
	}
	t.sleep(w.latency())
	r.io("host answer", func() {}, nil)
	switch {
	case !w.reachable(h):
		if w.bug("lost-start-sent-again") {
			o := r.order(h, j)
			o.id, o.by = o.id+"-again", o.by+hour
			w.after(w.between(0, 900), func() { w.receive(h, o) })
		}
		return ledger.InDoubt, "the connection was lost", true
	case answer == answerClaimed:
		return ledger.InDoubt, "the host says that this action was started before", true
	case answer != answerStarted:
		return ledger.Skipped, "the host refused it: " + answer, true
	}
	return "", "", false
}

// order is what is sent to a host.
func (r *run) order(h *host, j job) order {
	o := order{id: j.action.ID, ring: j.action.Ring, fence: j.start.Fence, from: r.process, disk: r.files.id, by: instant(j.start.By), failed: j.failed, known: j.known}
	if j.closes != nil {
		o.closes = instant(*j.closes)
	}
	for _, u := range j.action.Updates {
		o.updates = append(o.updates, u.Update)
	}
	r.exceed(h, j, &o)
	return o
}

// exceed orders something else than what is planned, for bugs of that kind.
func (r *run) exceed(h *host, j job, o *order) {
	switch {
	case r.w.bug("gives-everything"):
		o.updates = nil
		for _, m := range r.w.scanOf(h).Missing {
			o.updates = append(o.updates, m.Update.PURL)
		}
	case r.w.bug("gives-newest") && r.w.below(20) == 0:
		name, _ := parsed(o.updates[0])
		o.updates = []string{strings.Replace(o.updates[0], name+"@2", name+"@3", 1)}
	case r.w.bug("first-change-for-all"):
		o.updates = nil
		for _, u := range r.prepared.Intent(j.start.Wave)[0].Updates {
			o.updates = append(o.updates, u.Update)
		}
	}
}

// watch waits for the end of what a host does.
func (r *run) watch(t *task, h *host, id string) (says bool, lost string) {
	for {
		c := h.claims[id]
		switch {
		case !r.w.reachable(h):
			r.w.count("connections lost while a host worked")
			return false, "the connection was lost"
		case c.state == "lost":
			return false, "the host says that it is gone"
		case c.state == "ended":
			r.io("host result", func() {}, nil)
			return c.done, ""
		}
		t.sleep(5)
	}
}

// judge reads the host again and believes nothing else.
func (r *run) judge(t *task, h *host, j job, says bool) (ledger.Status, string) {
	t.sleep(r.w.latency())
	reading := r.read(h)
	if reading.Scan == nil {
		return ledger.InDoubt, "the host could not be read again"
	}
	whole := true
	for _, p := range reading.Scan.Installed {
		for _, u := range j.action.Updates {
			name, version := parsed(u.Update)
			whole = whole && (p.Name != name || p.Version == version)
		}
	}
	t.sleep(r.w.latency())
	switch {
	case whole && says:
		return ledger.Succeeded, ""
	case says:
		return ledger.Failed, "the provider says done, the host says otherwise"
	}
	return ledger.Failed, "the provider says failed"
}

func fixed(at time.Time) runner.Clock { return func() time.Time { return at } }
