package check

import (
	"slices"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// TestFrozenOut: a window is told of when freezes leave nothing of it to someone who uses it.
func TestFrozenOut(t *testing.T) {
	saturdays := policy.Window{Name: "w", Days: []string{"sat"}, Start: "20:00", Duration: policy.Duration(4 * time.Hour), Source: "w.cue:1:1"}
	late := policy.Window{Name: "w", Dates: []string{"2029-01-01"}, Start: "20:00", Duration: policy.Duration(4 * time.Hour), Source: "w.cue:1:1"}
	ring := []policy.Ring{{Name: "r", Window: "w"}}
	lane := func(passes ...string) []policy.Lane { return []policy.Lane{{Name: "l", Window: "w", Passes: passes}} }
	freeze := func(name, starts, ends string) policy.Freeze {
		return policy.Freeze{Name: name, Starts: starts, Ends: ends, Source: name + ".cue:1:1"}
	}
	ever, months := freeze("ever", "2026-01-01T00:00", "2036-01-01T00:00"), freeze("months", "2026-01-01T00:00", "2027-06-01T00:00")
	for name, c := range map[string]struct {
		tenant policy.Tenant
		want   int // freezes that it points at; -1: nothing is said
	}{
		"for ever":           {policy.Tenant{Windows: []policy.Window{saturdays}, Rings: ring, Freezes: []policy.Freeze{ever}}, 1},
		"for months":         {policy.Tenant{Windows: []policy.Window{saturdays}, Rings: ring, Freezes: []policy.Freeze{months}}, -1},
		"by two":             {policy.Tenant{Windows: []policy.Window{saturdays}, Rings: ring, Freezes: []policy.Freeze{months, freeze("rest", "2027-05-01T00:00", "2028-06-01T00:00")}}, 2},
		"all but one day":    {policy.Tenant{Windows: []policy.Window{saturdays}, Rings: ring, Freezes: []policy.Freeze{months, freeze("rest", "2027-06-06T00:00", "2028-06-01T00:00")}}, -1},
		"always":             {policy.Tenant{Windows: []policy.Window{{Name: "w", Always: true, Source: "w.cue:1:1"}}, Rings: ring, Freezes: []policy.Freeze{ever}}, 1},
		"nobody uses it":     {policy.Tenant{Windows: []policy.Window{saturdays}, Freezes: []policy.Freeze{ever}}, -1},
		"not before":         {policy.Tenant{Windows: []policy.Window{late}, Rings: ring, Freezes: []policy.Freeze{ever}}, -1},
		"a lane that passes": {policy.Tenant{Windows: []policy.Window{saturdays}, Lanes: lane("ever"), Freezes: []policy.Freeze{ever}}, -1},
		"a lane that waits":  {policy.Tenant{Windows: []policy.Window{saturdays}, Lanes: lane("months"), Freezes: []policy.Freeze{ever, months}}, 1},
		"what is allowed": {policy.Tenant{Windows: []policy.Window{saturdays}, Lanes: []policy.Lane{{
			Name: "l", Window: "w", Match: policy.Match{Exploited: ptr(true), Severity: []string{"high"}},
		}}, Freezes: []policy.Freeze{{Name: "f", Starts: ever.Starts, Ends: ever.Ends, Allow: &policy.Match{Exploited: ptr(true)}, Source: "f.cue:1:1"}}}, -1},
		"one day beside it": {policy.Tenant{Windows: []policy.Window{saturdays}, Rings: ring, Freezes: []policy.Freeze{freeze("a", "2026-12-01T00:00", "2026-12-02T00:00"), ever, months}}, 1},
		"two that do":       {policy.Tenant{Windows: []policy.Window{saturdays}, Rings: ring, Freezes: []policy.Freeze{freeze("also", "2026-01-01T00:00", "2035-01-01T00:00"), ever}}, 1},
		"a ring beside it":  {policy.Tenant{Windows: []policy.Window{saturdays}, Rings: ring, Lanes: lane("ever"), Freezes: []policy.Freeze{ever}}, 1},
		"in each host's zone": {policy.Tenant{Windows: []policy.Window{saturdays}, Rings: ring, Freezes: []policy.Freeze{
			{Name: "z", Starts: "2026-01-01T00:00", Ends: "2036-01-01T00:00", Timezone: policy.HostZone, Source: "z.cue:1:1"},
		}}, 1},
	} {
		c.tenant.Timezone = "Europe/Berlin"
		list := NewAhead(today).Tenant(&c.tenant)
		switch {
		case c.want < 0 && len(list) > 0:
			t.Errorf("%s: %v", name, list)
		case c.want == 1 && len(list) == 1 && slices.ContainsFunc(c.tenant.Freezes, func(f policy.Freeze) bool { return f.Name == "ever" }) && list[0].Range.File != "ever.cue":
			t.Errorf("%s: %v, want it at ever.cue", name, list)
		case c.want >= 0 && (len(list) != 1 || list[0].Code != diag.FrozenOut || len(list[0].Related) != c.want-1):
			t.Errorf("%s: %v, want one finding with %d freezes", name, list, c.want)
		}
	}
}

func ptr[T any](v T) *T { return &v }
