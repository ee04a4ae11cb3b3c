package ledger

import (
	"testing"

	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

// TestPolicyCommit: what a run tells at its end names an old commit and hides no newer one.
func TestPolicyCommit(t *testing.T) {
	l := newSite(t, remotetest.Bare(t))
	h, commits := Head{}, []string{"", "1", "1", "2", "1", "1"}
	for i, phase := range []Phase{PhaseNote, PhaseIntent, PhaseWave, PhaseScan, PhaseWave, PhaseEnd} {
		want := []string{"", "1", "1", "2", "2", "2"}[i]
		h = mustAppend(t, l.Ledger, h, Entry{Record: Record{Phase: phase, Run: "r", At: t0, Site: "main", PolicyCommit: commits[i]}})
		if got, err := l.PolicyCommit(t.Context(), h); err != nil || got != want {
			t.Errorf("after record %d: %q, %v; expected %q", i+1, got, err, want)
		}
	}
}

// TestWithoutWhatIsUnderWay: only what is under way is no evidence; what is in doubt stays.
func TestWithoutWhatIsUnderWay(t *testing.T) {
	s := Reduce(State{}, Record{Tenant: "acme", Phase: PhaseIntent, Seq: 1, At: t0, Site: "main", Actions: []Action{
		apply("1", "web-1", "pilot", Started, "u"), apply("2", "web-2", "pilot", Started, "u"),
	}})
	got := s.Without(func(id string) bool { return id == "1" })
	if e := got.Evidence[0]; e.InDoubt != 1 || e.Attempted != 1 {
		t.Errorf("%+v", e)
	}
	if e := s.Evidence[0]; e.InDoubt != 2 || e.Attempted != 2 {
		t.Errorf("the state itself was changed: %+v", e)
	}
}
