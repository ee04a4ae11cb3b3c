package plan_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
	"github.com/ringfence/ringfence/compiler/policy"
	_ "github.com/ringfence/ringfence/internal/sameseed"
)

// TestHostsThatWereAway: the ring's window is Saturday 20:00 to 04:00 in Berlin, the quiet hours are weeknights from 22:00.
func TestHostsThatWereAway(t *testing.T) {
	seen, skip := policy.CatchUp{As: policy.CatchUpSeen, Within: "weeknight"}, policy.CatchUp{As: policy.CatchUpSkip}
	away := func(since, until string, caught ...string) plan.Away {
		a := plan.Away{Host: "db-1", Site: "main", Since: plantest.Instant(since), Caught: caught}
		if until != "" {
			a.Seen = plantest.At(until)
		}
		return a
	}
	weekend := func(day string) string {
		return "broad/default wave 1 weekend " + day + " db-1: change 0 openssl never"
	}
	quiet := "broad/default wave 1 weeknight Nov30T21:00/Dec01T01:00 db-1: change 0 openssl never"
	for _, tt := range []struct {
		name, at string
		rule     policy.CatchUp
		away     []plan.Away
		want     string
	}{
		{"it was there", "2026-11-30T12:00:00Z", seen, nil, weekend("Dec05T19:00/Dec06T03:00")},
		{"away at the window, seen on Monday", "2026-11-30T12:00:00Z", seen, []plan.Away{away("2026-11-28T20:00:00Z", "2026-11-30T08:00:00Z")}, quiet},
		{"but its ring waits", "2026-11-30T12:00:00Z", policy.CatchUp{}, []plan.Away{away("2026-11-28T20:00:00Z", "2026-11-30T08:00:00Z")}, weekend("Dec05T19:00/Dec06T03:00")},
		{"seen before the window was over", "2026-11-30T12:00:00Z", seen, []plan.Away{away("2026-11-28T18:00:00Z", "2026-11-29T02:59:00Z")}, weekend("Dec05T19:00/Dec06T03:00")},
		{"seen when it was over", "2026-11-30T12:00:00Z", seen, []plan.Away{away("2026-11-28T18:00:00Z", "2026-11-29T03:00:00Z")}, quiet},
		{"away after the window only", "2026-11-30T12:00:00Z", seen, []plan.Away{away("2026-11-29T03:00:00Z", "2026-11-30T08:00:00Z")}, weekend("Dec05T19:00/Dec06T03:00")},
		{"caught up already", "2026-12-01T12:00:00Z", seen, []plan.Away{away("2026-11-28T18:00:00Z", "2026-11-30T08:00:00Z", "default")}, weekend("Dec05T19:00/Dec06T03:00")},
		{"in another lane", "2026-11-30T12:00:00Z", seen, []plan.Away{away("2026-11-28T18:00:00Z", "2026-11-30T08:00:00Z", "urgent")}, quiet},
		{"a window that it was away at, and one since", "2026-12-07T12:00:00Z", seen, []plan.Away{away("2026-11-28T18:00:00Z", "2026-11-30T08:00:00Z")}, weekend("Dec12T19:00/Dec13T03:00")},
		{"the ring's window comes first", "2026-12-05T12:00:00Z", seen, []plan.Away{away("2026-11-28T18:00:00Z", "2026-12-05T08:00:00Z")}, weekend("Dec05T19:00/Dec06T03:00")},
		{"a freeze holds it, too", "2026-12-18T16:00:00Z", seen, []plan.Away{away("2026-12-12T18:00:00Z", "2026-12-18T08:00:00Z")}, "broad/default wave 1 weeknight Jan04T21:00/Jan05T01:00 db-1: change 0 openssl never"},
		{"back during the window: with the others", "2026-11-28T20:00:00Z", seen, []plan.Away{away("2026-11-28T19:00:00Z", "2026-11-28T19:59:00Z")}, weekend("Nov28T19:00/Nov29T03:00")},
		{"back during the window: left out", "2026-11-28T20:00:00Z", skip, []plan.Away{away("2026-11-28T19:00:00Z", "2026-11-28T19:59:00Z")}, weekend("Dec05T19:00/Dec06T03:00")},
		{"back at the opening", "2026-11-28T20:00:00Z", skip, []plan.Away{away("2026-11-27T19:00:00Z", "2026-11-28T19:00:00Z")}, weekend("Nov28T19:00/Nov29T03:00")},
		{"back long before", "2026-11-28T20:00:00Z", skip, []plan.Away{away("2026-11-21T19:00:00Z", "2026-11-23T19:00:00Z")}, weekend("Nov28T19:00/Nov29T03:00")},
		{"a later one is not touched", "2026-11-30T12:00:00Z", skip, []plan.Away{away("2026-11-28T19:00:00Z", "2026-11-30T11:00:00Z")}, weekend("Dec05T19:00/Dec06T03:00")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := only(plantest.World(tt.at, plantest.Lacks(plantest.OpenSSL, plantest.Approved)), "db-1")
			for i := range in.Policy.Rings {
				if r := &in.Policy.Rings[i]; r.Name == "broad" {
					r.Requires, r.Reboot, r.CatchUp = nil, policy.RebootNever, tt.rule
				}
			}
			in.Away = tt.away
			wantTold(t, plantest.Built(t, in), tt.want)
		})
	}
}

// TestCatchUpKeepsItsBounds: whatever is known of hosts' absences, a wave that catches up lies in the ring's quiet hours,
// outside freezes, goes only to hosts that were away and never were caught up, and with nothing that is not ready by then.
func TestCatchUpKeepsItsBounds(t *testing.T) {
	worlds, caught, unready := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		worlds++
		in := absent(t)
		before := plantest.Built(t, withoutAbsences(in))
		p := plantest.Built(t, in)
		if total(p) != total(before) {
			t.Fatalf("%+v, and without absences %+v", p.Summary, before.Summary)
		}
		wasPlanned := plannedOrWindow(before)
		for _, r := range p.Rings {
			for _, w := range r.Waves {
				if !w.CatchUp {
					continue
				}
				caught++
				if rule := in.Policy.CatchesUp(r.Ring, r.Lane); rule.As != policy.CatchUpSeen || w.Window != rule.Within {
					t.Fatalf("caught up in %s, the rule is %+v", w.Window, rule)
				}
				start := latest(w.Opens, in.At)
				if h := start.UTC().Hour(); w.Window == "weeknight" && h < 21 && h >= 1 {
					t.Fatalf("caught up in %s at %s", w.Window, start)
				}
				for _, h := range w.Hosts {
					if why := plan.MayCatchUp(in.Policy, in.Away, h, r.Ring, r.Lane, in.At); why != "" {
						t.Fatalf("%s is caught up: %s", h, why)
					}
				}
				for _, u := range p.Changes[w.Change].Updates {
					checkUpdate(t, in, r, w, slices.IndexFunc(in.Snapshot.Updates, func(x inventory.Update) bool { return x.PURL == u.Update }), start.Truncate(time.Second))
					for _, h := range w.Hosts {
						if !wasPlanned[[2]string{h, u.Update}] {
							t.Fatalf("%s gets %s, which waited for more than its window", h, u.Update)
						}
					}
				}
			}
		}
		unready += leftForLater(in, p)
	})
	if caught < worlds/25 || unready < worlds/25 {
		t.Errorf("%d worlds had %d waves that catch up, and %d updates were not ready by then: the test looks at too little", worlds, caught, unready)
	}
}

// absent draws a world in which most hosts missed their ring's window, and rings that mostly catch them up.
func absent(t *rapid.T) plan.Input {
	in := plantest.Busy("weekend", "weekend", "weekend", "patchWeekend").Draw(t, "world")
	for i := range in.Answers {
		if rapid.IntRange(0, 3).Draw(t, "lanes") > 0 {
			in.Answers[i].Lanes = nil // those of the others have a window that is always open: nobody misses it
		}
	}
	seen := policy.CatchUp{As: policy.CatchUpSeen, Within: "weeknight"}
	rule := rapid.SampledFrom([]policy.CatchUp{seen, seen, seen, {As: policy.CatchUpSeen, Within: "anytime"}, {}, {As: policy.CatchUpSkip}})
	for i := range in.Policy.Rings {
		in.Policy.Rings[i].CatchUp = rule.Draw(t, "rule")
	}
	for _, h := range in.Policy.Hosts {
		if rapid.IntRange(0, 3).Draw(t, "was there") == 0 {
			continue
		}
		a := plan.Away{Host: h.Name, Site: "main", Since: in.At.Add(-time.Duration(rapid.SampledFrom([]int{0, 12, 100, 200, 300, 400, 800}).Draw(t, "since")) * time.Hour)}
		if rapid.IntRange(0, 3).Draw(t, "seen") > 0 {
			at := latest(a.Since, in.At.Add(-time.Duration(rapid.SampledFrom([]int{0, 1, 10, 30, 60, 100, 200}).Draw(t, "seen before"))*time.Hour))
			a.Seen = &at
		}
		a.Caught = rapid.SampledFrom([][]string{nil, nil, nil, {"default"}, {"default", "definitions", "urgent"}}).Draw(t, "caught")
		in.Away = append(in.Away, a)
	}
	return in
}

func withoutAbsences(in plan.Input) plan.Input {
	in.Away = nil
	return in
}

// leftForLater counts the updates that hosts which may be caught up get in their ring's own window all the same.
func leftForLater(in plan.Input, p *plan.Plan) (n int) {
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			for _, h := range w.Hosts {
				if !w.CatchUp && w.Opens.After(in.At) && plan.MayCatchUp(in.Policy, in.Away, h, r.Ring, r.Lane, in.At) == "" {
					n++
				}
			}
		}
	}
	return n
}

// plannedOrWindow are the host-updates that nothing but a window keeps back.
func plannedOrWindow(p *plan.Plan) map[[2]string]bool {
	out := planned(p)
	for _, r := range p.Rings {
		for _, w := range r.Waiting {
			for _, h := range w.Hosts {
				out[[2]string{h, w.Update}] = out[[2]string{h, w.Update}] || w.For == plan.ForWindow
			}
		}
	}
	return out
}
