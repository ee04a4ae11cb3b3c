package plan_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
	"github.com/ringfence/ringfence/compiler/policy"
)

func encoded(t *rapid.T, p *plan.Plan) []byte {
	var b bytes.Buffer
	if err := p.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSameInputSameBytes: neither the order of lists nor the run nor a trip through a file changes a plan.
func TestSameInputSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := plantest.Worlds().Draw(t, "world")
		first := encoded(t, plantest.Built(t, in))
		if got := encoded(t, plantest.Built(t, in)); !bytes.Equal(got, first) {
			t.Fatalf("the second time it is\n%s\nnot\n%s", got, first)
		}
		if got := encoded(t, plantest.Built(t, shuffled(t, in))); !bytes.Equal(got, first) {
			t.Fatalf("shuffled it is\n%s\nnot\n%s", got, first)
		}
		loaded, _, err := plan.Load(bytes.NewReader(first))
		if err != nil {
			t.Fatal(err)
		}
		if got := encoded(t, loaded); !bytes.Equal(got, first) {
			t.Fatalf("loaded it is\n%s\nnot\n%s", got, first)
		}
	})
}

// TestEveryMissingUpdateOnce: planned + waiting + rejected are exactly what the scanned hosts of the policy's rings
// lack, each once.
func TestEveryMissingUpdateOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := plantest.Worlds().Draw(t, "world")
		p := plantest.Built(t, in)
		facts := plantest.FactsOf(t, p)
		missing := 0
		for _, h := range in.Snapshot.Hosts {
			i := slices.IndexFunc(in.Policy.Hosts, func(x policy.Host) bool { return x.Name == h.Name })
			if i < 0 || h.State != inventory.Scanned || in.Policy.Hosts[i].Label("tier") == "none" {
				continue
			}
			for _, m := range h.Missing {
				missing++
				key := [2]string{h.Name, in.Snapshot.Updates[m.Update].PURL}
				f, ok := facts[key]
				if !ok {
					t.Fatalf("%v is lost", key)
				}
				if ring := in.Policy.Hosts[i].Label("tier"); f.Ring.Ring != ring {
					t.Fatalf("%v is in ring %s, its host in %s", key, f.Ring.Ring, ring)
				}
				if f.Wave != nil && (m.Held || slices.ContainsFunc(in.InDoubt, func(d plan.InDoubt) bool { return d.Host == h.Name })) {
					t.Fatalf("%v is planned though its host is in doubt or holds it", key)
				}
			}
		}
		if s := p.Summary; s.Planned+s.Waiting+s.Rejected != missing || len(facts) != missing {
			t.Fatalf("%d facts and %+v for %d missing", len(facts), s, missing)
		}
	})
}

// TestWavesAreAllowed checks every wave against rules written down here anew: the window is open and no freeze covers
// it, all waits are over when it may start, and the ring's gate has its evidence.
func TestWavesAreAllowed(t *testing.T) {
	waves := 0
	rapid.Check(t, func(t *rapid.T) {
		in := plantest.Worlds().Draw(t, "world")
		p := plantest.Built(t, in)
		for _, r := range p.Rings {
			for _, w := range r.Waves {
				waves++
				checkOccurrence(t, in, r, w)
				start := w.Opens
				if in.At.After(start) {
					start = in.At
				}
				for _, u := range p.Changes[w.Change].Updates {
					i := slices.IndexFunc(in.Snapshot.Updates, func(x inventory.Update) bool { return x.PURL == u.Update })
					checkUpdate(t, in, r, w, i, start.Truncate(time.Second))
				}
			}
		}
	})
	if waves == 0 {
		t.Error("no world had a wave")
	}
}

// checkOccurrence knows Berlin in winter: one hour ahead of UTC.
func checkOccurrence(t *rapid.T, in plan.Input, r plan.Ring, w plan.Wave) {
	berlin := func(t time.Time) time.Time { return t.Add(time.Hour) }
	if !w.Opens.Before(horizon(in)) || w.Closes != nil && !w.Closes.After(in.At.Truncate(time.Second)) {
		t.Fatalf("%s: wave %+v is outside the horizon", r.Ring, w)
	}
	last := w.Opens
	if w.Closes != nil {
		last = w.Closes.Add(-time.Second)
	}
	for _, at := range []time.Time{w.Opens, last, w.Opens.Add(last.Sub(w.Opens) / 2)} {
		local, open := berlin(at), false
		for back := range 2 { // it may have begun the day before
			day := local.AddDate(0, 0, -back)
			midnight := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)
			since := local.Sub(midnight)
			switch w.Window {
			case "anytime":
				open = true
			case "weekend":
				open = open || day.Weekday() == time.Saturday && since >= 20*time.Hour && since < 28*time.Hour
			case "weeknight":
				workday := day.Weekday() >= time.Monday && day.Weekday() <= time.Thursday
				open = open || workday && since >= 22*time.Hour && since < 26*time.Hour
			case "patchWeekend":
				tuesday := day.AddDate(0, 0, -4)
				second := tuesday.Weekday() == time.Tuesday && tuesday.Day() > 7 && tuesday.Day() <= 14
				open = open || second && since >= 20*time.Hour && since < 28*time.Hour
			}
		}
		if !open {
			t.Fatalf("%s: window %s is not open at %s", r.Ring, w.Window, at)
		}
	}
}

func horizon(in plan.Input) time.Time {
	h := in.Horizon
	if h == 0 {
		h = plan.DefaultHorizon
	}
	return in.At.Add(h)
}

func checkUpdate(t *rapid.T, in plan.Input, r plan.Ring, w plan.Wave, i int, start time.Time) {
	a, u := in.Answers[i], in.Snapshot.Updates[i]
	freeze := [2]time.Time{plantest.Instant("2026-12-18T17:00:00Z"), plantest.Instant("2027-01-04T05:00:00Z")}
	inside := w.Opens.Before(freeze[1]) && (w.Closes == nil || w.Closes.After(freeze[0]))
	if inside && len(a.Freezes) == 0 {
		t.Fatalf("%s is planned for %+v, within the freeze", u.PURL, w)
	}
	if len(a.Blocks) > 0 || len(a.Grants) == 0 || start.Before(u.FirstSeen.Add(a.Grants[0].Approve.After.Std())) {
		t.Fatalf("%s starts at %s with %+v, first seen %s", u.PURL, start, a, u.FirstSeen)
	}
	lane, soak := policy.DefaultLane, time.Duration(-1)
	if len(a.Lanes) > 0 {
		lane = a.Lanes[len(a.Lanes)-1] // urgent has the higher priority and the later name
		soak = map[string]time.Duration{"urgent": 4 * time.Hour, "definitions": 30 * time.Minute}[lane]
	}
	if r.Lane != lane {
		t.Fatalf("%s is in lane %s, want %s", u.PURL, r.Lane, lane)
	}
	for _, ring := range in.Policy.Rings {
		for _, req := range ring.Requires {
			if ring.Name == r.Ring && !passes(in, req, u.PURL, i, soak, start) {
				t.Fatalf("%s starts in %s at %s without the evidence of %s", u.PURL, r.Ring, start, req.Key())
			}
		}
	}
}

func passes(in plan.Input, req policy.Requirement, purl string, i int, soak time.Duration, start time.Time) bool {
	if soak < 0 {
		soak = req.Soak.Std()
	}
	var e decision.RingEvidence
	for _, x := range in.Evidence {
		if x.Ring == req.Key() && x.Update == purl {
			e = x
		}
	}
	missing := e.Missing
	if req.Tenant == "" {
		missing = 0
		for _, h := range in.Policy.Hosts {
			s := in.Snapshot.Host(h.Name)
			if h.Label("tier") == req.Ring && s.State == inventory.Scanned && slices.ContainsFunc(s.Missing, func(m inventory.Missing) bool { return m.Update == i }) {
				missing++
			}
		}
	}
	if e.InDoubt > 0 || e.Succeeded*100 < req.Succeeded*e.Attempted {
		return false
	}
	soaked := e.Succeeded == 0 || e.SucceededAt != nil && !start.Before(e.SucceededAt.Add(soak))
	if e.Succeeded >= req.MinSucceeded {
		return soaked
	}
	return e.Attempted+missing < req.MinSucceeded && req.IfUntested == policy.UntestedApprove && soaked
}

// TestBudget: the hosts that go together are never more than the ring's budget, and no host goes twice in one
// occurrence of a lane.
func TestBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := plantest.Worlds().Draw(t, "world")
		p := plantest.Built(t, in)
		size := map[string]int{}
		for _, h := range in.Policy.Hosts {
			size[h.Label("tier")]++
		}
		for _, r := range p.Rings {
			i := slices.IndexFunc(in.Policy.Rings, func(x policy.Ring) bool { return x.Name == r.Ring })
			budget := in.Policy.Rings[i].MaxUnavailable.Of(size[r.Ring])
			together, seen := map[[2]int64]int{}, map[string]bool{}
			for _, w := range r.Waves {
				together[[2]int64{w.Opens.Unix(), int64(w.Wave)}] += len(w.Hosts)
				for _, h := range w.Hosts {
					if key := h + w.Window + w.Opens.String(); seen[key] {
						t.Fatalf("%s goes twice at %s", h, w.Opens)
					} else {
						seen[key] = true
					}
				}
			}
			for k, n := range together {
				if n > budget {
					t.Fatalf("%d hosts of ring %s go together in %v, its budget is %d", n, r.Ring, k, budget)
				}
			}
			// An action may have left a host in doubt that is in the ring no more: it is down all the same.
			if down := p.WorstCase.PerGroup[r.Ring]; len(r.Waves) > 0 && (down < 1 || down > size[r.Ring]+len(in.InDoubt)) || down > p.WorstCase.Down {
				t.Fatalf("worst case %+v of ring %s with %d hosts", p.WorstCase, r.Ring, size[r.Ring])
			}
		}
	})
}
