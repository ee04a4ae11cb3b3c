// Package ledgertest makes actions and states as runs leave them behind.
package ledgertest

import (
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/runner/ledger"
)

// T0 is when everything begins.
var T0 = time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC)

// Apply is an apply action; its start is T0.
func Apply(id, host, ring string, status ledger.Status, updates ...string) ledger.Action {
	a := ledger.Action{
		ID: id, Host: host, Verb: ledger.VerbApply, Ring: ring, Lane: "default", Wave: 1, Window: "weeknight", Opens: T0,
		Status: status, StartedAt: T0, Platform: "debian 12",
	}
	for _, u := range updates {
		a.Updates = append(a.Updates, plan.ChangeUpdate{Update: u})
	}
	return a
}

// End gives an action an outcome some seconds later.
func End(a ledger.Action, status ledger.Status, seconds int) ledger.Action {
	at := a.StartedAt.Add(time.Duration(seconds) * time.Second)
	a.Status, a.EndedAt = status, &at
	if status == ledger.Failed {
		a.Reason = "broken"
	}
	return a
}

// History reduces one record for each list of actions, an hour apart.
func History(lists ...[]ledger.Action) ledger.State {
	var s ledger.State
	for i, actions := range lists {
		s = ledger.Reduce(s, ledger.Record{
			Tenant: "acme", Seq: i + 1, Phase: ledger.PhaseWave, At: T0.Add(time.Duration(i) * time.Hour), Site: "main", Actions: actions,
		})
	}
	return s
}
