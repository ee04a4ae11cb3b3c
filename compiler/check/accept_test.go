package check

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	_ "github.com/ringfence/ringfence/internal/sameseed"
)

func emptyRing(name string, tenants ...string) diag.Diagnostic {
	d := diag.New(diag.EmptyRing, "the ring %q selects no host", name).At(diag.Range{File: "baseline/baseline.cue"}).About("rings", name, "select")
	d.Severity, d.Tenants = diag.Warning, tenants
	return d
}

func TestAccept(t *testing.T) {
	unusable := diag.New(diag.UnknownWindow, "unknown window").About("rings", "late", "window")
	unusable.Tenants = []string{"a"}
	accept := func(code, path, expires string) policy.Acceptance {
		return policy.Acceptance{Code: code, Path: path, Reason: "why", Expires: expires, Source: "tenants/a/tenant.cue:9:3"}
	}
	for name, c := range map[string]struct {
		accepts  []policy.Acceptance
		found    diag.List
		open     []diag.Code
		accepted int
	}{
		"by code":         {[]policy.Acceptance{accept("RF1026", "", "2026-12-01")}, diag.List{emptyRing("x", "a"), emptyRing("y", "a")}, nil, 2},
		"by field":        {[]policy.Acceptance{accept("RF1026", "rings.x", "2026-12-01")}, diag.List{emptyRing("x", "a"), emptyRing("y", "a")}, []diag.Code{"RF1026"}, 1},
		"no prefix":       {[]policy.Acceptance{accept("RF1026", "rings.x", "2026-12-01")}, diag.List{emptyRing("xy", "a")}, []diag.Code{"RF1054", "RF1026"}, 0},
		"the last day":    {[]policy.Acceptance{accept("RF1026", "", "2026-11-21")}, diag.List{emptyRing("x", "a")}, nil, 1},
		"the day before":  {[]policy.Acceptance{accept("RF1026", "", "2026-11-20")}, diag.List{emptyRing("x", "a")}, []diag.Code{"RF1053", "RF1026"}, 0},
		"one still holds": {[]policy.Acceptance{accept("RF1026", "", "2026-11-20"), accept("RF1026", "rings.x", "2026-12-01")}, diag.List{emptyRing("x", "a")}, []diag.Code{"RF1053"}, 1},
		"unused":          {[]policy.Acceptance{accept("RF1026", "", "2026-12-01")}, nil, []diag.Code{"RF1054"}, 0},
		"of all tenants":  {[]policy.Acceptance{accept("RF1026", "", "2026-12-01")}, diag.List{emptyRing("x", "a", "b")}, []diag.Code{"RF1026"}, 0},
		"not acceptable":  {[]policy.Acceptance{accept("RF1022", "", "2026-12-01")}, diag.List{unusable}, []diag.Code{"RF1054", "RF1022"}, 0},
	} {
		tenants := []*policy.Tenant{{Name: "a", Timezone: "Europe/Berlin", Accepts: c.accepts}, {Name: "b", Timezone: "UTC"}}
		open, accepted := Accept(tenants, c.found, today)
		var codes []diag.Code
		for _, d := range open {
			codes = append(codes, d.Code)
		}
		slices.Sort(codes)
		slices.Sort(c.open)
		if !slices.Equal(codes, c.open) || len(accepted) != c.accepted {
			t.Errorf("%s: %v are open and %v accepted", name, open, accepted)
		}
	}
}

// TestADayEndsWhereTheTenantIs: in Tokyo the 21st is over at 15:00 UTC.
func TestADayEndsWhereTheTenantIs(t *testing.T) {
	tenant := &policy.Tenant{Name: "a", Timezone: "Asia/Tokyo", Accepts: []policy.Acceptance{{Code: "RF1026", Expires: "2026-11-21"}}}
	for at, want := range map[string]int{"2026-11-21T14:59:59Z": 1, "2026-11-21T15:00:00Z": 0} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if _, accepted := Accept([]*policy.Tenant{tenant}, diag.List{emptyRing("x", "a")}, instant); len(accepted) != want {
			t.Errorf("at %s %d are accepted", at, len(accepted))
		}
	}
}

// TestAcceptingLosesNothing: whatever tenants accept, each finding is open for exactly those that do not accept it, or
// listed as accepted.
func TestAcceptingLosesNothing(t *testing.T) {
	names := []string{"a", "b", "c"}
	rapid.Check(t, func(t *rapid.T) {
		var tenants []*policy.Tenant
		accepts := map[string]bool{} // tenant and ring
		for _, n := range names {
			tenant := &policy.Tenant{Name: n, Timezone: "UTC"}
			for _, ring := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"x", "y", "z"}), 0, 3, rapid.ID[string]).Draw(t, n) {
				expires := rapid.SampledFrom([]string{"2026-11-20", "2026-11-21", "2027-01-01"}).Draw(t, "expires")
				tenant.Accepts = append(tenant.Accepts, policy.Acceptance{Code: "RF1026", Path: "rings." + ring, Expires: expires, Source: fmt.Sprintf("%s:%s:1", n, ring)})
				accepts[n+ring] = expires > "2026-11-20"
			}
			tenants = append(tenants, tenant)
		}
		var found diag.List
		want := map[string]bool{}
		for _, ring := range []string{"x", "y", "z"} {
			for _, n := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 3, rapid.ID[string]).Draw(t, ring) {
				found = append(found, emptyRing(ring, n))
				want[n+ring] = !accepts[n+ring]
			}
		}
		open, accepted := Accept(tenants, found.Tidy(), today)
		for _, d := range open {
			if d.Code == diag.EmptyRing && (len(d.Tenants) == 0 || d.Accepted != nil) {
				t.Fatalf("%v is open for nobody", d)
			}
		}
		for key, w := range want {
			isOpen := slices.ContainsFunc(open, func(d diag.Diagnostic) bool {
				return d.Code == diag.EmptyRing && d.Path == "rings."+key[1:]+".select" && slices.Contains(d.Tenants, key[:1])
			})
			if isOpen != w {
				t.Fatalf("%s is open: %v; %v, %v", key, isOpen, open, accepted)
			}
		}
	})
}

// TestAnAcceptanceIsNotCalledUselessWhileItsFindingIsHidden: empty rings are not spoken of beside hosts in no ring.
func TestAnAcceptanceIsNotCalledUselessWhileItsFindingIsHidden(t *testing.T) {
	homeless := diag.New(diag.HostInNoRing, "no ring selects the host h").About("hosts")
	homeless.Tenants = []string{"a"}
	tenant := &policy.Tenant{Name: "a", Timezone: "UTC", Accepts: []policy.Acceptance{{Code: "RF1026", Expires: "2026-12-01"}}}
	if open, _ := Accept([]*policy.Tenant{tenant}, diag.List{homeless}, today); len(open) != 1 || open[0].Code != diag.HostInNoRing {
		t.Error(open)
	}
}
