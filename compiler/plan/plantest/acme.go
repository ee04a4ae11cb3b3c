// Package plantest makes what plans are made from, for the tests of plans and of what compares them: a small tenant and its
// world told by hand, worlds drawn at random, a large fleet, and a plan read row by row.
package plantest

import (
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
)

// Updates.
const (
	OpenSSL = "pkg:deb/debian/openssl@3.0.17-1~deb12u2?arch=amd64"
	Bash    = "pkg:deb/debian/bash@5.2.15-3?arch=amd64"
	Curl    = "pkg:deb/debian/curl@7.88.1-10?arch=amd64"
	ClamAV  = "pkg:generic/clamav-daily@27100"
)

// Instant reads an instant in UTC; one that is none is a mistake in the test.
func Instant(s string) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05Z", s)
	if err != nil {
		panic(err)
	}
	return t
}

// At is a pointer to an instant.
func At(s string) *time.Time { t := Instant(s); return &t }

// Hours is a duration of whole hours.
func Hours(n int) policy.Duration { return policy.Duration(time.Duration(n) * time.Hour) }

func ptr[T any](v T) *T { return &v }

// Host is a host of the policy in the ring that a tier selects.
func Host(name, tier string) policy.Host {
	return policy.Host{Name: name, Providers: []string{"apt"}, Labels: []policy.Label{{Key: "tier", Value: tier}}}
}

// Acme is the tenant of the design's example: three pilot hosts, four in broad.
func Acme() *policy.Tenant {
	return &policy.Tenant{
		APIVersion: "ringfence.dev/v1", Kind: "Policy", Name: "acme", Timezone: "Europe/Berlin",
		Rings: []policy.Ring{
			{
				Name: "broad", Select: []policy.Label{{Key: "tier", Value: "prod"}}, Window: "weekend",
				Requires: []policy.Requirement{
					{Tenant: "msp-lab", Ring: "test", Succeeded: 100, MinSucceeded: 1, Soak: Hours(24), IfUntested: policy.UntestedNeedsApproval},
					{Ring: "pilot", Succeeded: 95, MinSucceeded: 3, Soak: Hours(72), IfUntested: policy.UntestedNeedsApproval},
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
			{Name: "patchWeekend", Monthly: &policy.Monthly{Nth: 2, Weekday: "tue", OffsetDays: 4}, Start: "20:00", Duration: Hours(8)},
			{Name: "weekend", Days: []string{"sat"}, Start: "20:00", Duration: Hours(8), Source: "baseline/baseline.cue:11:3"},
			{Name: "weeknight", Days: []string{"mon", "tue", "wed", "thu"}, Start: "22:00", Duration: Hours(4)},
		},
		Lanes: []policy.Lane{
			{Name: "definitions", Window: "anytime", Soak: ptr(policy.Duration(30 * time.Minute))},
			{Name: "urgent", Window: "anytime", Soak: ptr(Hours(4)), Priority: 1},
		},
		Freezes: []policy.Freeze{{
			Name: "yearEnd", Starts: "2026-12-18T18:00", Ends: "2027-01-04T06:00", Reason: "retail peak", Source: "tenants/acme/tenant.cue:33:3",
		}},
		Hosts: []policy.Host{
			Host("db-1", "prod"), Host("db-2", "prod"), Host("db-3", "prod"), Host("db-4", "prod"),
			Host("web-1", "pilot"), Host("web-2", "pilot"), Host("web-3", "pilot"),
		},
	}
}

// Update is one of the snapshot's, with the answer of the rules.
type Update struct {
	purl   string
	answer decision.Answer
}

// Answers of the rules, and the grants in them.
var (
	Grant    = []decision.Grant{{Rule: "security", Approve: &policy.Approve{Anchor: policy.FirstSeen}}}
	ByOps    = []decision.Grant{{Rule: "otherwise", Require: &policy.Require{Approvers: 1, Role: "ops"}}}
	Approved = decision.Answer{Grants: Grant}
	Urgent   = decision.Answer{Grants: Grant, Lanes: []string{"urgent"}, Freezes: []string{"yearEnd"}}
	FastLane = decision.Answer{Grants: Grant, Lanes: []string{"definitions"}}
	Refused  = decision.Answer{Grants: Grant, Blocks: []decision.Block{{Kind: decision.Reject, Rule: "noBash", Msg: "it breaks the build"}}}
	OnHold   = decision.Answer{Grants: Grant, Blocks: []decision.Block{{Kind: decision.Hold, Rule: "wait", Msg: "until the vendor answers"}}}
)

// Lacks is an update that every scanned host lacks, with the answer of the rules.
func Lacks(purl string, answer decision.Answer) Update { return Update{purl, answer} }

// World is an input in the making; every scanned host lacks every update.
func World(when string, updates ...Update) plan.Input {
	t := Acme()
	in := plan.Input{At: Instant(when), Policy: t, Tool: "test", Snapshot: &inventory.Snapshot{Tenant: "acme", Site: "main", TakenAt: Instant(when)}}
	slices.SortFunc(updates, func(a, b Update) int { return strings.Compare(a.purl, b.purl) })
	for _, u := range updates {
		in.Snapshot.Updates = append(in.Snapshot.Updates, inventory.Update{PURL: u.purl, FirstSeen: Instant("2026-11-20T12:00:00Z"), Reboot: "unknown"})
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

// Tested is evidence that both earlier rings installed an update at an instant.
func Tested(purl, when string) decision.Evidence {
	return decision.Evidence{
		{Ring: "msp-lab/test", Update: purl, Attempted: 1, Succeeded: 1, SucceededAt: At("2026-11-20T12:00:00Z")},
		{Ring: "pilot", Update: purl, Attempted: 3, Succeeded: 3, SucceededAt: At(when)},
	}
}

// Span is a wave's occurrence in a few letters.
func Span(w plan.Wave) string { return Short(&w.Opens) + "/" + Short(w.Closes) }

// Short is an instant in a few letters.
func Short(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format("Jan02T15:04")
}
