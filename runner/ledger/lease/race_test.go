package lease

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringfence/ringfence/runner/ledger/remote"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

// rota is who believes to hold the lease. All runners share one true clock, which their own clocks miss by up to half
// the margin.
type rota struct {
	mu      sync.Mutex
	clock   atomic.Int64 // seconds after t0
	holders map[string]belief
	fences  map[int]string
	taken   int
	faults  []string
}

type belief struct {
	lease Held
	skew  time.Duration
}

func (r *rota) now(skew time.Duration) time.Time {
	return t0.Add(time.Duration(r.clock.Load())*time.Second + skew)
}

// hold notes a new belief and compares it with everybody else's.
func (r *rota) hold(name string, b belief, fresh bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for other, o := range r.holders {
		if other != name && o.lease.Valid(r.now(o.skew)) && b.lease.Valid(r.now(b.skew)) {
			r.faults = append(r.faults, fmt.Sprintf("%s (fence %d) and %s (fence %d) hold it at once", name, b.lease.Fence, other, o.lease.Fence))
		}
	}
	if fresh {
		if other, used := r.fences[b.lease.Fence]; used {
			r.faults = append(r.faults, fmt.Sprintf("%s and %s both got fence %d", name, other, b.lease.Fence))
		}
		r.fences[b.lease.Fence] = name
		r.taken++
	}
	r.holders[name] = b
}

func (r *rota) drop(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.holders, name)
}

// live lets one runner acquire, renew, release, forget and wait at random.
func (r *rota) live(t *testing.T, s *Store, name string, skew time.Duration, random *rand.Rand, steps int) {
	var held *Held
	for range steps {
		r.clock.Add(random.Int64N(90))
		now := r.now(skew)
		span := time.Duration(30+random.IntN(120)) * time.Second
		var lost *HeldError
		switch {
		case held == nil:
			l, err := s.Acquire(t.Context(), now, want(name, now.Add(span)))
			if err == nil {
				held = &l
				r.hold(name, belief{l, skew}, true)
			} else if !errors.As(err, &lost) && !errors.Is(err, remote.ErrMoved) {
				t.Error(err)
			}
		case random.IntN(3) == 0:
			r.drop(name)
			if err := s.Release(t.Context(), now, *held); err != nil {
				t.Error(err)
			}
			held = nil
		case random.IntN(4) == 0: // killed, and started again
			held = nil
		default:
			l, err := s.Renew(t.Context(), now, *held, now.Add(span))
			if err == nil {
				held = &l
				r.hold(name, belief{l, skew}, false)
			} else if errors.As(err, &lost) {
				r.drop(name)
				held = nil
			} else {
				t.Error(err)
			}
		}
	}
}

func TestNeverTwoHolders(t *testing.T) {
	for _, tc := range []struct {
		name           string
		runners, steps int
		remote         bool
	}{{"one machine", 3, 40, false}, {"a remote", 4, 20, true}} {
		t.Run(tc.name, func(t *testing.T) {
			r := &rota{holders: map[string]belief{}, fences: map[int]string{}}
			bare := remotetest.Bare(t)
			local, _ := remotetest.Repository(t)
			var wg sync.WaitGroup
			for i := range tc.runners {
				s := Open(local, remote.Options{})
				if tc.remote {
					s = Open(remotetest.NewSite(t, bare).Repo, remotetest.Quick())
				}
				skew := time.Duration(110*i/(tc.runners-1)-55) * time.Second // all within the margin
				wg.Go(func() { r.live(t, s, fmt.Sprint(i), skew, rand.New(rand.NewPCG(uint64(i), 7)), tc.steps) })
			}
			wg.Wait()
			for _, f := range r.faults {
				t.Error(f)
			}
			t.Logf("%d leases", r.taken)
			if r.taken < 5 {
				t.Errorf("only %d leases were taken: the test proves nothing", r.taken)
			}
		})
	}
}
