package runner

import (
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/runner/ledger"
)

// stoppedRunner is a journal during whose writing the runner stands still: a machine that was suspended, say.
type stoppedRunner struct{ wake func() }

func (s stoppedRunner) Start(ledger.Action) error { s.wake(); return nil }
func (s stoppedRunner) End(ledger.Action) error   { return nil }

// TestARunnerThatWasStoppedStartsNothingLate: what allowed a start holds for a moment only. By the time the runner goes
// on somebody else may hold the lease, a halt may have been ordered and the window be over.
func TestARunnerThatWasStoppedStartsNothingLate(t *testing.T) {
	for stood, want := range map[time.Duration]ledger.Status{time.Second: ledger.Succeeded, time.Minute: ledger.Skipped} {
		h := &fakeHost{version: "1", apply: done}
		now := noon
		_, rec := runOn(t, fakeFleet{"h": h}, policy.RebootNever, func(in *Input) {
			in.Timing = DefaultTiming
			in.Now = func() time.Time { return now }
			in.Journal = stoppedRunner{func() { now = now.Add(stood) }}
		})
		if a := rec.outcomes["h apply"]; a.Status != want || h.started == (want == ledger.Skipped) {
			t.Errorf("stopped for %s: %s, started %t (%s)", stood, a.Status, h.started, a.Reason)
		}
	}
}
