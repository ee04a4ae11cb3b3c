package plan_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

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
// outside freezes, goes only to hosts that were away and never were caught up, and waits for the same gates.
func TestCatchUpKeepsItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := plantest.Worlds().Draw(t, "world")
		rule := rapid.SampledFrom([]policy.CatchUp{{}, {As: policy.CatchUpSkip}, {As: policy.CatchUpSeen, Within: "weeknight"}, {As: policy.CatchUpSeen, Within: "anytime"}})
		for i := range in.Policy.Rings {
			in.Policy.Rings[i].CatchUp = rule.Draw(t, "rule")
		}
		before := plantest.Built(t, in)
		for _, h := range in.Policy.Hosts {
			if rapid.Bool().Draw(t, "was away") {
				a := plan.Away{Host: h.Name, Site: "main", Since: in.At.Add(-time.Duration(rapid.IntRange(0, 400).Draw(t, "hours")) * time.Hour)}
				if rapid.IntRange(0, 3).Draw(t, "seen") > 0 {
					at := a.Since.Add(time.Duration(rapid.Int64Range(0, int64(in.At.Sub(a.Since))).Draw(t, "after")))
					a.Seen = &at
				}
				a.Caught = rapid.SampledFrom([][]string{nil, nil, {"default"}, {"default", "definitions", "urgent"}}).Draw(t, "caught")
				in.Away = append(in.Away, a)
			}
		}
		p := plantest.Built(t, in)
		if p.Summary.Planned+p.Summary.Waiting+p.Summary.Rejected != before.Summary.Planned+before.Summary.Waiting+before.Summary.Rejected {
			t.Fatalf("%+v, and without absences %+v", p.Summary, before.Summary)
		}
		wasPlanned := plannedOrWindow(before)
		for _, r := range p.Rings {
			for _, w := range r.Waves {
				if !w.CatchUp {
					continue
				}
				if rule := in.Policy.CatchesUp(r.Ring, r.Lane); rule.As != policy.CatchUpSeen || w.Window != rule.Within {
					t.Fatalf("caught up in %s, the rule is %+v", w.Window, rule)
				}
				start := latest(w.Opens, in.At)
				if h := start.UTC().Hour(); w.Window == "weeknight" && h < 21 && h >= 1 {
					t.Fatalf("caught up in %s at %s", w.Window, start)
				}
				freeze := start.After(plantest.Instant("2026-12-18T16:59:59Z")) && start.Before(plantest.Instant("2027-01-04T05:00:00Z"))
				for _, h := range w.Hosts {
					if why := plan.MayCatchUp(in.Policy, in.Away, h, r.Ring, r.Lane, in.At); why != "" {
						t.Fatalf("%s is caught up: %s", h, why)
					}
					for _, u := range p.Changes[w.Change].Updates {
						if freeze && !thaws(in, u.Update) {
							t.Fatalf("%s gets %s at %s, within a freeze", h, u.Update, start)
						}
						if !wasPlanned[[2]string{h, u.Update}] {
							t.Fatalf("%s gets %s, which waited for more than its window", h, u.Update)
						}
					}
				}
			}
		}
	})
}

// thaws reports whether the rules let an update through the freeze.
func thaws(in plan.Input, purl string) bool {
	for i, u := range in.Snapshot.Updates {
		if u.PURL == purl {
			return len(in.Answers[i].Freezes) > 0
		}
	}
	return false
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
