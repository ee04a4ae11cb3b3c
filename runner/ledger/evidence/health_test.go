package evidence

import (
	"reflect"
	"testing"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/runner/ledger"
)

// healthWorld records what happens to update u in ring pilot.
type healthWorld struct{ ledger.State }

func (w *healthWorld) record(r ledger.Record) {
	r.Tenant, r.Seq, r.At = "acme", w.Seq+1, *at(w.Seq + 1)
	w.State = ledger.Reduce(w.State, r)
}

func (w *healthWorld) install(site, host string, outcome ledger.Action) {
	a := ledger.Action{ID: site + host, Host: host, Verb: ledger.VerbApply, Ring: "pilot", Updates: []plan.ChangeUpdate{{Update: "u"}}, Status: ledger.Started, StartedAt: *at(1)}
	w.record(ledger.Record{Site: site, Phase: ledger.PhaseIntent, Actions: []ledger.Action{a}})
	a.Status, a.HostState, a.EndedAt = outcome.Status, "done", at(w.Seq+1)
	a.Unhealthy, a.AwaitsReboot = outcome.Unhealthy, outcome.AwaitsReboot
	w.record(ledger.Record{Site: site, Phase: ledger.PhaseWave, Actions: []ledger.Action{a}})
}

func (w *healthWorld) scan(site string, s ledger.Scan) {
	w.record(ledger.Record{Site: site, Phase: ledger.PhaseScan, Scan: &s})
}

// seen is what a gate is told of the ring: healthy, unhealthy, unknown.
func (w *healthWorld) seen(q policy.Requirement) [3]int {
	e, _ := Extract(w.State, map[string]ledger.State{"lab": w.State}, needs(q), "lab").Of(q.Key(), "u")
	return [3]int{e.Healthy, e.Unhealthy, e.HealthUnknown}
}

func wellness(healthy, failing, unknown int) ledger.Scan {
	return ledger.Scan{Health: []ledger.RingHealth{{Ring: "pilot", Update: "u", Healthy: healthy, Failing: failing, Unknown: unknown}}}
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
	w.install("main", "a", ledger.Action{Status: ledger.Succeeded})
	expect("nobody looked since", 0, 0, 1)
	w.scan("main", wellness(1, 0, 0))
	expect("a scan", 1, 0, 0)
	w.install("main", "b", ledger.Action{Status: ledger.Succeeded})
	expect("another host", 1, 0, 1)
	w.scan("main", wellness(1, 1, 0))
	expect("it is ill", 1, 1, 0)
	w.install("branch", "c", ledger.Action{Status: ledger.Succeeded})
	w.scan("main", wellness(2, 0, 0))
	expect("a scan of one site says nothing of another", 2, 0, 1)
	w.scan("branch", wellness(0, 0, 1))
	expect("who cannot be read is unknown", 2, 0, 1)
	w.scan("branch", ledger.Scan{})
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
	raw, err := ledger.Encode(w.State)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ledger.DecodeState(raw); err != nil || !reflect.DeepEqual(again, w.State) {
		t.Errorf("%v\n%+v\n%+v", err, again, w.State)
	}
}

// TestAFailureOfHealthStands: what is installed and made its host unwell does not become a success when a scan finds the
// host awake.
func TestAFailureOfHealthStands(t *testing.T) {
	w := &healthWorld{}
	w.install("main", "a", ledger.Action{Status: ledger.Failed, Unhealthy: []string{"unit a"}})
	w.scan("main", ledger.Scan{Awake: []string{"a"}})
	if e, _ := w.Evidence.Of("pilot", "u"); e.Failed != 1 || e.Succeeded != 0 || len(w.Asleep) != 0 {
		t.Errorf("%+v, asleep %+v", e, w.Asleep)
	}
}

// TestASuccessByRebootIsLookedAtByItsScan: the scan that finds the host rebooted has seen how it is since.
func TestASuccessByRebootIsLookedAtByItsScan(t *testing.T) {
	w := &healthWorld{}
	w.install("main", "a", ledger.Action{Status: ledger.Succeeded, AwaitsReboot: true})
	s := wellness(1, 0, 0)
	s.Awake = []string{"a"}
	w.scan("main", s)
	if got := w.seen(policy.Requirement{Ring: "pilot", Healthy: true}); got != [3]int{1, 0, 0} {
		t.Errorf("%v", got)
	}
}
