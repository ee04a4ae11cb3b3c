package journal

import "github.com/ringfence/ringfence/runner/ledger"

// Book writes one run's actions into a journal.
type Book struct {
	Journal *Journal
	Run     string
}

// Start writes that an action is about to be started.
func (b Book) Start(a ledger.Action) error {
	return b.Journal.Append(Entry{Kind: Start, Run: b.Run, Action: a.ID, Host: a.Host, At: a.StartedAt})
}

// End writes how an action ended.
func (b Book) End(a ledger.Action) error {
	e := Entry{Kind: End, Run: b.Run, Action: a.ID, Host: a.Host, At: a.StartedAt, Status: a.Status, HostState: a.HostState, Reason: a.Reason, Unhealthy: a.Unhealthy}
	if a.EndedAt != nil {
		e.At = *a.EndedAt
	}
	return b.Journal.Append(e)
}
