//go:build planted

package simulator

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringfence/ringfence/runner"
)

// most is how many seeds a bug may survive.
const most = 10_000

// guarded says which invariant notices each bug inside Step's guards.
var guarded = map[string]string{
	"window-grace": "I1", "window-need-ignored": "I1", "window-end-ignored": "I1",
	"room-plus-one": "I9", "room-running-ignored": "I9", "room-doubt-ignored": "I9",
	"pool-plus-one": "I9", "pool-doubt-ignored": "I9", "lost-ignored": "I4",
	"stop-ignored": "I9b", "stop-plus-one": "I9b", "stop-after-all": "I9b",
	"announced-ignored": "I3",
	"lease-ignored":     "I10b", "lease-margin-ignored": "I10b",
	"halt-ignored": "I11", "halt-age-ignored": "I11", "halt-ignored-when-old": "I11",
}

// TestPlantedGuards: every bug that can be built into the guards of Step is found.
func TestPlantedGuards(t *testing.T) {
	for _, name := range runner.PlantedGuards {
		t.Run(name, func(t *testing.T) {
			runner.Planted = name
			defer func() { runner.Planted = "" }()
			hunt(t, Options{Watch: guarded[name]}, "Step: "+name)
		})
	}
}

// TestPlantedWorld: every bug around Step is found.
func TestPlantedWorld(t *testing.T) {
	for _, b := range Bugs {
		t.Run(b.Invariant+"/"+b.Name, func(t *testing.T) {
			hunt(t, Options{Bug: b.Name, Watch: b.Invariant}, b.Name)
		})
	}
}

// TestEveryInvariantIsTried: three bugs or more for each.
func TestEveryInvariantIsTried(t *testing.T) {
	n := map[string]int{}
	for _, b := range Bugs {
		n[b.Invariant]++
	}
	for _, i := range guarded {
		n[i]++
	}
	for _, i := range Invariants() {
		if n[i] < 3 {
			t.Errorf("%s: %d bugs", i, n[i])
		}
	}
}

// hunt looks for the first seed that finds a bug.
func hunt(t *testing.T, o Options, bug string) {
	t.Helper()
	begun := time.Now()
	var next, found atomic.Uint64
	found.Store(most + 1)
	var mu sync.Mutex
	var first *Violation
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for s := next.Add(1); s < found.Load(); s = next.Add(1) {
				_, err := Run(s, o)
				if err == nil {
					continue
				}
				mu.Lock()
				if s < found.Load() {
					found.Store(s)
					first = err.(*Violation)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if first == nil {
		t.Fatalf("not found in %d seeds", most)
	}
	t.Logf("| %-4s | %-45s | %5d | %s (%s)", o.Watch, bug, found.Load(), first.Problem, time.Since(begun).Round(time.Second))
}
