package words

import (
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

var sampleAt = time.Date(2026, 11, 21, 11, 0, 0, 0, time.UTC)

func hours(n int) policy.Duration { return policy.Duration(time.Duration(n) * time.Hour) }

func ptr[T any](v T) *T { return &v }

func label(key, value string) policy.Label { return policy.Label{Key: key, Value: value} }

// sample is a policy in which every field of every part is set somewhere. A field that is added to the policy needs a
// value here and a sentence in this package.
func sample() *policy.Tenant {
	return &policy.Tenant{
		APIVersion: "ringfence.dev/v1", Kind: "Policy", Name: "acme", Timezone: "Europe/Berlin", TestClock: true, Breaker: true, SharesEvidence: true,
		Source: "tenants/acme/tenant.cue:6:1", Lines: map[string]string{"timezone": "tenants/acme/tenant.cue:7:2"}, Rings: sampleRings(), Windows: sampleWindows(), Lanes: sampleLanes(),
		Groups: []policy.Group{
			{Name: "db", Select: []policy.Label{label("tier", "prod")}, MinHealthy: policy.Amount{Percent: 51}, Sequence: []string{"db-1", "web-2", "web-3"}, Source: "g.cue:1:1"},
			{Name: "web", Select: []policy.Label{label("site", "ber")}, SelectBy: []policy.Choice{{Key: "role", Not: []string{"db"}}}, MinHealthy: policy.Amount{Count: 2}, Source: "g.cue:2:1"},
		},
		Accepts: []policy.Acceptance{{Code: "RF1037", Path: "windows.old", Reason: "it comes back", Expires: "2027-03-01", Source: "x.cue:1:1"}},
		Freezes: sampleFreezes(), Rules: sampleRules(), Hosts: sampleHosts(), Disabled: true, Off: []string{"windows.weeknight"},
		Exploited: []policy.Declared{{CVE: "CVE-2026-1234", Reason: "seen here", Expires: "2026-12-31", Source: "x.cue:1:1"}},
		Otherwise: &policy.Rule{Name: "otherwise", Require: &policy.Require{Approvers: 1, Role: "ops"}, Source: "o.cue:9:1"},
		Modules:   []policy.Module{{Path: "baseline/custom.rego", Text: "package ringfence.custom"}},
	}
}

func sampleRings() []policy.Ring {
	return []policy.Ring{
		{
			Name: "broad", Select: []policy.Label{label("tier", "prod")}, Window: "weekend",
			Requires: []policy.Requirement{
				{Ring: "pilot", Succeeded: 95, MinSucceeded: 3, Soak: hours(72), IfUntested: policy.UntestedNeedsApproval, Source: "r.cue:3:1"},
				{Tenant: "msp-lab", Ring: "test", Succeeded: 100, MinSucceeded: 1, IfUntested: policy.UntestedApprove, Source: "r.cue:4:1"},
			},
			SelectBy: []policy.Choice{{Key: "site", In: []string{"ber", "muc"}, Not: []string{"old"}, Glob: "*"}},
			Share:    &policy.Share{From: 1, To: 100, Seed: "acme"},
			RequiresAny: [][]policy.Requirement{
				{
					{Ring: "pilot", Succeeded: 100, MinSucceeded: 1, MinReported: policy.Amount{Percent: 90}, SamePlatform: true, Healthy: true, IfUntested: policy.UntestedWait, Source: "r.cue:5:1"},
					{Tenant: "msp-lab", Ring: "test", Succeeded: 100, MinSucceeded: 2, MinReported: policy.Amount{Count: 2}, IfUntested: policy.UntestedWait, Source: "r.cue:6:1"},
				},
				{{
					Tenant: policy.AllTenants, Ring: policy.PoolRing, Succeeded: 95, MinSucceeded: 10, Tenants: 3, Soak: hours(24),
					Platforms: []string{"debian 12"}, EachPlatform: true, Healthy: true, IfUntested: policy.UntestedWait, Source: "r.cue:7:1",
				}},
			},
			MaxUnavailable: policy.Amount{Percent: 25},
			UnavailablePer: []policy.LabelAmount{{Label: "rack", Most: policy.Amount{Count: 1}}, {Label: "role", Most: policy.Amount{Percent: 50}}},
			StopAtFailures: 2, Reboot: policy.RebootIfRequired, RebootWindow: "moves",
			Source: "r.cue:2:1", SelectSource: "r.cue:2:9",
		},
		{
			Name: "pilot", Select: []policy.Label{label("tier", "pilot")}, Windows: []string{"plant", "shops"}, MaxUnavailable: policy.Amount{Count: 1},
			StopAtFailures: 1, Reboot: policy.RebootNever, CatchUp: policy.CatchUp{As: policy.CatchUpSeen, Within: "weekend"}, Source: "r.cue:8:1", SelectSource: "r.cue:8:9",
		},
		{
			Name: "lab", Select: []policy.Label{label("tier", "lab")}, Window: "anytime", MaxUnavailable: policy.Amount{Percent: 100}, StopAtFailures: 3,
			Reboot: policy.RebootIfRequired, RebootWindows: []string{"moves", "weekend"}, CatchUp: policy.CatchUp{As: policy.CatchUpSkip}, Source: "r.cue:9:1", SelectSource: "r.cue:9:9",
		},
	}
}

func sampleWindows() []policy.Window {
	return []policy.Window{
		{Name: "anytime", Always: true, Source: "w.cue:1:1"},
		{Name: "fortnight", RRule: "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA", From: "2026-12-05", Start: "20:00", Duration: hours(8), Source: "w.cue:2:1"},
		{Name: "moves", Dates: []string{"2026-12-05", "2027-02-13"}, Start: "08:00", Duration: hours(24), Timezone: "Asia/Tokyo", Source: "w.cue:3:1"},
		{Name: "patchWeekend", Monthly: &policy.Monthly{Nth: 2, Weekday: "tue", OffsetDays: 4}, Start: "20:00", Duration: hours(60), Source: "w.cue:4:1"},
		{Name: "plant", Events: []policy.Event{
			{
				Starts: "2026-12-09T18:00", Timezone: "Europe/Paris", Duration: hours(4), RRule: "FREQ=WEEKLY",
				Also: []string{"2026-12-11T18:00"}, Except: []string{"2026-12-16T18:00"}, Source: "plant.ics:3:1",
			},
			{Starts: "2026-12-24T00:00", Days: 2, Source: "plant.ics:9:1"},
		}, Source: "w.cue:5:1"},
		{Name: "shops", Days: []string{"sun"}, Start: "03:00", Duration: hours(2), Timezone: policy.HostZone, Source: "w.cue:6:1"},
		{Name: "weekend", Days: []string{"sat", "sun"}, Start: "20:00", Duration: hours(8), Source: "w.cue:7:1"},
	}
}

func sampleLanes() []policy.Lane {
	return []policy.Lane{
		{Name: "definitions", Match: policy.Match{Classification: []string{"definition"}}, Windows: []string{"anytime", "fortnight"}, Canary: policy.Amount{Count: 2}, Soak: ptr(policy.Duration(30 * time.Minute)), StaleAfter: hours(24), Source: "l.cue:1:1"},
		{
			Name: "urgent", Match: policy.Match{Exploited: ptr(true)}, Window: "anytime", Soak: ptr(hours(4)), Passes: []string{"yearEnd"},
			Reboot: policy.RebootIfRequired, Priority: 1, Source: "l.cue:2:1",
		},
	}
}

func sampleFreezes() []policy.Freeze {
	return []policy.Freeze{
		{Name: "holidays", Events: []policy.Event{{Starts: "2026-12-25T00:00", Days: 2, Source: "h.ics:2:1"}}, Reason: "nobody is there", Source: "f.cue:1:1"},
		{
			Name: "yearEnd", Starts: "2026-12-18T18:00", Ends: "2027-01-04T06:00", Timezone: "Europe/London",
			Allow: &policy.Match{Exploited: ptr(true)}, Reason: "retail peak", Source: "f.cue:2:1",
		},
	}
}

func sampleRules() []policy.Rule {
	return []policy.Rule{
		{
			Name: "security", Match: &policy.Match{Classification: []string{"security", "bugfix"}, Exploited: ptr(false)},
			Approve: &policy.Approve{After: hours(48), Anchor: policy.Released, Fallback: policy.FirstSeen}, Source: "a.cue:1:1",
		},
		{
			Name: "batch", Match: &policy.Match{Severity: []string{"low", "unknown"}, Origin: []string{"Debian*"}},
			Approve: &policy.Approve{Until: "2026-11-30", Anchor: policy.Released, Fallback: policy.FirstSeen}, Source: "a.cue:3:1",
		},
		{
			Name: "broken", Match: &policy.Match{PURL: []string{"pkg:deb/debian/openssl@3.0.17-1"}},
			Reject: &policy.Reject{Reason: "it does not start", Expires: "2026-12-01"}, Source: "a.cue:4:1",
		},
		{
			Name: "kernels", Match: &policy.Match{Package: []string{"linux-*"}, Advisory: []string{"DSA-5912-1"}},
			Hold: &policy.Hold{Reason: "until the drivers are there", Until: "2026-12-05T08:00"}, Source: "a.cue:5:1",
		},
		{Name: "two", Match: &policy.Match{Classification: []string{"driver"}}, Require: &policy.Require{Approvers: 2, Role: "dba"}, Source: "a.cue:2:1"},
	}
}

func sampleHosts() []policy.Host {
	host := func(name, tier, site string) policy.Host {
		return policy.Host{
			Name: name, Address: "10.0.0.1", User: "patch", Providers: []string{"apt"}, Source: "hosts.yaml:2:1",
			Labels: []policy.Label{label("site", site), label("tier", tier), label("timezone", "America/New_York")},
		}
	}
	return []policy.Host{host("db-1", "prod", "ber"), host("web-1", "pilot", "ber"), host("web-2", "prod", "muc"), host("web-3", "prod", "ber")}
}
