package simulator

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/runner/journal"
	"github.com/ringfence/ringfence/runner/ledger"
)

// openJournal opens the shipped journal on the runner's own disk, for as long as the lease is held.
func (r *run) openJournal() error {
	j, entries, err := journal.Open(r.files, "acme.log")
	r.w.happened(fact{kind: opened, by: r.process, entries: entries, err: err})
	if err != nil {
		r.w.count("journals that could not be opened")
		return err
	}
	if j.Cut() > 0 {
		r.w.count("torn tails cut off a journal")
	}
	r.journal, r.recalled = j, j.Pending()
	return nil
}

// closeJournal leaves in the journal what the ledger has still in doubt.
func (r *run) closeJournal() {
	if r.journal == nil {
		return
	}
	recorded := func(id string) bool {
		return !slices.ContainsFunc(r.disk.head.state.InDoubt, func(d plan.InDoubt) bool { return d.ID == id })
	}
	for key, id := range r.kept {
		if recorded(id) {
			delete(r.kept, key) // from here on it may be there, or not
		}
	}
	_ = r.journal.Reset(recorded) // the ledger has it all by now
	_ = r.journal.Close()
}

// journalled writes that an action is about to start.
func (r *run) journalled(a ledger.Action) error {
	if r.w.bug("start-not-journalled") && r.w.below(4) == 0 {
		return nil
	}
	return r.keep(journal.Start, a, journal.Book{Journal: r.journal, Run: r.id}.Start(a))
}

// journalEnd loses nothing when it fails: the outcome goes to the ledger next.
func (r *run) journalEnd(a ledger.Action) {
	_ = r.keep(journal.End, a, journal.Book{Journal: r.journal, Run: r.id}.End(a))
}

// keep notes what the journal has promised to have.
func (r *run) keep(kind journal.Kind, a ledger.Action, err error) error {
	if err != nil {
		return err
	}
	r.kept[entryKey(kind, a.ID)] = a.ID
	return nil
}

func entryKey(kind journal.Kind, id string) string { return string(kind) + " " + id }

// writeAhead: an action is in its runner's journal before it starts, and what the journal took it still has when it is
// opened again, however its process or its machine ended. No interrupted write is taken for damage.
func writeAhead(w *world, f fact) string {
	switch f.kind {
	case started:
		if p := f.start.order.from; f.start.order.disk == p.files.id && p.kept[entryKey(journal.Start, f.start.id)] == "" {
			return fmt.Sprintf("%s begins %s, of which the journal of %s knows nothing", f.start.host.name, short(f.start.id), p.name)
		}
	case opened:
		var damage *journal.DamageError
		if errors.As(f.err, &damage) {
			return fmt.Sprintf("%s: %v", f.by.name, f.err)
		}
		if f.err != nil {
			return ""
		}
		has := map[string]bool{}
		for _, e := range f.entries {
			has[entryKey(e.Kind, e.Action)] = true
		}
		for key := range f.by.kept {
			if !has[key] {
				return fmt.Sprintf("the journal of %s lost an entry", f.by.name)
			}
		}
	case passed, installed, reread, pushed, leased, planning, over:
	}
	return ""
}
