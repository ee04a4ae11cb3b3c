package check

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

var today = time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)

func TestWindowsAhead(t *testing.T) {
	day := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	hour := policy.Duration(time.Hour)
	for name, c := range map[string]struct {
		w    policy.Window
		want string
	}{
		"open":   {policy.Window{Days: day, Start: "20:00", Duration: hour}, ""},
		"over":   {policy.Window{Dates: []string{"2026-11-20"}, Start: "20:00", Duration: hour}, "RF1037 does not open after 2026-11-21"},
		"late":   {policy.Window{Dates: []string{"2030-11-20"}, Start: "20:00", Duration: hour}, ""},
		"always": {policy.Window{Always: true}, ""},
		"gap": {
			policy.Window{Dates: []string{"2027-03-28"}, Start: "02:30", Duration: hour},
			"RF1038 starts at 2027-03-28T02:30 in Europe/Berlin, which the clock skips: it opens at 03:00 CEST, 01:00 UTC",
		},
		"overlap": {
			policy.Window{Dates: []string{"2027-10-31"}, Start: "02:30", Duration: hour},
			"RF1038 starts at 2027-10-31T02:30 in Europe/Berlin, which the clock shows twice: it opens at the first, " +
				"02:30 CEST, 00:30 UTC, not at the second, 02:30 CET, 01:30 UTC",
		},
		"far gap": {policy.Window{Dates: []string{"2028-03-26"}, Start: "02:30", Duration: hour}, ""},
	} {
		c.w.Name, c.w.Source = "w", "tenants/a/tenant.cue:3:4"
		list := NewAhead(today).Tenant(&policy.Tenant{Timezone: "Europe/Berlin", Windows: []policy.Window{c.w}})
		got := ""
		for _, d := range list {
			got += fmt.Sprint(d.Code, strings.TrimPrefix(d.Summary, `the window "w"`))
		}
		if got != c.want || len(list) == 1 && list[0].Range.Start != (diag.Pos{Line: 3, Column: 4}) {
			t.Errorf("%s: got %v, want %s", name, list, c.want)
		}
	}
}

// TestWhatIsRememberedIsTheSame: a look that has seen other tenants says of each what a fresh one does.
func TestWhatIsRememberedIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shared := NewAhead(today)
		for i := range rapid.IntRange(2, 4).Draw(t, "tenants") {
			w := policy.Window{Days: []string{"sun"}, Duration: policy.Duration(time.Hour), Name: fmt.Sprint("w", i), Source: fmt.Sprintf("t%d:1:1", i)}
			w.Start = rapid.SampledFrom([]string{"01:30", "02:30"}).Draw(t, "start")
			if rapid.Bool().Draw(t, "dates") {
				w.Days, w.Dates = nil, []string{rapid.SampledFrom([]string{"2026-01-01", "2026-10-25", "2027-03-28"}).Draw(t, "date")}
			}
			tenant := &policy.Tenant{Windows: []policy.Window{w}}
			tenant.Timezone = rapid.SampledFrom([]string{"Europe/Berlin", "Europe/London", "UTC"}).Draw(t, "zone")
			if got, want := shared.Tenant(tenant), NewAhead(today).Tenant(tenant); !reflect.DeepEqual(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
	})
}
