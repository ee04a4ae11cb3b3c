package evidence

import (
	"reflect"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/runner/ledger"
)

func at(day int) *time.Time {
	t := time.Date(2026, 11, day, 12, 0, 0, 0, time.UTC)
	return &t
}

func needs(reqs ...policy.Requirement) *policy.Tenant {
	return &policy.Tenant{Name: "acme", Rings: []policy.Ring{{Name: "broad", Requires: reqs}, {Name: "pilot"}}}
}

var thePool = policy.Requirement{Tenant: policy.AllTenants, Ring: policy.PoolRing, MinSucceeded: 1, Tenants: 1}

// TestThePool adds up own evidence and that of its members, over all their rings, whatever the order in which they are
// named.
func TestThePool(t *testing.T) {
	own := ledger.State{Tenant: "acme", Seq: 9, Evidence: decision.Evidence{
		{Ring: "broad", Update: "u", Attempted: 2, Succeeded: 1, Failed: 1, FirstAt: at(3), SucceededAt: at(4), Platforms: []string{"debian 12"}, OnPlatforms: []decision.OnPlatform{{Platform: "debian 12", Succeeded: 1}}},
		{Ring: "pilot", Update: "u", Attempted: 1, Succeeded: 1, FirstAt: at(2), SucceededAt: at(2), Platforms: []string{"debian 13"}, OnPlatforms: []decision.OnPlatform{{Platform: "debian 13", Succeeded: 1}}},
		{Ring: "quick", Update: "u", Attempted: 1, Succeeded: 1, FirstAt: at(3), SucceededAt: at(3), Platforms: []string{"debian 12"}, OnPlatforms: []decision.OnPlatform{{Platform: "debian 12", Succeeded: 1}}},
	}}
	lab := ledger.State{Tenant: "lab", Seq: 3, Evidence: decision.Evidence{
		{Ring: "all", Update: "", Missing: 4, Platforms: []string{}},
		{Ring: "all", Update: "u", Attempted: 3, Succeeded: 2, InDoubt: 1, Missing: 1, FirstAt: at(5), SucceededAt: at(6), Platforms: []string{"debian 12"}, OnPlatforms: []decision.OnPlatform{{Platform: "debian 12", Succeeded: 2}}},
		{Ring: "all", Update: "v", Attempted: 1, Failed: 1, Platforms: []string{}},
	}}
	foreign := map[string]ledger.State{"lab": lab, "stranger": lab, "new": {Tenant: "new"}}
	want := decision.Evidence{
		{Ring: "*/pool", Update: "", Missing: 4 + unknown, Platforms: []string{}},
		{
			Ring: "*/pool", Update: "u", Attempted: 7, Succeeded: 5, Failed: 1, InDoubt: 1, Missing: 1,
			FirstAt: at(2), SucceededAt: at(6), Platforms: []string{"debian 12", "debian 13"}, Tenants: 2,
			OnPlatforms: []decision.OnPlatform{{Platform: "debian 12", Succeeded: 4, Tenants: 2}, {Platform: "debian 13", Succeeded: 1, Tenants: 1}},
		},
		{Ring: "*/pool", Update: "v", Attempted: 1, Failed: 1, Platforms: []string{}},
	}
	for _, pool := range [][]string{{"lab", "new"}, {"new", "lab", "acme", "lab"}} {
		got := Extract(own, foreign, needs(thePool), pool...)
		if len(got) != 5 || !reflect.DeepEqual(got[:3], want) {
			t.Errorf("pool of %v:\n%+v\nwant\n%+v", pool, got, want)
		}
	}
	if got := Extract(own, foreign, needs(), "lab"); len(got) != 2 {
		t.Errorf("who does not go by the pool reads it: %+v", got)
	}
	if !reflect.DeepEqual(lab.Evidence[1].Platforms, []string{"debian 12"}) || lab.Evidence[1].OnPlatforms[0].Succeeded != 2 {
		t.Error("adding up changed what was added")
	}
}

// TestReports: how many hosts a ring has, and how many of them answered, is read only where a gate asks for it.
func TestReports(t *testing.T) {
	scan := func(s ledger.State, site string, hosts, unseen int) ledger.State {
		r := ledger.Record{Tenant: "lab", Seq: s.Seq + 1, Phase: ledger.PhaseScan, Site: site, At: *at(s.Seq + 1), Scan: &ledger.Scan{Rings: []ledger.RingHosts{{Ring: "test", Hosts: hosts}}}}
		if unseen > 0 {
			r.Scan.Unseen = []ledger.RingUnseen{{Ring: "test", Hosts: unseen}}
		}
		return ledger.Reduce(s, r)
	}
	s := scan(scan(ledger.State{}, "ber", 10, 2), "muc", 5, 0)
	row := func(s ledger.State, tenant string) decision.RingEvidence {
		own, foreign := s, map[string]ledger.State{"lab": s}
		need := policy.Requirement{Tenant: tenant, Ring: "test", MinReported: policy.Amount{Percent: 90}}
		p := needs(need)
		p.Rings = append(p.Rings, policy.Ring{Name: "test"})
		e, _ := Extract(own, foreign, p).Of(need.Key(), decision.AnyUpdate)
		return e
	}
	for _, tenant := range []string{"", "lab"} {
		if e := row(s, tenant); e.Hosts != 15 || e.Reported != 13 {
			t.Errorf("two sites: %+v", e)
		}
		if e := row(scan(s, "ber", 8, 0), tenant); e.Hosts != 13 || e.Reported != 13 {
			t.Errorf("a later scan replaces its site's: %+v", e)
		}
		if e := row(ledger.State{}, tenant); e.Hosts != 0 || e.Reported != 0 {
			t.Errorf("never scanned: %+v", e)
		}
	}
	p := needs(policy.Requirement{Tenant: "lab", Ring: "test"})
	if e, _ := Extract(ledger.State{}, map[string]ledger.State{"lab": s}, p).Of("lab/test", decision.AnyUpdate); e.Hosts != 0 || e.Missing != 2 {
		t.Errorf("nobody asked, and it says %+v", e)
	}
}

func TestExtract(t *testing.T) {
	own := ledger.State{Evidence: decision.Evidence{{Ring: "broad", Update: "u", Attempted: 1}, {Ring: "dissolved", Update: "u"}, {Ring: "pilot", Update: "u"}}}
	lab := ledger.State{Seq: 1, Evidence: decision.Evidence{{Ring: "other", Update: "u"}, {Ring: "test", Update: "u", Succeeded: 2}, {Ring: "test", Update: "v"}}}
	need := policy.Requirement{Tenant: "msp-lab", Ring: "test"}
	tenant := &policy.Tenant{Name: "acme", Rings: []policy.Ring{
		{Name: "broad", Requires: []policy.Requirement{{Ring: "pilot"}, need, {Tenant: "gone", Ring: "test"}}},
		{Name: "pilot", Requires: []policy.Requirement{need}},
	}}
	got := Extract(own, map[string]ledger.State{"msp-lab": lab, "stranger": lab}, tenant)
	want := decision.Evidence{
		{Ring: "broad", Update: "u", Attempted: 1},
		{Ring: "gone/test", Update: decision.AnyUpdate, Missing: unknown, Platforms: []string{}},
		{Ring: "msp-lab/test", Update: "u", Succeeded: 2},
		{Ring: "msp-lab/test", Update: "v"},
		{Ring: "pilot", Update: "u"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Extract() = %+v", got)
	}
	if lab.Evidence[1].Ring != "test" {
		t.Error("the foreign state was renamed itself")
	}
	if got := Extract(ledger.State{}, nil, &policy.Tenant{}); got == nil || len(got) != 0 {
		t.Errorf("of nothing: %#v", got)
	}
}
