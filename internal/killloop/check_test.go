//go:build linux

package killloop

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
)

// settled: the ledgers are whole, each record adds up, and nobody waits for an answer.
func (w *world) settled() {
	w.Helper()
	for _, t := range tenants {
		head, records := w.ledger(t)
		if len(head.State.InDoubt) > 0 {
			w.Fatalf("%s: still in doubt: %+v", t, head.State.InDoubt)
		}
		w.fences(t, records)
		w.tally(t, records)
		for _, u := range w.updates() {
			w.evidence(t, head.State, u)
		}
	}
}

// ledger reads a tenant's ledger from the remote, oldest record first, and adds it up anew.
func (w *world) ledger(tenant string) (branch.Head, []ledger.Record) {
	w.Helper()
	ctx := w.Context()
	repo, err := gitrepo.Open(ctx, w.path("remote.git"))
	w.check(err)
	l := branch.Open(repo, tenant)
	head, err := l.Head(ctx)
	w.check(err)
	again, err := l.Replay(ctx, head)
	w.check(err)
	want, err := canonical.Marshal(again)
	w.check(err)
	got, err := canonical.Marshal(head.State)
	w.check(err)
	if !bytes.Equal(got, want) {
		w.Fatalf("%s: the records do not add up to the state\nstate   %s\nrecords %s", tenant, got, want)
	}
	records := make([]ledger.Record, head.State.Seq)
	for e, err := range l.Log(ctx, head, 0) {
		w.check(err)
		at, err := l.At(e.Commit)
		w.check(err)
		records[e.Seq-1] = at.Record
	}
	return head, records
}

// fences: whoever starts something has a number that nobody before had, and no action is started again unless its first
// start came to nothing.
func (w *world) fences(tenant string, records []ledger.Record) {
	w.Helper()
	highest, run, started := 0, "", map[string]bool{}
	for _, r := range records {
		if r.Phase != ledger.PhaseIntent {
			for _, a := range r.Actions {
				started[a.ID] = started[a.ID] && a.Status != ledger.Skipped
			}
			continue
		}
		if r.Fence < highest || r.Fence == highest && r.Run != run {
			w.Errorf("%s: record %d of run %s has fence %d after %d of run %s", tenant, r.Seq, r.Run, r.Fence, highest, run)
		}
		highest, run = r.Fence, r.Run
		for _, a := range r.Actions {
			if started[a.ID] {
				w.Errorf("%s: record %d starts %s again", tenant, r.Seq, a.ID)
			}
			started[a.ID] = true
		}
	}
}

// tally says how much of what was started only a later scan could settle, so that a log shows that kills struck home.
func (w *world) tally(tenant string, records []ledger.Record) {
	open, started := map[string]bool{}, 0
	for _, r := range records {
		for _, a := range r.Actions {
			if r.Phase == ledger.PhaseIntent {
				started++
				open[a.ID] = true
			} else if r.Phase == ledger.PhaseWave && a.Status != ledger.InDoubt {
				delete(open, a.ID)
			}
		}
	}
	w.Logf("%s: %d records, %d actions started, %d of them settled by a later scan; kills so far %v", tenant, len(records), started, len(open), w.struck)
}

// evidence: the ledger knows of every host that has the update, and of none that lacks it.
func (w *world) evidence(tenant string, s ledger.State, update string) {
	w.Helper()
	for _, e := range s.Evidence {
		purl, err := url.PathUnescape(e.Update)
		w.check(err)
		if !strings.Contains(purl, "/"+update) {
			continue
		}
		if e.Succeeded != w.per()[tenant] || e.Failed+e.InDoubt+e.Missing != 0 {
			w.Errorf("%s: %s is on all %d hosts, but the evidence is %+v", tenant, update, w.per()[tenant], e)
		}
		return
	}
	w.Errorf("%s: no evidence of %s", tenant, update)
}

// once: every update went to every host exactly once, by an action whose start was on the remote before.
func (w *world) once() {
	w.Helper()
	intents := map[string]bool{}
	for _, t := range tenants {
		_, records := w.ledger(t)
		for _, r := range records {
			for _, a := range r.Actions {
				if r.Phase == ledger.PhaseIntent {
					intents[a.ID] = true
				}
			}
		}
	}
	count := map[string]int{} // name@version
	seen := map[change]bool{}
	for _, c := range w.changes() {
		count[c.what]++
		if key := (change{host: c.host, what: c.what}); seen[key] {
			w.Errorf("%s: %s was installed twice", c.host, c.what)
		} else {
			seen[key] = true
		}
		if c.action != "" && !intents[c.action] {
			w.Errorf("%s: %s was installed by action %s, which no intent on the remote names", c.host, c.what, c.action)
		}
		if wrong := w.sound(c); wrong != "" {
			w.Errorf("%s: %s: %s", c.host, c.what, wrong)
		}
	}
	for _, id := range w.actions() {
		if !intents[id] {
			w.Errorf("a host knows action %s, which no intent on the remote names", id)
		}
	}
	all := 0
	for _, n := range w.per() {
		all += n
	}
	for _, u := range w.updates() {
		if count[u] != all {
			w.Errorf("%s was installed %d times on %d hosts", u, count[u], all)
		}
	}
}
