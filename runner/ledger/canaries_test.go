package ledger

import (
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
)

// TestCanaries: evidence says how an update went on canaries alone, whatever happens to other hosts.
func TestCanaries(t *testing.T) {
	first := apply("1", "web-1", "pilot", Started, "u")
	first.Updates[0].Canary = true
	other, retry := apply("2", "web-2", "pilot", Started, "u"), first
	retry.ID = "3"
	note := end(apply("4", "web-1", "pilot", Failed, "u"), Failed, 7200)
	asleep, late := end(first, Succeeded, 5), end(first, Failed, 5)
	asleep.AwaitsReboot, asleep.HostState, late.HostState = true, installed, installed
	reboot := Action{ID: "9", Host: "web-1", Verb: VerbReboot, Ring: "pilot", Status: Started, StartedAt: t0}
	type list = []Action
	for name, c := range map[string]struct {
		history []list
		note    bool
		want    [3]int // succeeded, failed, in doubt
	}{
		"announced":              {history: []list{{first}}, want: [3]int{0, 0, 1}},
		"succeeded":              {history: []list{{first}, {end(first, Succeeded, 5)}}, want: [3]int{1, 0, 0}},
		"never started":          {history: []list{{first}, {end(first, Skipped, 5)}}},
		"failed":                 {history: []list{{first}, {end(first, Failed, 5)}}, want: [3]int{0, 1, 0}},
		"another host failed":    {history: []list{{first}, {end(first, Succeeded, 5)}, {other}, {end(other, Failed, 5)}}, want: [3]int{1, 0, 0}},
		"failed late":            {history: []list{{first}, {end(first, Succeeded, 5)}}, note: true, want: [3]int{0, 1, 0}},
		"tried again":            {history: []list{{first}, {end(first, Failed, 5)}, {retry}}, want: [3]int{0, 1, 1}},
		"made good":              {history: []list{{first}, {end(first, Failed, 5)}, {retry}, {end(retry, Succeeded, 9)}}, want: [3]int{1, 0, 0}},
		"failed again":           {history: []list{{first}, {end(first, Failed, 5)}, {retry}, {end(retry, Failed, 9)}}, want: [3]int{0, 1, 0}},
		"it lacks its reboot":    {history: []list{{first}, {asleep}}, want: [3]int{0, 0, 1}},
		"and is bad after all":   {history: []list{{first}, {asleep}}, note: true, want: [3]int{0, 1, 0}},
		"it is rebooted":         {history: []list{{first}, {asleep}, {reboot}, {end(reboot, Succeeded, 9)}}, want: [3]int{1, 0, 0}},
		"failed for want of one": {history: []list{{first}, {late}, {reboot}, {end(reboot, Succeeded, 9)}}, want: [3]int{1, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := history(c.history...)
			if c.note {
				s = Reduce(s, Record{Tenant: "acme", Seq: s.Seq + 1, Phase: PhaseNote, At: t0.Add(3 * time.Hour), Site: "main", Actions: list{note}})
			}
			if err := s.check(); err != nil {
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
		s := history(list{first}).Without(func(string) bool { return true })
		if e, _ := Extract(s, nil, &policy.Tenant{Rings: []policy.Ring{{Name: "pilot"}}}).Of("pilot", "u"); e.Canaries != nil {
			t.Errorf("canaries %+v of the run itself", e.Canaries)
		}
	})
	t.Run("nobody else's plan sees them", func(t *testing.T) {
		all := &policy.Tenant{Rings: []policy.Ring{{Name: "r", Requires: []policy.Requirement{{Tenant: "acme", Ring: "pilot"}}}}}
		if e, _ := Extract(State{}, map[string]State{"acme": history(list{first})}, all).Of("acme/pilot", "u"); e.Canaries != nil || e.Attempted != 1 {
			t.Errorf("evidence %+v", e)
		}
	})
}
