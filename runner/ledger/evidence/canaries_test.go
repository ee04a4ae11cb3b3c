package evidence

import (
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/ledgertest"
)

// TestCanaries: evidence says how an update went on canaries alone, whatever happens to other hosts.
func TestCanaries(t *testing.T) {
	first := ledgertest.Apply("1", "web-1", "pilot", ledger.Started, "u")
	first.Updates[0].Canary = true
	other, retry := ledgertest.Apply("2", "web-2", "pilot", ledger.Started, "u"), first
	retry.ID = "3"
	note := ledgertest.End(ledgertest.Apply("4", "web-1", "pilot", ledger.Failed, "u"), ledger.Failed, 7200)
	asleep, late := ledgertest.End(first, ledger.Succeeded, 5), ledgertest.End(first, ledger.Failed, 5)
	asleep.AwaitsReboot, asleep.HostState, late.HostState = true, "done", "done"
	reboot := ledger.Action{ID: "9", Host: "web-1", Verb: ledger.VerbReboot, Ring: "pilot", Status: ledger.Started, StartedAt: ledgertest.T0}
	type list = []ledger.Action
	for name, c := range map[string]struct {
		history []list
		note    bool
		want    [3]int // succeeded, failed, in doubt
	}{
		"announced":              {history: []list{{first}}, want: [3]int{0, 0, 1}},
		"succeeded":              {history: []list{{first}, {ledgertest.End(first, ledger.Succeeded, 5)}}, want: [3]int{1, 0, 0}},
		"never started":          {history: []list{{first}, {ledgertest.End(first, ledger.Skipped, 5)}}},
		"failed":                 {history: []list{{first}, {ledgertest.End(first, ledger.Failed, 5)}}, want: [3]int{0, 1, 0}},
		"another host failed":    {history: []list{{first}, {ledgertest.End(first, ledger.Succeeded, 5)}, {other}, {ledgertest.End(other, ledger.Failed, 5)}}, want: [3]int{1, 0, 0}},
		"failed late":            {history: []list{{first}, {ledgertest.End(first, ledger.Succeeded, 5)}}, note: true, want: [3]int{0, 1, 0}},
		"tried again":            {history: []list{{first}, {ledgertest.End(first, ledger.Failed, 5)}, {retry}}, want: [3]int{0, 1, 1}},
		"made good":              {history: []list{{first}, {ledgertest.End(first, ledger.Failed, 5)}, {retry}, {ledgertest.End(retry, ledger.Succeeded, 9)}}, want: [3]int{1, 0, 0}},
		"failed again":           {history: []list{{first}, {ledgertest.End(first, ledger.Failed, 5)}, {retry}, {ledgertest.End(retry, ledger.Failed, 9)}}, want: [3]int{0, 1, 0}},
		"it lacks its reboot":    {history: []list{{first}, {asleep}}, want: [3]int{0, 0, 1}},
		"and is bad after all":   {history: []list{{first}, {asleep}}, note: true, want: [3]int{0, 1, 0}},
		"it is rebooted":         {history: []list{{first}, {asleep}, {reboot}, {ledgertest.End(reboot, ledger.Succeeded, 9)}}, want: [3]int{1, 0, 0}},
		"failed for want of one": {history: []list{{first}, {late}, {reboot}, {ledgertest.End(reboot, ledger.Succeeded, 9)}}, want: [3]int{1, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := ledgertest.History(c.history...)
			if c.note {
				s = ledger.Reduce(s, ledger.Record{Tenant: "acme", Seq: s.Seq + 1, Phase: ledger.PhaseNote, At: ledgertest.T0.Add(3 * time.Hour), Site: "main", Actions: list{note}})
			}
			raw, err := ledger.Encode(s)
			if err == nil {
				_, err = ledger.DecodeState(raw)
			}
			if err != nil {
				t.Error(err)
			}
			e, _ := Extract(s, nil, &policy.Tenant{Rings: []policy.Ring{{Name: "pilot"}}}).Of("pilot", "u")
			var got decision.Canaries
			if e.Canaries != nil {
				got = *e.Canaries
			}
			if [3]int{got.Succeeded, got.Failed, got.InDoubt} != c.want || (got.SucceededAt != nil) != (got.Succeeded > 0) {
				t.Errorf("canaries %+v, want %v", got, c.want)
			}
		})
	}
	t.Run("what is under way is in doubt to others", func(t *testing.T) {
		s := ledgertest.History(list{first}).Without(func(string) bool { return true })
		if e, _ := Extract(s, nil, &policy.Tenant{Rings: []policy.Ring{{Name: "pilot"}}}).Of("pilot", "u"); e.Canaries != nil {
			t.Errorf("canaries %+v of the run itself", e.Canaries)
		}
	})
	t.Run("nobody else's plan sees them", func(t *testing.T) {
		all := &policy.Tenant{Rings: []policy.Ring{{Name: "r", Requires: []policy.Requirement{{Tenant: "acme", Ring: "pilot"}}}}}
		if e, _ := Extract(ledger.State{}, map[string]ledger.State{"acme": ledgertest.History(list{first})}, all).Of("acme/pilot", "u"); e.Canaries != nil || e.Attempted != 1 {
			t.Errorf("evidence %+v", e)
		}
	})
}
