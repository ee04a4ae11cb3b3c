package ledger

import (
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
)

// TestLateFailureReopensTheGate: a success that turned out bad is taken back, once.
func TestLateFailureReopensTheGate(t *testing.T) {
	at := time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)
	action := func(id, host string, s Status) Action {
		return Action{ID: id, Host: host, Verb: VerbApply, Ring: "pilot", Updates: []plan.ChangeUpdate{{Update: "pkg:deb/debian/x@2"}}, Status: s, StartedAt: at, EndedAt: &at, Reason: "shop down"}
	}
	s := Reduce(State{}, Record{Seq: 1, Phase: PhaseWave, Site: "main", At: at, Actions: []Action{
		action("1", "a", Started), action("2", "b", Started), action("1", "a", Succeeded), action("2", "b", Succeeded),
	}})
	note := Record{Seq: 2, Phase: PhaseNote, Site: "main", At: at.Add(time.Hour), Actions: []Action{action("3", "a", Failed)}}
	s = Reduce(s, note)
	again := Reduce(s, note)
	for _, s := range []State{s, again} {
		e := s.Evidence[0]
		if e.Attempted != 2 || e.Succeeded != 1 || e.Failed != 1 || len(s.Failures) != 1 || s.Failures[0].Host != "a" {
			t.Errorf("%+v, %+v", e, s.Failures)
		}
	}
	unknown := Reduce(State{}, note)
	if e := unknown.Evidence[0]; e.Attempted != 1 || e.Failed != 1 {
		t.Errorf("a host whose attempt nobody recorded: %+v", e)
	}
}
