package command

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/compiler/window/ics"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/report"
)

// TestWindowsAgree: at any instant the window arithmetic, the listing, the plan, what is due of it, the runner's core and
// the report say the same of whether a host's ring may be changed, and until when. 1,000 instants, or 10,000 where the campaign of
// window tests runs.
func TestWindowsAgree(t *testing.T) {
	policies := 100
	if os.Getenv("RINGFENCE_ALL_ZONES") != "" {
		policies = 1000
	}
	r := rand.New(rand.NewPCG(2026, 11))
	opened, frozen := 0, 0
	for range policies {
		tenant := somePolicy(r)
		for range 10 {
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.IntN(3*365*24*12)) * 5 * time.Minute)
			open, ice := agree(t, tenant, at)
			if opened += open; ice {
				frozen++
			}
		}
	}
	if opened < policies || frozen < policies/20 {
		t.Errorf("only %d of %d instants are open, %d frozen: the test looks at too little", opened, policies*10, frozen)
	}
}

// somePolicy has one host in one ring with several windows of any kind, some in zones of their own, and freezes.
func somePolicy(r *rand.Rand) *policy.Tenant {
	zones := window.Zones()
	zone := func() string { return zones[r.IntN(len(zones))] }
	t := &policy.Tenant{
		Name: "acme", Timezone: zone(),
		Hosts: []policy.Host{{Name: "h", Labels: []policy.Label{{Key: "tier", Value: "x"}, {Key: policy.ZoneLabel, Value: zone()}}}},
	}
	days := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	ring := policy.Ring{Name: "all", Select: []policy.Label{{Key: "tier", Value: "x"}}, MaxUnavailable: policy.Amount{Count: 1}}
	for i := range 1 + r.IntN(3) {
		w := policy.Window{
			Name: fmt.Sprint("w", i), Start: fmt.Sprintf("%02d:%02d", r.IntN(24), 15*r.IntN(4)), Duration: policy.Duration(time.Duration(1+r.IntN(40)) * time.Hour),
			Timezone: []string{"", "", zone(), policy.HostZone}[r.IntN(4)],
		}
		switch r.IntN(5) {
		case 0:
			w.RRule, w.From = "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SA", "2026-01-07"
		case 1:
			w.Monthly = &policy.Monthly{Nth: 2, Weekday: "tue", OffsetDays: r.IntN(60) - 30}
		case 2:
			w.Events = []policy.Event{{Starts: "2026-01-03T22:00", Duration: w.Duration, RRule: "FREQ=DAILY;INTERVAL=3"}}
			w.Start, w.Duration = "", 0
		default:
			w.Days = []string{days[r.IntN(7)], days[r.IntN(7)]}
		}
		t.Windows = append(t.Windows, w)
		ring.Windows = append(ring.Windows, w.Name)
	}
	t.Rings = []policy.Ring{ring}
	for i := range r.IntN(3) {
		from := time.Date(2026, 1, 1, r.IntN(24), 0, 0, 0, time.UTC).AddDate(0, 0, r.IntN(3*365))
		f := policy.Freeze{Name: fmt.Sprint("f", i), Starts: from.Format("2006-01-02T15:04"), Ends: from.AddDate(0, r.IntN(6), 1).Format("2006-01-02T15:04")}
		if r.IntN(2) == 0 {
			f.Starts, f.Ends = "", ""
			f.Events = []policy.Event{{Starts: from.Format("2006-01-02T15:04"), Days: 1 + r.IntN(3), RRule: "FREQ=MONTHLY"}}
		}
		f.Timezone = []string{"", "", zone(), policy.HostZone}[r.IntN(4)]
		t.Freezes = append(t.Freezes, f)
	}
	return t
}

// agree asks everybody about one instant; open is 1 if all say that the host may be changed.
func agree(t *testing.T, tenant *policy.Tenant, at time.Time) (open int, frozen bool) {
	t.Helper()
	u, err := window.For(tenant, tenant.Rings[0].WindowNames(), tenant.Hosts[0].Label(policy.ZoneLabel))
	if err != nil {
		t.Fatal(err)
	}
	freezes, err := window.Freezes(tenant, tenant.Hosts[0].Label(policy.ZoneLabel), at, at.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	var want *window.Occurrence
	for o := range u.Open(freezes, at, at.Add(time.Second)) {
		if o.Contains(at) {
			want = &o
		}
	}
	listing, err := newTimetable(tenant, at, at.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	listed := slices.ContainsFunc(listing.stretches(), func(o ics.Stretch) bool { return o.Contains(at) })
	snapshot := &inventory.Snapshot{
		Tenant: "acme", Site: policy.DefaultSite, Updates: []inventory.Update{{PURL: "pkg:deb/debian/a@2", Name: "a", Version: "2", FirstSeen: at.AddDate(0, 0, -1)}},
		Hosts: []inventory.Host{{Name: "h", State: inventory.Scanned, Missing: []inventory.Missing{{From: "1"}}}},
	}
	grant := decision.Answer{Grants: []decision.Grant{{Rule: "r", Approve: &policy.Approve{Anchor: policy.FirstSeen}}}}
	p, err := plan.Build(plan.Input{At: at, Policy: tenant, Snapshot: snapshot, Answers: []decision.Answer{grant}})
	if err != nil {
		t.Fatal(err)
	}
	due := plan.Due(p, at)
	states := report.Build(report.Input{At: at, Policy: tenant, Snapshot: snapshot, Plan: p}).Totals.States
	what := fmt.Sprintf("at %s, policy %+v, plan %+v, report %v", at, tenant, p.Rings, states)
	if listed != (want != nil) || starts(p, at) != listed || (len(due) == 1) != (want != nil) || (states[report.Missing] == 1) != (want != nil) {
		t.Fatalf("open %v, listed %t, the runner starts %t, due %v: %s", want, listed, starts(p, at), due, what)
	}
	if want == nil {
		_, inside := u.Next(at, time.Second)
		return 0, inside
	}
	if w := due[0]; w.Window != want.Window || !w.Opens.Equal(want.Opens) || !w.Closes.Equal(*want.Closes) {
		t.Fatalf("open %s, due %v: %s", window.Words(*want, time.UTC), w, what)
	}
	return 1, false
}

// starts reports whether the runner's core, given every wave of a plan, starts a host at an instant.
func starts(p *plan.Plan, at time.Time) bool {
	b := runner.Beginning{
		Timing: runner.DefaultTiming, Limits: map[string]runner.Limits{"all": {Budget: 1, StopAtFailures: 1}},
		Lease: runner.Lease{Fence: 1, Until: at.Add(time.Hour)}, Halt: runner.Halt{Read: at},
	}
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			b.Waves = append(b.Waves, runner.Wave{Ring: r.Ring, Opens: w.Opens, Closes: w.Closes, Hosts: w.Hosts})
		}
	}
	now := runner.Moment{At: at, Now: at}
	state, effects := runner.Step(runner.NewState(b), runner.Tick{Moment: now})
	for len(effects) > 0 {
		e := effects[0]
		effects = effects[1:]
		switch e := e.(type) {
		case runner.Start:
			return true
		case runner.Announce:
			next, more := runner.Step(state, runner.Announced{Moment: now, Wave: e.Wave})
			state, effects = next, append(effects, more...)
		}
	}
	return false
}
