package ledger

import (
	"reflect"
	"testing"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
)

// healthWorld records what happens to update u in ring pilot.
type healthWorld struct{ State }

func (w *healthWorld) record(r Record) {
	r.Tenant, r.Seq, r.At = "acme", w.Seq+1, *at(w.Seq + 1)
	w.State = Reduce(w.State, r)
}

func (w *healthWorld) install(site, host string, outcome Action) {
	a := Action{ID: site + host, Host: host, Verb: VerbApply, Ring: "pilot", Updates: []plan.ChangeUpdate{{Update: "u"}}, Status: Started, StartedAt: *at(1)}
	w.record(Record{Site: site, Phase: PhaseIntent, Actions: []Action{a}})
	a.Status, a.HostState, a.EndedAt = outcome.Status, "done", at(w.Seq+1)
	a.Unhealthy, a.AwaitsReboot = outcome.Unhealthy, outcome.AwaitsReboot
	w.record(Record{Site: site, Phase: PhaseWave, Actions: []Action{a}})
}

func (w *healthWorld) scan(site string, s Scan) {
	w.record(Record{Site: site, Phase: PhaseScan, Scan: &s})
}

// seen is what a gate is told of the ring: healthy, unhealthy, unknown.
func (w *healthWorld) seen(q policy.Requirement) [3]int {
	e, _ := Extract(w.State, map[string]State{"lab": w.State}, needs(q), "lab").Of(q.Key(), "u")
	return [3]int{e.Healthy, e.Unhealthy, e.HealthUnknown}
}

func wellness(healthy, failing, unknown int) Scan {
	return Scan{Health: []RingHealth{{Ring: "pilot", Update: "u", Healthy: healthy, Failing: failing, Unknown: unknown}}}
}

func TestHealthIsThatOfTheNewestScan(t *testing.T) {
	own := policy.Requirement{Ring: "pilot", Healthy: true}
	w := &healthWorld{}
	expect := func(what string, healthy, unhealthy, unknown int) {
		t.Helper()
		if got := w.seen(own); got != [3]int{healthy, unhealthy, unknown} {
			t.Errorf("%s: %v", what, got)
		}
	}
	expect("nothing happened", 0, 0, 0)
	w.install("main", "a", Action{Status: Succeeded})
	expect("nobody looked since", 0, 0, 1)
	w.scan("main", wellness(1, 0, 0))
	expect("a scan", 1, 0, 0)
	w.install("main", "b", Action{Status: Succeeded})
	expect("another host", 1, 0, 1)
	w.scan("main", wellness(1, 1, 0))
	expect("it is ill", 1, 1, 0)
	w.install("branch", "c", Action{Status: Succeeded})
	w.scan("main", wellness(2, 0, 0))
	expect("a scan of one site says nothing of another", 2, 0, 1)
	w.scan("branch", wellness(0, 0, 1))
	expect("who cannot be read is unknown", 2, 0, 1)
	w.scan("branch", Scan{})
	expect("a scan without health, as older releases write it, knows nothing", 2, 0, 0)

	if got := w.seen(policy.Requirement{Tenant: "lab", Ring: "pilot", Healthy: true}); got != [3]int{2, 0, 0} {
		t.Errorf("another tenant's: %v", got)
	}
	if got := w.seen(policy.Requirement{Tenant: policy.AllTenants, Ring: policy.PoolRing, Healthy: true}); got != [3]int{4, 0, 0} {
		t.Errorf("the pool: %v", got)
	}
	for _, q := range []policy.Requirement{{Ring: "pilot"}, {Tenant: "lab", Ring: "pilot"}, thePool} {
		if got := w.seen(q); got != [3]int{} {
			t.Errorf("nobody asked, and %s says %v", q.Key(), got)
		}
	}
	raw, err := Encode(w.State)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := DecodeState(raw); err != nil || !reflect.DeepEqual(again, w.State) {
		t.Errorf("%v\n%+v\n%+v", err, again, w.State)
	}
}

// TestAFailureOfHealthStands: what is installed and made its host unwell does not become a success when a scan finds the
// host awake.
func TestAFailureOfHealthStands(t *testing.T) {
	w := &healthWorld{}
	w.install("main", "a", Action{Status: Failed, Unhealthy: []string{"unit a"}})
	w.scan("main", Scan{Awake: []string{"a"}})
	if e, _ := w.Evidence.Of("pilot", "u"); e.Failed != 1 || e.Succeeded != 0 || len(w.Asleep) != 0 {
		t.Errorf("%+v, asleep %+v", e, w.Asleep)
	}
}

// TestASuccessByRebootIsLookedAtByItsScan: the scan that finds the host rebooted has seen how it is since.
func TestASuccessByRebootIsLookedAtByItsScan(t *testing.T) {
	w := &healthWorld{}
	w.install("main", "a", Action{Status: Succeeded, AwaitsReboot: true})
	s := wellness(1, 0, 0)
	s.Awake = []string{"a"}
	w.scan("main", s)
	if got := w.seen(policy.Requirement{Ring: "pilot", Healthy: true}); got != [3]int{1, 0, 0} {
		t.Errorf("%v", got)
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
