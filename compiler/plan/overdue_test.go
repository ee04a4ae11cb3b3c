package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
)

// TestFindOverdue: a host is behind since the first version that is newer than its own, whatever came after it.
func TestFindOverdue(t *testing.T) {
	const deb = "pkg:deb/debian/clamav-db@%s?arch=all"
	now, day := plantest.Instant("2026-11-28T12:00:00Z"), func(n int) time.Time {
		return plantest.Instant("2026-11-28T12:00:00Z").Add(-time.Duration(n) * 24 * time.Hour)
	}
	for _, tt := range []struct {
		name  string
		spoil func(in *plan.Input, seen map[string]time.Time)
		want  string
	}{
		{"the newest is an hour old, the one before a day and more", func(in *plan.Input, seen map[string]time.Time) {
			seen[fmt.Sprintf(deb, "1.1")] = now.Add(-25 * time.Hour)
		}, "av 1.2 since 25h"},
		{"exactly a day is not longer than a day", func(_ *plan.Input, seen map[string]time.Time) { seen[fmt.Sprintf(deb, "1.1")] = day(1) }, ""},
		{"its release counts, not that nobody looked", func(in *plan.Input, _ map[string]time.Time) {
			released := day(2)
			in.Snapshot.Updates[0].Released = &released
		}, "av 1.2 since 48h"},
		{"a release in the future counts for nothing", func(in *plan.Input, _ map[string]time.Time) {
			released := now.Add(time.Hour)
			in.Snapshot.Updates[0].Released = &released
		}, ""},
		{"older than what the host has, or newer than what it lacks", func(_ *plan.Input, seen map[string]time.Time) {
			seen[fmt.Sprintf(deb, "0.9")], seen[fmt.Sprintf(deb, "1.0")], seen[fmt.Sprintf(deb, "1.3")] = day(9), day(9), day(9)
		}, ""},
		{"another package", func(_ *plan.Input, seen map[string]time.Time) {
			seen["pkg:deb/debian/clamav-db@1.1?arch=arm64"], seen["pkg:deb/debian/clamav@1.1?arch=all"] = day(9), day(9)
		}, ""},
		{"an unknown order: what came after the one that it has", func(in *plan.Input, seen map[string]time.Time) {
			in.Snapshot.Updates[0].PURL = "pkg:generic/daily@27"
			in.Snapshot.Hosts[0].Missing[0].From = "25"
			seen["pkg:generic/daily@25"], seen["pkg:generic/daily@26"], seen["pkg:generic/daily@24"] = day(3), day(2), day(9)
		}, "av 27 since 48h"},
		{"an unknown order, and nobody ever saw the one that it has", func(in *plan.Input, seen map[string]time.Time) {
			in.Snapshot.Updates[0].PURL = "pkg:generic/daily@27"
			seen["pkg:generic/daily@26"] = day(2)
		}, ""},
		{"not reached: what it lacked then", func(in *plan.Input, seen map[string]time.Time) {
			seen[fmt.Sprintf(deb, "1.1")] = day(2)
			in.Snapshot.Hosts[0].State = inventory.Unreachable
		}, "av 1.2 since 48h"},
		{"not reached for long", func(in *plan.Input, _ map[string]time.Time) {
			at := day(2)
			in.Snapshot.Hosts[0].State, in.Snapshot.Hosts[0].ScannedAt, in.Snapshot.Hosts[0].Missing = inventory.Unreachable, &at, nil
		}, "av nobody looked since 48h"},
		{"never scanned", func(in *plan.Input, _ map[string]time.Time) { in.Snapshot.Hosts = nil }, "av nobody looked since -"},
		{"rejected", func(in *plan.Input, seen map[string]time.Time) {
			seen[fmt.Sprintf(deb, "1.1")] = day(2)
			in.Answers[0].Blocks = plantest.Refused.Blocks
		}, ""},
		{"another lane", func(in *plan.Input, seen map[string]time.Time) {
			seen[fmt.Sprintf(deb, "1.1")] = day(2)
			in.Answers[0].Lanes = []string{"urgent"}
		}, ""},
		{"no alarm is asked for", func(in *plan.Input, seen map[string]time.Time) {
			seen[fmt.Sprintf(deb, "1.1")] = day(2)
			definitions(in.Policy).StaleAfter = 0
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := plantest.World("2026-11-28T12:00:00Z", plantest.Lacks(fmt.Sprintf(deb, "1.2"), plantest.FastLane))
			definitions(in.Policy).StaleAfter = plantest.Hours(24)
			scanned := now
			in.Snapshot.Updates[0].FirstSeen = now.Add(-time.Hour)
			in.Policy.Hosts = in.Policy.Hosts[4:5]
			in.Policy.Hosts[0].Name = "av"
			in.Snapshot.Hosts = []inventory.Host{{Name: "av", State: inventory.Scanned, ScannedAt: &scanned, Missing: []inventory.Missing{{From: "1.0"}}}}
			seen := map[string]time.Time{}
			tt.spoil(&in, seen)
			var got []string
			for _, o := range plan.FindOverdue(in, plantest.Built(t, in), seen) {
				_, version, _ := inventory.Package(o.Update)
				if version == "" {
					version = "nobody looked"
				}
				since := "-"
				if o.Since != nil {
					since = strings.TrimSuffix(now.Sub(*o.Since).String(), "0m0s")
				}
				got = append(got, fmt.Sprintf("%s %s since %s", o.Host, version, since))
			}
			if strings.Join(got, "; ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
