package simulator

import (
	"reflect"
	"slices"

	"github.com/ringfence/ringfence/runner/journal"
	"github.com/ringfence/ringfence/runner/ledger"
)

// truth is what nobody in the world knows as a whole.
type truth struct {
	executions []*execution
	byID       map[string][]*execution
	open       []*execution // running, or over and not seen by anybody
	announced  map[string]*announcement
	outcomes   map[string]ledger.Status // of actions that the remote's chain settled
	calmSince  second
	history    history        // of the remote
	fences     map[string]int // the highest number of any lease, by site
}

func newTruth() truth {
	return truth{byID: map[string][]*execution{}, announced: map[string]*announcement{}, outcomes: map[string]ledger.Status{}, history: newHistory(), fences: map[string]int{}}
}

// execution is a change that truly began on a host.
type execution struct {
	id      string
	host    *host
	ring    string
	order   order
	began   second
	running bool
	seen    bool // somebody read the host after it had ended
}

// announcement is an action of an intent on the remote.
type announcement struct {
	action ledger.Action
	intent *commit
}

// kind is what a fact is about.
type kind int

const (
	passed    kind = iota // an event is over
	started               // a change began on a host
	installed             // what a host has changed
	reread                // somebody reads a host
	pushed                // the remote's head moved
	leased                // a lease was written
	opened                // a runner opened its journal
	planning              // a plan was made
	over                  // the world has come to its end
)

// fact is something that truly happened.
type fact struct {
	kind   kind
	start  *execution
	host   *host
	commit *commit
	old    *commit
	by     *process
	before lease
	lease  lease
	site   string

	entries []journal.Entry
	err     error
	plan    *made
}

// happened checks what follows from a fact, then takes it in.
func (w *world) happened(f fact) {
	if w.violation == nil {
		for _, i := range invariants {
			if w.o.Watch != "" && w.o.Watch != i.name {
				continue
			}
			if problem := i.check(w, f); problem != "" {
				w.violation = &Violation{Seed: w.seed, Invariant: i.name + " " + i.title, At: w.now.String(), Problem: problem, Again: w.o.again(w.seed)}
				w.say("BROKEN %s %s: %s", i.name, i.title, problem)
				break
			}
		}
	}
	switch f.kind {
	case started:
		w.executions = append(w.executions, f.start)
		w.byID[f.start.id] = append(w.byID[f.start.id], f.start)
		w.open = append(w.open, f.start)
	case reread:
		for _, x := range w.open {
			if x.host == f.host && !x.running {
				x.seen = true
			}
		}
		w.forget()
	case pushed:
		for _, c := range f.commit.since(fork(f.commit, f.old)) {
			w.learn(c)
		}
	case leased:
		w.fences[f.site] = max(w.fences[f.site], f.lease.fence)
	case passed, installed, opened, planning, over:
	}
}

func (w *world) ended(x *execution) { x.running = false }

func (w *world) forget() {
	w.open = slices.DeleteFunc(w.open, func(x *execution) bool { return x.seen })
}

// learn takes a record of the remote in.
func (w *world) learn(c *commit) {
	w.count("records")
	for _, a := range c.record.Actions {
		switch {
		case c.record.Phase == ledger.PhaseIntent:
			w.announced[a.ID] = &announcement{a, c}
		case a.Status == ledger.Succeeded || a.Status == ledger.Failed || a.Status == ledger.Skipped:
			if w.outcomes[a.ID] == "" {
				w.outcomes[a.ID] = a.Status
			}
		}
	}
}

// replayed reports whether a commit's state is what its record makes of the state before.
func replayed(c *commit) bool {
	var prev ledger.State
	if c.parent != nil {
		prev = c.parent.state
	}
	return reflect.DeepEqual(ledger.Reduce(prev, c.record), c.state)
}

// told names records for the trace.
func told(next, old *commit) string {
	s := ""
	for _, c := range next.since(fork(next, old)) {
		s += " " + string(c.record.Phase)
		for _, a := range c.record.Actions {
			s += " " + short(a.ID) + "=" + string(a.Status)
		}
	}
	return s
}

// finished: the world is calm, nothing is in doubt and every host has everything.
func (w *world) finished() bool {
	if !w.quiet {
		return false
	}
	return w.done() || w.now > w.calmSince+8*day
}

func (w *world) done() bool {
	if w.remote.head == nil || len(w.remote.head.state.InDoubt) > 0 || len(w.open) > 0 {
		return false
	}
	for _, h := range w.hosts {
		for _, u := range w.tenant.updates {
			if _, there := h.since[u.purl]; !there && !w.stuck(u.purl) {
				return false
			}
		}
	}
	return true
}
