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
	// the remote and its leases
	"answers about a lease lost": 400, "answers of a push lost": 400, "races lost": 700, "lease races lost": 40, "leases held by others": 700, "leases lost": 25,
	"takeovers": 800, "remote down": 450, "remote refuses": 450, "remote rolled back": 250, "rewound noticed": 400, "remote frozen": 450,
	"old records served by a frozen remote": 350, "records kept here": 700, "records re-parented": 350, "old policies served": 100, "old policies refused": 90,
	"new policies": 300,
	// halts
	"halts": 900, "halts at a random step": 900, "halts while a wave ran": 300, "waves that a halt cut short": 100, "control branch unreadable": 250,
	"control branch alone unreadable": 500, "runs that ended: halted": 600,
	// runners and their disks
	"several runners at a site": 600, "several sites": 500, "runners killed": 800, "runners killed between start and outcome": 300,
	"runners killed while a start was on its way": 40, "runners killed at a point: before": 80, "runners killed at a point: torn": 80,
	"runners killed at a point: after": 80, "runners stopped for a while": 600, "runners stopped while a start was on its way": 75, "runs interrupted": 110,
	"runs that ended: lease lost": 60, "disks lost": 600, "disks lost with records that were nowhere else": 40, "disks that were full or failed": 200,
	"starts refused: journal": 50, "bytes on a disk lost that were not synced": 6, "names on a disk lost that were not synced": 80, "tails on a disk torn": 25,
	"torn tails cut off a journal": 35,
	// hosts
	"connections lost while a host worked": 200, "hosts that died while they installed": 150, "hosts that restarted twice": 200, "hosts that lied": 100,
	"installations that failed": 200, "slow answers": 400, "starts that arrived twice": 150, "starts refused: claimed": 150, "starts refused: late": 100,
	"starts refused: fenced": 10, "in doubt, then failed because ended": 50, "in doubt, then failed because lost": 80,
	"in doubt, then skipped because none": 200, "in doubt, then succeeded because ended": 450, "in doubt, then succeeded because lost": 60,
	// plugins
	"plugins that crashed before a start": 45, "plugins that crashed after a start": 30, "plugins that hung before a start": 45, "plugins that hung after a start": 30,
	"plugins that hung while a host worked": 100, "plugins that answered garbage before a start": 40, "plugins that answered garbage after a start": 30,
	"plugins that read garbage": 450,
	// plans and records
	"intents gone stale": 30, "intents planned again": 300, "waves not announced": 220, "late failures": 140, "updates that the rules failed on": 300,
	"windows that ended before a wave was through": 12,
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
