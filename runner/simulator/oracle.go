package simulator

import (
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/runner/ledger"
)

func cut(key string) (ring, site string) {
	ring, site, _ = strings.Cut(key, "/")
	return ring, site
}

// tally is what a chain says of one update in one ring, host by host, counted in the plainest way.
type tally struct {
	attempted, succeeded, failed, doubt int
	newest                              second // success
}

// chronicle is the newest thing that a chain says of a host and an update.
type chronicle struct {
	ring   string
	status ledger.Status
	id     string
	at     second
	before *chronicle // what stood before an action that was skipped
}

type cell struct{ host, update string }

// history is what a chain says, in the plainest way. Of an action only the first outcome counts.
type history struct {
	cells   map[cell]*chronicle
	settled map[string]bool
}

func newHistory() history { return history{map[cell]*chronicle{}, map[string]bool{}} }

// add takes the next record of the chain.
func (h history) add(c *commit) {
	for _, a := range c.record.Actions {
		if h.settled[a.ID] {
			continue
		}
		h.settled[a.ID] = a.Status != ledger.Started && a.Status != ledger.InDoubt
		for _, u := range a.Updates {
			take(h.cells, cell{a.Host, u.Update}, a, instant(endOf(a, c)))
		}
	}
}

func take(out map[cell]*chronicle, key cell, a ledger.Action, at second) {
	old := out[key]
	next := &chronicle{ring: a.Ring, status: a.Status, id: a.ID, at: at}
	switch {
	case a.Status == ledger.Skipped && (old == nil || old.id != a.ID):
		return
	case a.Status == ledger.Skipped:
		out[key] = old.before
		if old.before == nil {
			delete(out, key)
		}
		return
	case old != nil && old.id == a.ID:
		next.before = old.before
	default:
		next.before = old
	}
	out[key] = next
}

func tallied(all map[cell]*chronicle, ring, update string) tally {
	var t tally
	for key, c := range all {
		if key.update != update || c.ring != ring {
			continue
		}
		t.attempted++
		switch c.status {
		case ledger.Succeeded:
			t.succeeded++
			t.newest = max(t.newest, c.at)
		case ledger.Failed:
			t.failed++
		default:
			t.doubt++
		}
	}
	return t
}

// counted compares the evidence of a state with the plain count.
func (w *world) counted(tip *commit) string {
	all := w.history.cells
	for _, e := range tip.state.Evidence {
		t := tallied(all, e.Ring, e.Update)
		if e.Attempted != t.attempted || e.Succeeded != t.succeeded || e.Failed != t.failed || e.InDoubt != t.doubt {
			return fmt.Sprintf("record %d says of %s in %s: %d attempted, %d succeeded, %d failed, %d in doubt; its records say %d, %d, %d, %d", tip.seq(),
				e.Update, e.Ring, e.Attempted, e.Succeeded, e.Failed, e.InDoubt, t.attempted, t.succeeded, t.failed, t.doubt)
		}
	}
	return ""
}

// gate: nothing starts in a ring before the ring that it requires has the evidence, as the records stood when the plan
// was made and with all that others wrote until it was announced; nor before the soak is over. What a run does itself does
// not close its own gates: one plan decides for one run.
func gate(w *world, f fact) string {
	if f.kind != started {
		return ""
	}
	x := f.start
	a := w.announced[x.id]
	r, i := w.tenant.ring(x.ring)
	if a == nil || !r.gated {
		return ""
	}
	p := w.plans[a.intent.record.Plan]
	if p == nil {
		return ""
	}
	known := newHistory()
	for _, c := range a.intent.since(nil) {
		carriedOut := c.record.Phase == ledger.PhaseIntent || c.record.Phase == ledger.PhaseWave
		if c.record.Run != p.run || !carriedOut {
			known.add(c)
		}
	}
	for _, u := range a.action.Updates {
		soak := w.tenant.soaks[p.version]
		if a.action.Lane == "urgent" {
			soak = urgentSoak
		}
		t := tallied(known.cells, w.tenant.rings[i-1].name, u.Update)
		switch {
		case t.doubt > 0:
			return fmt.Sprintf("%s gets %s while %d hosts of the ring before are in doubt", x.host.name, u.Update, t.doubt)
		case t.succeeded < r.least || t.succeeded*100 < r.share*t.attempted:
			return fmt.Sprintf("%s gets %s, of which the ring before has %d of %d", x.host.name, u.Update, t.succeeded, t.attempted)
		case w.now < t.newest+soak:
			return fmt.Sprintf("%s gets %s %d s after the ring before, its soak is %d s", x.host.name, u.Update, w.now-t.newest, soak)
		}
	}
	return ""
}

// stopAtFailures: a run starts nothing more in a ring once it knows that so many of its hosts failed.
func stopAtFailures(w *world, f fact) string {
	if f.kind != started {
		return ""
	}
	r, _ := w.tenant.ring(f.start.ring)
	if f.start.order.failed < r.stop {
		return ""
	}
	return fmt.Sprintf("%s starts after %d hosts of %s failed", f.start.host.name, f.start.order.failed, r.name)
}
