package simulator

import (
	"maps"
	"slices"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/runner/ledger"
)

// disk is a runner's local repository: its branch, and the last commit that it saw on the remote.
type disk struct{ head, seen *commit }

// entry is a record to append, with what must be true of the record it will follow.
type entry struct {
	record   ledger.Record
	snapshot *inventory.Snapshot
	mustPush bool
	check    func(*commit) error
}

const pushTries = 12

// build makes the commit that follows tip. It is the shipped Reduce that says what the record leads to.
func (w *world) build(tip *commit, e entry) (*commit, error) {
	if e.check != nil {
		if err := e.check(tip); err != nil {
			return nil, err
		}
	}
	var prev ledger.State
	snapshots := map[string]*inventory.Snapshot{}
	if tip != nil {
		prev, snapshots = tip.state, tip.snapshots
	}
	e.record.Seq = prev.Seq + 1
	if e.snapshot != nil {
		snapshots = maps.Clone(snapshots)
		snapshots[e.record.Site] = e.snapshot
	}
	c := &commit{parent: tip, record: e.record, state: ledger.Reduce(prev, e.record), snapshots: snapshots}
	w.tamper(c)
	return c, nil
}

// tamper makes a record and its state differ, for bugs of that kind.
func (w *world) tamper(c *commit) {
	switch {
	case w.bug("record-cut-after-reduce") && len(c.record.Actions) > 1:
		c.record.Actions = c.record.Actions[1:]
	case w.bug("state-vouches") && len(c.state.Evidence) > 0:
		c.state.Evidence = slices.Clone(c.state.Evidence)
		c.state.Evidence[0].Attempted++
		c.state.Evidence[0].Succeeded++
	}
}

// sync brings the remote's records here, and puts those on top of them that are only here.
func (r *run) sync() error {
	w, d := r.w, r.disk
	r.hop()
	if !w.remoteUp() {
		return errDown
	}
	var tip *commit
	r.io("ledger fetch", func() { tip = w.served() }, nil)
	if tip != w.remote.head {
		w.count("old records served by a frozen remote")
	}
	r.hop()
	if d.seen != nil && !tip.descends(d.seen) {
		w.count("rewound noticed")
		w.say("%s: the remote was rewound", r.name)
		if !w.bug("rewound-ignored") {
			return errRewound
		}
		d.head = tip
	}
	r.io("seen ref", func() { d.seen = tip }, nil)
	switch {
	case d.head.descends(tip):
	case tip.descends(d.head):
		r.io("ledger ref", func() { d.head = tip }, nil)
	default:
		return r.reparent(tip)
	}
	return nil
}

// reparent moves the records that are only here on top of tip.
func (r *run) reparent(tip *commit) error {
	fork := r.disk.head
	for !tip.descends(fork) {
		fork = fork.parent
	}
	r.w.count("records re-parented")
	top := tip
	for _, c := range r.disk.head.since(fork) {
		next, err := r.w.build(top, entry{record: c.record, snapshot: ownSnapshot(c)})
		if err != nil {
			return err
		}
		switch {
		case r.w.bug("reparent-keeps-state"):
			next.state = c.state
			next.state.Seq = next.record.Seq
		case r.w.bug("reparent-keeps-number"):
			next.record.Seq = c.record.Seq
		}
		top = next
	}
	r.io("ledger ref", func() { r.disk.head = top }, nil)
	return nil
}

func ownSnapshot(c *commit) *inventory.Snapshot {
	if c.record.Scan == nil {
		return nil
	}
	return c.snapshots[c.record.Site]
}

// append writes a record as the ledger package does with a remote: push first, follow whatever others wrote, keep it
// here if it could not be pushed, unless it must be there or nowhere.
func (r *run) append(e entry) error {
	w, d := r.w, r.disk
	why := error(errMoved)
	var next *commit
	for try := range pushTries {
		if try > 0 {
			r.t.sleep(w.between(0, 5))
			if why = r.sync(); why != nil {
				break
			}
			if d.head.descends(next) { // refused, and yet taken
				return nil
			}
		}
		var err error
		if next, err = w.build(d.head, e); err != nil {
			return err
		}
		r.io("commit", func() {}, nil)
		if why = r.push(next); why == nil {
			r.io("ledger ref", func() { d.head = next }, nil)
			return nil
		}
		if why != errMoved {
			break
		}
	}
	if e.mustPush && !w.bug("intent-not-pushed") {
		return why
	}
	w.count("records kept here")
	if next == nil {
		return why
	}
	r.io("ledger ref", func() { d.head = next }, nil)
	return nil
}

// push carries a commit to the remote; the answer may be lost on the way back.
func (r *run) push(next *commit) error {
	w, d := r.w, r.disk
	r.hop()
	if d.seen != nil && !next.descends(d.seen) {
		return errMoved
	}
	var err error
	p, seen := r.process, d.seen
	r.io("ledger push", func() { err = w.push(p, next, seen) }, func() { // it may arrive later
		w.after(w.between(0, 30), func() { _ = w.push(p, next, seen) })
	})
	if err == nil && w.chance(w.mood.lostAnswers) {
		w.count("answers of a push lost")
		r.hop()
		return errDown
	}
	r.hop()
	if err == nil {
		r.io("seen ref", func() { d.seen = next }, nil)
	}
	return err
}
