package branch

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/ledgertest"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

// TestFourRunnersOneLedger lets four runners with repositories of their own append as fast as they can. Every record is
// there once, numbers have no gaps, and the state is what the records add up to.
func TestFourRunnersOneLedger(t *testing.T) {
	const runners, each = 4, 25
	bare := remotetest.Bare(t)
	sites := make([]site, runners)
	var wg sync.WaitGroup
	for i := range sites {
		sites[i] = newSite(t, bare)
		sites[i].o.Tries = 100
		wg.Go(func() {
			var h Head
			for n := range each {
				next, err := sites[i].Append(t.Context(), h, started(fmt.Sprintf("%d-%d", i, n)))
				if err != nil {
					t.Errorf("runner %d, record %d: %v", i, n, err)
					return
				}
				h = next
			}
		})
	}
	wg.Wait()
	var want []string
	for i := range runners {
		for n := range each {
			want = append(want, fmt.Sprintf("%d-%d", i, n))
		}
	}
	got := strings.Fields(sites[0].runs(t))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the remote has %d records: %q", len(got), got)
	}
	for i, s := range sites {
		if h := s.mustSync(t); h.State.Seq != runners*each || len(h.State.InDoubt) != runners*each || s.unpushed(t) != 0 {
			t.Errorf("runner %d ends at %d with %d in doubt", i, h.State.Seq, len(h.State.InDoubt))
		}
	}
}

// started is the intent of one action, which Reduce can tell from all others.
func started(id string) Entry {
	return Entry{Record: ledger.Record{Phase: ledger.PhaseIntent, Run: id, At: t0, Site: "main", Actions: []ledger.Action{ledgertest.Apply(id, "web-1", "pilot", ledger.Started, "u")}}}
}

// TestNoRecordIsLost plays weather: remotes that vanish, refuse and drop answers, runners that append, push, sync and
// forget their last head. What Append said is written, or kept, is on the remote once in the end.
func TestNoRecordIsLost(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := &weather{Rand: rand.New(rand.NewPCG(seed, 1)), promised: map[string]bool{}}
			bare := remotetest.Bare(t)
			w.sites = []site{newSite(t, bare), newSite(t, bare), newSite(t, bare)}
			w.heads = make([]Head, len(w.sites))
			for n := range 25 {
				w.step(t, n)
			}
			w.end(t)
		})
	}
}

type weather struct {
	*rand.Rand
	sites    []site
	heads    []Head // as each runner remembers it
	promised map[string]bool
}

func (w *weather) step(t *testing.T, n int) {
	i := w.IntN(len(w.sites))
	s := w.sites[i]
	clear := func() {}
	switch w.IntN(8) {
	case 0, 1:
		clear = s.Down(t)
	case 2:
		clear = s.Hook(t, "pre-receive", "exit 1")
	case 3:
		clear = s.Hook(t, "reference-transaction", `if [ "$1" = committed ]; then kill -9 $PPID; fi`)
	}
	defer clear()
	switch w.IntN(6) {
	case 0:
		w.accept(t, s.Sync(t.Context()))
	case 1:
		w.accept(t, s.Push(t.Context()))
	case 2:
		w.heads[i] = mustHead(t, s.Ledger)
	default:
		w.append(t, i, fmt.Sprintf("%d-%d", i, n))
	}
}

func (w *weather) append(t *testing.T, i int, id string) {
	e := started(id)
	e.MustPush = w.IntN(3) == 0
	h, err := w.sites[i].Append(t.Context(), w.heads[i], e)
	w.accept(t, err)
	if err == nil || errors.Is(err, ErrUnpushed) {
		w.heads[i], w.promised[id] = h, true
	}
	if err == nil && !slices.Contains(strings.Fields(w.sites[i].runs(t)), id) {
		t.Errorf("%s is not on the remote", id)
	}
}

func (w *weather) accept(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, gitrepo.ErrRemoteDown) && !errors.Is(err, gitrepo.ErrRemoteRefused) {
		t.Error(err)
	}
}

func (w *weather) end(t *testing.T) {
	for _, s := range w.sites {
		if err := s.Push(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	times := map[string]int{}
	for _, id := range strings.Fields(w.sites[0].runs(t)) {
		times[id]++
	}
	for id := range w.promised {
		if times[id] != 1 {
			t.Errorf("%s is on the remote %d times", id, times[id])
		}
	}
	for id, n := range times {
		if n != 1 {
			t.Errorf("%s is on the remote %d times", id, n)
		}
	}
}
