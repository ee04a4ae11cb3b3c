package ledger

import (
	"reflect"
	"testing"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

func TestScanOf(t *testing.T) {
	tier := func(name string) []policy.Label { return []policy.Label{{Key: "tier", Value: name}} }
	tenant := &policy.Tenant{
		Rings: []policy.Ring{{Name: "broad", Select: tier("prod")}, {Name: "pilot", Select: tier("pilot"), CatchUp: policy.CatchUp{As: policy.CatchUpSkip}}},
		Hosts: []policy.Host{{Name: "a", Labels: tier("prod")}, {Name: "b", Labels: tier("pilot")}, {Name: "c", Labels: tier("pilot")}, {Name: "d"}, {Name: "e", Labels: tier("prod")}},
	}
	lacks := []inventory.Missing{{Update: 0}, {Update: 1}}
	s := &inventory.Snapshot{
		Tenant: "acme", Site: "main", TakenAt: t0,
		Updates: []inventory.Update{{PURL: "pkg:deb/debian/u@1", Name: "u"}, {PURL: "pkg:deb/debian/v@1", Name: "v"}},
		Hosts: []inventory.Host{
			{Name: "a", State: inventory.Scanned, Missing: lacks[:1]},
			{Name: "b", State: inventory.Scanned, Missing: lacks},
			{Name: "c", State: inventory.Unreachable, Missing: lacks},
			{Name: "d", State: inventory.Scanned, Missing: lacks}, // in no ring
			{Name: "e", State: inventory.Stale, Missing: lacks},
		},
	}
	before := State{Asleep: []Asleep{{Host: "b", Update: "w"}, {Host: "b", Update: "x"}, {Host: "c", Update: "w"}}}
	got, err := ScanOf(s, tenant, before)
	if err != nil {
		t.Fatal(err)
	}
	want := &Scan{
		Snapshot: got.Snapshot, Hosts: 5, Scanned: 3, Unreachable: []string{"c"}, Stale: []string{"e"}, Quarantined: []string{},
		Missing: []RingMissing{{"broad", "pkg:deb/debian/u@1", 1}, {"pilot", "pkg:deb/debian/u@1", 1}, {"pilot", "pkg:deb/debian/v@1", 1}},
		Unseen:  []RingUnseen{{"broad", 1}, {"pilot", 1}},
		Rings:   []RingHosts{{"broad", 2}, {"pilot", 2}},
		Seen:    []string{"pkg:deb/debian/u@1", "pkg:deb/debian/v@1"}, Away: []string{"c"}, Awake: []string{"b"},
	}
	if !reflect.DeepEqual(got, want) || got.Snapshot == "" {
		t.Errorf("%+v\nexpected\n%+v", got, want)
	}
}

func TestHealthOf(t *testing.T) {
	has := []inventory.Installed{{Update: 0, Version: "1"}, {Update: 1, Version: "1"}}
	s := &inventory.Snapshot{Updates: []inventory.Update{{PURL: "u"}, {PURL: "v"}}, Hosts: []inventory.Host{
		{Name: "away", State: inventory.Unreachable, Health: inventory.HealthOK, Installed: has},
		{Name: "homeless", State: inventory.Scanned, Health: inventory.HealthOK, Installed: has},
		{Name: "ill", State: inventory.Scanned, Health: inventory.HealthFailing, Installed: has},
		{Name: "lacks", State: inventory.Scanned, Health: inventory.HealthFailing},
		{Name: "mute", State: inventory.Scanned, Installed: has},
		{Name: "odd", State: inventory.Scanned, Health: "splendid", Installed: has},
		{Name: "well", State: inventory.Scanned, Health: inventory.HealthOK, Installed: has},
	}}
	ringOf := map[string]string{"away": "pilot", "ill": "pilot", "lacks": "pilot", "mute": "pilot", "odd": "pilot", "well": "pilot"}
	evidence := decision.Evidence{{Ring: "pilot", Update: "u", Attempted: 1}, {Ring: "pilot", Update: "v"}, {Ring: "broad", Update: "u", Attempted: 1}}
	want := []RingHealth{{Ring: "pilot", Update: "u", Healthy: 1, Failing: 1, Unknown: 3}}
	if got := HealthOf(s, ringOf, evidence); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}
