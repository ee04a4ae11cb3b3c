package simulator

import (
	"flag"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	seed  = flag.Uint64("seed", 0, "the `SEED` that TestSeed plays")
	seeds = flag.Int("seeds", 2_000, "how many seeds TestSeeds plays")
	from  = flag.Uint64("from", 1, "the first of them")
)

// TestSeed plays one seed and tells every event of it with -v.
func TestSeed(t *testing.T) {
	if *seed == 0 {
		t.Skip("no -seed given")
	}
	r, err := Run(*seed, Options{Trace: t.Output()})
	t.Logf("%d events, %d records, %d starts in %d hours", r.Events, r.Records, r.Starts, r.Hours)
	if err != nil {
		t.Fatal(err)
	}
}

// TestSeeds plays many seeds, and checks that what is interesting happened in enough of them.
func TestSeeds(t *testing.T) {
	begun := time.Now()
	c := campaign(t, *seeds)
	t.Logf("%d seeds in %s: %d events, %d records, %d starts, %d hours", *seeds, time.Since(begun).Round(time.Second), c.Events, c.Records, c.Starts, c.Hours)
	for _, what := range slices.Sorted(maps.Keys(c.Coverage)) {
		t.Logf("%6d seeds  %s", c.Coverage[what], what)
	}
}

// campaign plays seeds on all processors. Its coverage counts seeds.
func campaign(t *testing.T, n int) Report {
	var mu sync.Mutex
	var next atomic.Uint64
	sum := Report{Coverage: map[string]int{}}
	failed := map[uint64]error{}
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= uint64(n) {
					return
				}
				r, err := Run(*from+i, Options{})
				mu.Lock()
				sum.Events += r.Events
				sum.Records += r.Records
				sum.Starts += r.Starts
				sum.Hours += r.Hours
				for what := range r.Coverage {
					sum.Coverage[what]++
				}
				if err != nil {
					failed[*from+i] = err
				}
				many := len(failed) >= 5
				mu.Unlock()
				if many {
					return
				}
			}
		})
	}
	all.Wait()
	for _, s := range slices.Sorted(maps.Keys(failed)) {
		t.Error(failed[s])
	}
	return sum
}

// TestSameSeedSameStory: a seed that failed must fail again.
func TestSameSeedSameStory(t *testing.T) {
	for s := range uint64(20) {
		var a, b tape
		_, _ = Run(s+1, Options{Trace: &a})
		_, _ = Run(s+1, Options{Trace: &b})
		if a.hash != b.hash {
			t.Fatalf("seed %d told two stories", s+1)
		}
	}
}

// tape is a running hash of what is written.
type tape struct{ hash uint64 }

func (t *tape) Write(p []byte) (int, error) {
	for _, c := range p {
		t.hash = (t.hash ^ uint64(c)) * 1099511628211
	}
	return len(p), nil
}

func Example() {
	_, err := Run(1, Options{})
	fmt.Println(err)
	// Output: <nil>
}
