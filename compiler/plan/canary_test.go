package plan_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
	"github.com/ringfence/ringfence/compiler/policy"
)

// flocks are worlds in which the definitions lane has canaries, and the ledger knows something of them.
func flocks() *rapid.Generator[plan.Input] {
	return rapid.Custom(func(t *rapid.T) plan.Input {
		in := plantest.Worlds().Draw(t, "world")
		l := definitions(in.Policy)
		l.Canary = rapid.SampledFrom([]policy.Amount{{Count: 1}, {Count: 2}, {Percent: 50}}).Draw(t, "canary")
		soak := plantest.Hours(rapid.IntRange(0, 3).Draw(t, "soak"))
		l.Soak = &soak
		for i := range in.Evidence {
			few := rapid.SampledFrom([]int{0, 0, 0, 1})
			c := decision.Canaries{Succeeded: rapid.IntRange(0, 3).Draw(t, "sang"), Failed: few.Draw(t, "failed"), InDoubt: few.Draw(t, "in doubt")}
			if c.Succeeded > 0 {
				at := in.At.Add(-time.Duration(rapid.IntRange(0, 240).Draw(t, "minutes")) * time.Minute)
				c.SucceededAt = &at
			}
			if rapid.Bool().Draw(t, "canaries") {
				in.Evidence[i].Canaries = &c
			}
		}
		for i := range in.Failures {
			in.Failures[i].Canary = rapid.Bool().Draw(t, "of a canary")
		}
		return in
	})
}

func definitions(t *policy.Tenant) *policy.Lane {
	for i := range t.Lanes {
		if t.Lanes[i].Name == "definitions" {
			return &t.Lanes[i]
		}
	}
	return nil
}

// TestCanaries: whatever the ledger says, no other host of a ring is planned while a canary failed, is in doubt or has
// not succeeded and soaked, and no more hosts go first than the lane says.
func TestCanaries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := flocks().Draw(t, "world")
		p := plantest.Built(t, in)
		lane := definitions(in.Policy)
		for _, r := range p.Rings {
			need := 0
			if r.Lane == lane.Name {
				need = in.Policy.Canaries(r.Ring, lane)
			}
			first := map[string]int{}
			for _, w := range r.Waves {
				for _, u := range p.Changes[w.Change].Updates {
					if u.Canary {
						first[u.Update] += newcomers(in, w.Hosts, u.Update)
						continue
					}
					known := sungOf(in, r.Ring, u.Update)
					if need > 0 && (known.Failed+known.InDoubt > 0 || known.Succeeded < need) {
						t.Fatalf("%s goes to %v of %s, and its canaries are %+v of %d", u.Update, w.Hosts, r.Ring, known, need)
					}
					if need > 0 && latest(w.Opens, in.At).Before(known.SucceededAt.Add(lane.Soak.Std())) {
						t.Fatalf("%s goes to %v of %s at %s, its canaries succeeded at %s", u.Update, w.Hosts, r.Ring, w.Opens, known.SucceededAt)
					}
				}
			}
			for purl, n := range first {
				if known := sungOf(in, r.Ring, purl); n > 0 && (known.Succeeded+n > need || known.Failed+known.InDoubt > 0) {
					t.Fatalf("%d hosts of %s go first with %s, where %+v did and %d may", n, r.Ring, purl, known, need)
				}
			}
		}
	})
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func sungOf(in plan.Input, ring, purl string) decision.Canaries {
	if e, _ := in.Evidence.Of(ring, purl); e.Canaries != nil {
		return *e.Canaries
	}
	return decision.Canaries{}
}

// newcomers counts the hosts that are canaries for the first time: those on which it failed so stay ones.
func newcomers(in plan.Input, hosts []string, purl string) (n int) {
	for _, h := range hosts {
		again := false
		for _, f := range in.Failures {
			again = again || f.Host == h && f.Update == purl && f.Canary
		}
		if !again {
			n++
		}
	}
	return n
}

// TestCanariesStepByStep follows one definition through a ring of three hosts.
func TestCanariesStepByStep(t *testing.T) {
	sung := func(good, bad, doubt int, when string) decision.Evidence {
		c := decision.Canaries{Succeeded: good, Failed: bad, InDoubt: doubt}
		if when != "" {
			c.SucceededAt = plantest.At(when)
		}
		return decision.Evidence{{Ring: "pilot", Update: plantest.ClamAV, Attempted: good + bad + doubt, Succeeded: good, Failed: bad, InDoubt: doubt, Canaries: &c}}
	}
	for _, tt := range []struct {
		name     string
		evidence decision.Evidence
		want     string
	}{
		{
			"one goes first", nil, `pilot/definitions wave 1 anytime Nov22T12:00/Dec18T17:00 web-3: change 0 clamav-daily never
			pilot/definitions waits for gate until - web-1 web-2: clamav-daily WAIT_CANARY GRANTED`,
		},
		{"it failed there", sung(0, 1, 0, ""), `pilot/definitions waits for gate until - web-1 web-2 web-3: clamav-daily CANARY_FAILED WAIT_CANARY GRANTED`},
		{"nobody knows", sung(0, 0, 1, ""), `pilot/definitions waits for gate until - web-1 web-2 web-3: clamav-daily CANARY_IN_DOUBT WAIT_CANARY GRANTED`},
		{"it soaks: planned for the end of that", sung(1, 0, 0, "2026-11-22T11:45:00Z"), `pilot/definitions wave 1 anytime Nov22T12:15/Dec18T17:00 web-1 web-2 web-3: change 0 clamav-daily never`},
		{"it has soaked", sung(1, 0, 0, "2026-11-22T11:30:00Z"), `pilot/definitions wave 1 anytime Nov22T12:00/Dec18T17:00 web-1 web-2 web-3: change 0 clamav-daily never`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := only(plantest.World("2026-11-22T12:00:00Z", plantest.Lacks(plantest.ClamAV, plantest.FastLane)), "web")
			definitions(in.Policy).Canary = policy.Amount{Count: 1}
			in.Evidence = tt.evidence
			wantTold(t, plantest.Built(t, in), tt.want)
		})
	}
	t.Run("another goes first when the usual one cannot be reached", func(t *testing.T) {
		in := only(plantest.World("2026-11-22T12:00:00Z", plantest.Lacks(plantest.ClamAV, plantest.FastLane)), "web")
		definitions(in.Policy).Canary = policy.Amount{Count: 1}
		in.Snapshot.Host("web-3").State = inventory.Unreachable
		wantTold(t, plantest.Built(t, in), `pilot/definitions wave 1 anytime Nov22T12:00/Dec18T17:00 web-1: change 0 clamav-daily never
			pilot/definitions waits for gate until - web-2: clamav-daily WAIT_CANARY GRANTED`)
	})
	t.Run("the one on which it failed is tried again as a canary", func(t *testing.T) {
		in := only(plantest.World("2026-11-22T12:00:00Z", plantest.Lacks(plantest.ClamAV, plantest.FastLane)), "web")
		definitions(in.Policy).Canary = policy.Amount{Count: 1}
		in.Evidence = sung(0, 1, 0, "")
		in.Failures = []plan.Failure{{Host: "web-3", Ring: "pilot", Update: plantest.ClamAV, At: plantest.Instant("2026-11-20T12:00:00Z"), Times: 1, Canary: true}}
		p := plantest.Built(t, in)
		wantTold(t, p, `pilot/definitions wave 1 anytime Nov22T12:00/Dec18T17:00 web-3: change 0 clamav-daily never
			pilot/definitions waits for gate until - web-1 web-2: clamav-daily CANARY_FAILED WAIT_CANARY GRANTED`)
		if !p.Changes[0].Updates[0].Canary {
			t.Error("web-3 is no canary any more")
		}
	})
}
