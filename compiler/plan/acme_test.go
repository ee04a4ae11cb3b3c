package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
)

const (
	openssl = "pkg:deb/debian/openssl@3.0.17-1~deb12u2?arch=amd64"
	bash    = "pkg:deb/debian/bash@5.2.15-3?arch=amd64"
	curl    = "pkg:deb/debian/curl@7.88.1-10?arch=amd64"
	clamav  = "pkg:generic/clamav-daily@27100"
)

func instant(s string) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05Z", s)
	if err != nil {
		panic(err)
	}
	return t
}

func at(s string) *time.Time { t := instant(s); return &t }

func hours(n int) policy.Duration { return policy.Duration(time.Duration(n) * time.Hour) }

func ptr[T any](v T) *T { return &v }

func host(name, tier string) policy.Host {
	return policy.Host{Name: name, Providers: []string{"apt"}, Labels: []policy.Label{{Key: "tier", Value: tier}}}
}

// acme is the tenant of the design's example: three pilot hosts, four in broad.
func acme() *policy.Tenant {
	return &policy.Tenant{
		APIVersion: "ringfence.dev/v1", Kind: "Policy", Name: "acme", Timezone: "Europe/Berlin",
		Rings: []policy.Ring{
			{
				Name: "broad", Select: []policy.Label{{Key: "tier", Value: "prod"}}, Window: "weekend",
				Requires: []policy.Requirement{
					{Tenant: "msp-lab", Ring: "test", Succeeded: 100, MinSucceeded: 1, Soak: hours(24), IfUntested: policy.UntestedNeedsApproval},
					{Ring: "pilot", Succeeded: 95, MinSucceeded: 3, Soak: hours(72), IfUntested: policy.UntestedNeedsApproval},
				},
				MaxUnavailable: policy.Amount{Percent: 25}, StopAtFailures: 2, Reboot: policy.RebootIfRequired,
			},
			{
				Name: "pilot", Select: []policy.Label{{Key: "tier", Value: "pilot"}}, Window: "weeknight",
				MaxUnavailable: policy.Amount{Percent: 100}, Reboot: policy.RebootNever,
			},
		},
		Windows: []policy.Window{
			{Name: "anytime", Always: true},
			{Name: "patchWeekend", Monthly: &policy.Monthly{Nth: 2, Weekday: "tue", OffsetDays: 4}, Start: "20:00", Duration: hours(8)},
			{Name: "weekend", Days: []string{"sat"}, Start: "20:00", Duration: hours(8), Source: "baseline/baseline.cue:11:3"},
			{Name: "weeknight", Days: []string{"mon", "tue", "wed", "thu"}, Start: "22:00", Duration: hours(4)},
		},
		Lanes: []policy.Lane{
			{Name: "definitions", Window: "anytime", Soak: ptr(policy.Duration(30 * time.Minute))},
			{Name: "urgent", Window: "anytime", Soak: ptr(hours(4)), Priority: 1},
		},
		Freezes: []policy.Freeze{{
			Name: "yearEnd", Starts: "2026-12-18T18:00", Ends: "2027-01-04T06:00", Reason: "retail peak", Source: "tenants/acme/tenant.cue:33:3",
		}},
		Hosts: []policy.Host{
			host("db-1", "prod"), host("db-2", "prod"), host("db-3", "prod"), host("db-4", "prod"),
			host("web-1", "pilot"), host("web-2", "pilot"), host("web-3", "pilot"),
		},
	}
}

// update is one of the snapshot's, with the answer of the rules.
type update struct {
	purl   string
	answer decision.Answer
}

var (
	grant    = []decision.Grant{{Rule: "security", Approve: &policy.Approve{Anchor: policy.FirstSeen}}}
	byOps    = []decision.Grant{{Rule: "otherwise", Require: &policy.Require{Approvers: 1, Role: "ops"}}}
	approved = decision.Answer{Grants: grant}
	urgent   = decision.Answer{Grants: grant, Lanes: []string{"urgent"}, Freezes: []string{"yearEnd"}}
	fastLane = decision.Answer{Grants: grant, Lanes: []string{"definitions"}}
	refused  = decision.Answer{Grants: grant, Blocks: []decision.Block{{Kind: decision.Reject, Rule: "noBash", Msg: "it breaks the build"}}}
	onHold   = decision.Answer{Grants: grant, Blocks: []decision.Block{{Kind: decision.Hold, Rule: "wait", Msg: "until the vendor answers"}}}
)

// world is an input in the making; every scanned host lacks every update.
func world(when string, updates ...update) plan.Input {
	t := acme()
	in := plan.Input{At: instant(when), Policy: t, Tool: "test", Snapshot: &inventory.Snapshot{Tenant: "acme", Site: "main", TakenAt: instant(when)}}
	slices.SortFunc(updates, func(a, b update) int { return strings.Compare(a.purl, b.purl) })
	for _, u := range updates {
		in.Snapshot.Updates = append(in.Snapshot.Updates, inventory.Update{PURL: u.purl, FirstSeen: instant("2026-11-20T12:00:00Z"), Reboot: "unknown"})
		in.Answers = append(in.Answers, u.answer)
	}
	for _, h := range t.Hosts {
		sh := inventory.Host{Name: h.Name, State: inventory.Scanned}
		for i := range updates {
			sh.Missing = append(sh.Missing, inventory.Missing{Update: i, From: "1.0"})
		}
		in.Snapshot.Hosts = append(in.Snapshot.Hosts, sh)
	}
	return in
}

// tested is evidence that both earlier rings installed an update at an instant.
func tested(purl, when string) decision.Evidence {
	return decision.Evidence{
		{Ring: "msp-lab/test", Update: purl, Attempted: 1, Succeeded: 1, SucceededAt: at("2026-11-20T12:00:00Z")},
		{Ring: "pilot", Update: purl, Attempted: 3, Succeeded: 3, SucceededAt: at(when)},
	}
}

func build(t testing.TB, in plan.Input) *plan.Plan {
	t.Helper()
	p, err := plan.Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// only keeps the hosts whose names begin with a prefix.
func only(in plan.Input, prefix string) plan.Input {
	in.Snapshot.Hosts = slices.DeleteFunc(in.Snapshot.Hosts, func(h inventory.Host) bool { return !strings.HasPrefix(h.Name, prefix) })
	return in
}

// tell prints what a plan does, a line for each row.
func tell(p *plan.Plan) string {
	var b strings.Builder
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			c := p.Changes[w.Change]
			fmt.Fprintf(&b, "%s/%s wave %d %s %s %s: change %d %s %s\n", r.Ring, r.Lane, w.Wave, w.Window, span(w),
				strings.Join(w.Hosts, " "), c.ID, names(c), c.Reboot)
		}
		for _, w := range r.Waiting {
			fmt.Fprintf(&b, "%s/%s waits for %s until %s %s: %s %s\n", r.Ring, r.Lane, w.For, short(w.Until), strings.Join(w.Hosts, " "),
				name(w.Update), codes(w.Reasons))
		}
		for _, w := range r.Rejected {
			fmt.Fprintf(&b, "%s/%s rejects %s: %s %s\n", r.Ring, r.Lane, strings.Join(w.Hosts, " "), name(w.Update), codes(w.Reasons))
		}
	}
	return b.String()
}

func span(w plan.Wave) string { return short(&w.Opens) + "/" + short(w.Closes) }

func short(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format("Jan02T15:04")
}

func name(purl string) string {
	s := purl[strings.LastIndex(purl, "/")+1:]
	return s[:strings.IndexByte(s, '@')]
}

func names(c plan.Change) string {
	var out []string
	for _, u := range c.Updates {
		out = append(out, name(u.Update))
	}
	return strings.Join(out, "+")
}

func codes(reasons []decision.Reason) string {
	var out []string
	for _, r := range reasons {
		out = append(out, r.Code)
	}
	return strings.Join(out, " ")
}

func wantTold(t *testing.T, p *plan.Plan, want string) {
	t.Helper()
	want = strings.TrimSpace(strings.ReplaceAll(want, "\t", ""))
	if got := strings.TrimSpace(tell(p)); got != want {
		t.Errorf("at %s\ngot:\n%s\nwant:\n%s", p.At, got, want)
	}
}
