package command

import (
	"io"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// TestATestClockBeginsWithItsFirstReading: a scan that takes its time to begin has seen what it saw at the instant that
// was named, so a plan of that instant knows of it.
func TestATestClockBeginsWithItsFirstReading(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	a := &app{Env: Env{Now: func() time.Time { return now }, Stderr: io.Discard}}
	a.started, a.out = sync.OnceValue(a.Now), &emitter{a: a}
	var at instant
	if err := at.Set("2026-11-24T12:00:00+01:00"); err != nil {
		t.Fatal(err)
	}
	for i, tenant := range []string{"acme", "globex"} { // the clocks of one invocation are one clock
		clock, err := a.writing(at, &policy.Tenant{Name: tenant, TestClock: true})
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(3 * time.Second)
		want := at.at.Add(time.Duration(i) * 7 * time.Second)
		if got := clock(); !got.Equal(want) {
			t.Errorf("%s: the first reading is %s, not %s", tenant, got, want)
		}
		now = now.Add(4 * time.Second)
		if got := clock(); !got.Equal(want.Add(4 * time.Second)) {
			t.Errorf("%s: the second reading is %s", tenant, got)
		}
	}
}
