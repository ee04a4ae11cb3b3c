//go:build linux

package killloop

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/command"
)

// TestHaltAtRandomSteps orders a halt from another machine at some moment of a run. What the machine's clock calls a
// minute after the order was given nothing starts any more, what was under way ends, and once the order is lifted the
// rest is done. HALTS is how many times.
func TestHaltAtRandomSteps(t *testing.T) {
	t.Parallel()
	eachSeed(t, *seedFlag, number("HALTS", 1), func(t *testing.T, seed int64) {
		a := newArena(t, shape{hosts: 10, takes: 300 * time.Millisecond}, haltSpeed)
		a.clone("a")
		a.clone("b")
		a.haltAfter(time.Duration(rand.New(rand.NewPCG(uint64(seed), 11)).Int64N(int64(2 * time.Second))))
	})
}

// A machine's minute passes in two seconds.
const haltSpeed = 30

func (a *arena) haltAfter(d time.Duration) {
	a.Helper()
	run := a.begin("a", runIt...)
	time.Sleep(d)
	a.mustLive("b", "halt", "--reason", "the shop is down")
	visible := time.Now()
	<-run.over
	code := run.ProcessState.ExitCode()
	a.note("a: exit %d, halted after %s\n%s", code, d, run.said.String())
	a.sane(code, run.said.String())
	log, err := readLog(a.path("hosts.log"))
	a.check(err)
	open := map[string]bool{}
	for _, x := range log {
		if late := x.At.Sub(visible); x.What == began && late*haltSpeed > time.Minute {
			a.Errorf("%s began %s of machine time after the halt order stood", x.Host, late*haltSpeed)
		}
		open[x.Action] = x.What == began
	}
	for action, still := range open {
		if still {
			a.Errorf("action %s was cut off", action)
		}
	}
	if !a.upToDate() && code != command.ExitStopped {
		a.Errorf("the run ended with %d before all was done", code)
	}
	a.obeyed(len(log))
}

// obeyed: under the order nothing starts; without it the rest is done.
func (a *arena) obeyed(before int) {
	a.Helper()
	a.slow()
	done := a.upToDate()
	if code, _ := a.live("b", runIt...); !done && code != command.ExitStopped {
		a.Errorf("a run under the order ended with %d", code)
	}
	log, err := readLog(a.path("hosts.log"))
	a.check(err)
	for _, x := range log[before:] {
		if x.What == began {
			a.Errorf("%s began under the order", x.Host)
		}
	}
	if code, out := a.live("b", "unhalt", "--reason", "it is up again"); code != 0 {
		a.Fatalf("unhalt: exit %d\n%s", code, strings.TrimSpace(out))
	}
	a.settle("a", "b")
	a.clone("auditor")
	a.audit("auditor")
}
