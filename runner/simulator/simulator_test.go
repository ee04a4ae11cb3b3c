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
	if t.Failed() {
		return // the rest was not played
	}
	for what, least := range interesting {
		if n := c.Coverage[what] * 2_000; n < least**seeds {
			t.Errorf("%q in %d of %d seeds: too few to trust the rest", what, c.Coverage[what], *seeds)
		}
	}
}

// interesting is in how many of 2,000 seeds it must happen, about half of what is usual: a simulator in which nothing goes
// wrong finds nothing.
var interesting = map[string]int{
	"answers about a lease lost": 400, "answers of a push lost": 400, "connections lost while a host worked": 200, "control branch unreadable": 100,
	"disks lost": 600, "disks lost with records that were nowhere else": 40, "halts": 500, "halts while a wave ran": 120,
	"hosts that died while they installed": 150, "in doubt, then failed because ended": 50, "in doubt, then failed because lost": 80,
	"in doubt, then skipped because none": 200, "in doubt, then succeeded because ended": 450, "in doubt, then succeeded because lost": 80,
	"intents gone stale": 30, "intents planned again": 300, "lease races lost": 40, "leases held by others": 700, "leases lost": 25,
	"old policies refused": 90, "plugins that crashed after a start": 60, "plugins that crashed before a start": 80, "races lost": 700,
	"records kept here": 700, "records re-parented": 350, "rewound noticed": 400, "runners killed": 800, "runners killed between start and outcome": 350,
	"runners killed while a start was on its way": 50, "runners stopped for a while": 600, "runners stopped while a start was on its way": 100,
	"runs interrupted": 130, "runs that ended: lease lost": 60, "starts refused: claimed": 200, "starts refused: late": 100, "takeovers": 800,
	"waves not announced": 280,
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
