package runner

import (
	"time"

	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner/journal"
	"github.com/ringfence/ringfence/runner/ledger"
)

// Journal is this runner's own account on its own disk, between the intent of a wave and the record of its outcome.
// Both calls are durable when they return, and come from several goroutines at once.
type Journal interface {
	Start(ledger.Action) error // before anything of the action is sent; its error keeps the action from starting
	End(ledger.Action) error
}

var _ Journal = journal.Book{}

func (r *run) journalStart(a ledger.Action) error {
	if r.Journal == nil {
		return nil
	}
	return r.Journal.Start(a)
}

// journalEnd loses nothing when it fails: the outcome goes to the ledger next, and a journal that failed once refuses
// the next start.
func (r *run) journalEnd(e ending) {
	if r.Journal == nil {
		return
	}
	for _, a := range e.actions {
		if a.Status != ledger.Skipped {
			_ = r.Journal.End(a)
		}
	}
}

// notWritten: without a journal entry nothing starts, and nothing was sent.
func (j job) notWritten(at time.Time, err error) ending {
	a := j.close(at, ledger.Skipped, providers.Untouched, note(err))
	return ending{actions: []ledger.Action{a}, end: EndSkipped}
}

// Recall makes what SettleDoubt found more precise with what this runner's journal says of the same actions. The scan
// alone says that an update is there; what the journal adds is why it is not, or that it is there and yet the action
// failed, and when it ended.
func Recall(settled []ledger.Action, ended []journal.Entry) []ledger.Action {
	known := map[string]journal.Entry{}
	for _, e := range ended {
		known[e.Action] = e
	}
	out := make([]ledger.Action, 0, len(settled))
	for _, a := range settled {
		if e, ok := known[a.ID]; ok && e.Host == a.Host {
			a = recalled(a, e)
		}
		out = append(out, a)
	}
	return out
}

func recalled(a ledger.Action, e journal.Entry) ledger.Action {
	switch e.Status {
	case ledger.Failed:
		a.Status, a.Reason, a.Unhealthy = ledger.Failed, e.Reason, e.Unhealthy
		if a.HostState == string(providers.Untouched) { // otherwise the scan has seen something of it there
			a.HostState = e.HostState
		}
	case ledger.Succeeded:
		if a.Status != ledger.Succeeded {
			return a
		}
		a.Reason = e.Reason
	case ledger.InDoubt:
		if e.Reason != "" && a.Status == ledger.Failed {
			a.Reason = e.Reason + "; " + a.Reason
		}
		return a
	case ledger.Started, ledger.Skipped:
		return a
	}
	if !e.At.Before(a.StartedAt) && e.At.Before(*a.EndedAt) {
		a.EndedAt = &e.At
	}
	return a
}
