package command

import (
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
)

// TestNoIntentByASlowClock: what others record while a run goes on counts as what it found when it began. The runner that is
// named is the one whose clock made the difference, not the one that wrote after it.
func TestNoIntentByASlowClock(t *testing.T) {
	now := time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name        string
		ahead       time.Duration
		test, begun bool // the record's clock is a test clock, the run's is
		refused     bool
	}{
		{"as far as clocks may be apart", ledger.Skew, false, false, false},
		{"further", ledger.Skew + time.Second, false, false, true},
		{"a record by a test clock", time.Hour, true, false, false},
		{"a run by a test clock", time.Hour, false, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			repo, err := gitrepo.InitRepo(t.Context(), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			l, h := branch.Open(repo, "acme"), branch.Head{}
			for i, runner := range []string{"slow", "fast", "slow"} {
				at := now.Add(time.Duration(i) * time.Second)
				if runner == "fast" {
					at = now.Add(c.ahead)
				}
				r := ledger.Record{Phase: ledger.PhaseNote, Run: "n", At: at, TestClock: c.test, Site: "main", Runner: runner}
				if h, err = l.Append(t.Context(), h, branch.Entry{Record: r}); err != nil {
					t.Fatal(err)
				}
			}
			p := &pipeline{tenant: &policy.Tenant{Name: "acme"}, ledger: l, head: h, test: c.begun, clock: func() time.Time { return now }}
			err = p.onTime(t.Context(), h)
			if c.refused {
				err = (&recorder{pipeline: p}).mayAnnounce(t.Context(), h, ledger.Record{}, judging{})
			}
			if hasCode(err, diag.ClockBehind) != c.refused || (err != nil) != c.refused {
				t.Errorf("refused: %v, want %v", err, c.refused)
			}
			want := `error[RF5019]: nothing starts for acme: record 2, by runner "fast", is of 2026-11-22T11:02:01Z, which by this machine's clock is still to come`
			if c.refused && err.Error() != want {
				t.Errorf("it says %v", err)
			}
		})
	}
}
