package ledger

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/plan"
	_ "github.com/ringfence/ringfence/internal/sameseed"
)

// anyAction draws from so few names that actions collide, repeat, contradict and outlive each other.
func anyAction(t *rapid.T) Action {
	a := Action{
		ID:       rapid.SampledFrom([]string{"1", "2", "3", "4", "5"}).Draw(t, "id"),
		Host:     rapid.SampledFrom([]string{"web-1", "web-2"}).Draw(t, "host"),
		Verb:     rapid.SampledFrom([]Verb{VerbApply, VerbApply, VerbApply, VerbReboot, VerbAcquire, VerbHook}).Draw(t, "verb"),
		Ring:     rapid.SampledFrom([]string{"pilot", "broad"}).Draw(t, "ring"),
		Lane:     "default",
		Window:   rapid.SampledFrom([]string{"weeknight", ""}).Draw(t, "window"),
		Opens:    t0.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "opens")) * time.Hour),
		Status:   rapid.SampledFrom([]Status{Started, Succeeded, Failed, Skipped, InDoubt}).Draw(t, "status"),
		Platform: rapid.SampledFrom([]string{"", "debian 13", "debian 12", "debian 11", "alma 9", "alma 8", "sles 15"}).Draw(t, "platform"),
	}
	a.StartedAt = t0.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "start")) * time.Minute)
	if rapid.Bool().Draw(t, "ended") {
		at := a.StartedAt.Add(time.Duration(rapid.IntRange(-5, 50).Draw(t, "seconds")) * time.Second)
		a.EndedAt = &at
	}
	for _, u := range rapid.SliceOfN(rapid.SampledFrom([]string{"u", "v"}), 0, 3).Draw(t, "updates") {
		a.Updates = append(a.Updates, plan.ChangeUpdate{Update: u})
	}
	return a
}

func anyRecord(t *rapid.T, seq int) Record {
	r := Record{
		Tenant: "acme", Seq: seq, Phase: rapid.SampledFrom(phases).Draw(t, "phase"), At: t0.Add(time.Duration(seq) * time.Hour),
		Site: rapid.SampledFrom([]string{"main", "branch"}).Draw(t, "site"), Actions: rapid.SliceOfN(rapid.Custom(anyAction), 0, 5).Draw(t, "actions"),
	}
	if rapid.IntRange(0, 3).Draw(t, "scans") == 0 {
		r.Scan = &Scan{Seen: rapid.SliceOfN(rapid.SampledFrom([]string{"u", "v"}), 0, 2).Draw(t, "seen")}
		for _, u := range []string{"u", "v"} {
			r.Scan.Missing = append(r.Scan.Missing, RingMissing{Ring: "pilot", Update: u, Hosts: rapid.IntRange(0, 3).Draw(t, "missing")})
		}
	}
	return r
}

// TestReducePromises holds for every sequence of records, also one that no runner would write.
func TestReducePromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s State
		for seq := range rapid.IntRange(1, 12).Draw(t, "records") {
			r := anyRecord(t, seq+1)
			before := fmt.Sprintf("%+v", deref(s))
			next := Reduce(s, r)
			if after := fmt.Sprintf("%+v", deref(s)); after != before {
				t.Fatalf("Reduce changed its input from\n%s to\n%s", before, after)
			}
			if err := next.check(); err != nil {
				t.Fatal(err)
			}
			shuffled := r
			shuffled.Actions = rapid.Permutation(r.Actions).Draw(t, "order")
			if other := Reduce(s, shuffled); !reflect.DeepEqual(other, next) {
				t.Fatalf("another order of actions gives\n%+v, not\n%+v", deref(other), deref(next))
			}
			raw, err := Encode(next)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := DecodeState(raw); err != nil || !reflect.DeepEqual(back, next) {
				t.Fatalf("read back %+v, %v, not %+v", deref(back), err, deref(next))
			}
			s = next
		}
	})
}

// deref prints what pointers point at.
func deref(s State) any {
	var rows []string
	for _, e := range s.Evidence {
		rows = append(rows, fmt.Sprint(e.Ring, e.Update, e.Attempted, e.Succeeded, e.Failed, e.InDoubt, e.Missing, e.FirstAt, e.SucceededAt, e.Platforms))
	}
	s.Evidence = nil
	return fmt.Sprint(s, rows)
}

// fleet is the oracle: it remembers every host-update by itself, where State has counts alone.
type fleet struct {
	now    map[[2]string]standing // by host and update
	before map[[2]string]standing // what stood before the action that is under way
	busy   map[string]Action      // by host
}

type standing struct {
	ring   string
	status Status
}

func (f *fleet) counts(ring, update string) (out [4]int) {
	for key, s := range f.now {
		if key[1] != update || s.ring != ring {
			continue
		}
		out[0]++
		out[1+slices.Index([]Status{Succeeded, Failed, InDoubt}, s.status)]++
	}
	return out
}

// step lets a free host start what it has not installed yet, or a busy one end.
func (f *fleet) step(t *rapid.T, n int) (Action, bool) {
	host := rapid.SampledFrom([]string{"web-1", "web-2", "web-3"}).Draw(t, "host")
	if a, ok := f.busy[host]; ok {
		return f.end(t, a), true
	}
	a := apply(fmt.Sprint(n), host, rapid.SampledFrom([]string{"pilot", "broad"}).Draw(t, "ring"), Started)
	for _, u := range []string{"u", "v"} {
		if f.now[[2]string{host, u}].status != Succeeded && rapid.Bool().Draw(t, u) {
			a.Updates = append(a.Updates, plan.ChangeUpdate{Update: u})
			key := [2]string{host, u}
			f.before[key] = f.now[key]
			f.now[key] = standing{a.Ring, InDoubt}
		}
	}
	f.busy[host] = a
	return a, len(a.Updates) > 0
}

func (f *fleet) end(t *rapid.T, a Action) Action {
	a.Status = rapid.SampledFrom([]Status{Succeeded, Failed, Skipped, InDoubt}).Draw(t, "status")
	if a.Status == InDoubt {
		return a
	}
	delete(f.busy, a.Host)
	for _, u := range a.Updates {
		key := [2]string{a.Host, u.Update}
		switch {
		case a.Status != Skipped:
			f.now[key] = standing{a.Ring, a.Status}
		case f.before[key].status == "":
			delete(f.now, key)
		default:
			f.now[key] = f.before[key]
		}
	}
	return a
}

// TestEvidenceCountsHosts compares the counts with an oracle that knows each host, over histories as runners write them:
// retries, hosts that change rings, skips, doubts.
func TestEvidenceCountsHosts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &fleet{now: map[[2]string]standing{}, before: map[[2]string]standing{}, busy: map[string]Action{}}
		var s State
		for n := range rapid.IntRange(1, 40).Draw(t, "steps") {
			a, ok := f.step(t, n)
			if !ok {
				delete(f.busy, a.Host)
				continue
			}
			s = Reduce(s, Record{Tenant: "acme", Seq: n + 1, At: t0, Site: "main", Actions: []Action{a}})
			for _, ring := range []string{"pilot", "broad"} {
				for _, u := range []string{"u", "v"} {
					got := counts(s, ring, u)
					if want := f.counts(ring, u); [4]int(got[:4]) != want {
						t.Fatalf("after %s %s of %s: %s in %s counts %v, want %v", a.Status, a.ID, a.Host, u, ring, got, want)
					}
				}
			}
			if len(s.InDoubt) != len(f.busy) {
				t.Fatalf("%d in doubt, %d under way", len(s.InDoubt), len(f.busy))
			}
		}
	})
}
