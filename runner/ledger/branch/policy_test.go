package branch

import (
	"testing"

	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

// TestPolicyCommit: what a run tells at its end names an old commit and hides no newer one.
func TestPolicyCommit(t *testing.T) {
	l := newSite(t, remotetest.Bare(t))
	h, commits := Head{}, []string{"", "1", "1", "2", "1", "1"}
	for i, phase := range []ledger.Phase{ledger.PhaseNote, ledger.PhaseIntent, ledger.PhaseWave, ledger.PhaseScan, ledger.PhaseWave, ledger.PhaseEnd} {
		want := []string{"", "1", "1", "2", "2", "2"}[i]
		h = mustAppend(t, l.Ledger, h, Entry{Record: ledger.Record{Phase: phase, Run: "r", At: t0, Site: "main", PolicyCommit: commits[i]}})
		if got, err := l.PolicyCommit(t.Context(), h); err != nil || got != want {
			t.Errorf("after record %d: %q, %v; expected %q", i+1, got, err, want)
		}
	}
}

// TestWithoutWhatIsUnderWay: only what is under way is no evidence; what is in doubt stays.
