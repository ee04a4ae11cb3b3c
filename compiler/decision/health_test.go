package decision

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	_ "github.com/ringfence/ringfence/internal/sameseed"
)

func healthOf(healthy, unhealthy, unknown int) RingEvidence {
	e := proven()
	e.Healthy, e.Unhealthy, e.HealthUnknown = healthy, unhealthy, unknown
	return e
}

func TestHealthy(t *testing.T) {
	for name, c := range map[string]struct {
		e       RingEvidence
		reasons string
		msg     string
	}{
		"all are well":              {healthOf(3, 0, 0), "GRANTED", ""},
		"one more has it":           {healthOf(4, 0, 0), "GRANTED", ""},
		"one is not":                {healthOf(2, 1, 0), "WAIT_HEALTH GRANTED", "pilot: 1 of 3 hosts that have it is not healthy"},
		"two are not":               {healthOf(1, 2, 0), "WAIT_HEALTH GRANTED", "pilot: 2 of 3 hosts that have it are not healthy"},
		"of one nobody knows":       {healthOf(2, 0, 1), "WAIT_HEALTH GRANTED", "pilot: nobody knows how 1 of 3 hosts that have it is; a scan tells"},
		"both":                      {healthOf(0, 1, 2), "WAIT_HEALTH WAIT_HEALTH GRANTED", "pilot: 1 of 3 hosts that have it is not healthy"},
		"of none is anything known": {healthOf(0, 0, 0), "WAIT_HEALTH GRANTED", "pilot: 0 of 3 needed hosts are known to be healthy since they have it"},
		"nonsense":                  {healthOf(3, -1, 0), "WAIT_HEALTH GRANTED", "pilot: what is known of its hosts' health contradicts itself"},
	} {
		t.Run(name, func(t *testing.T) {
			q := gated(c.e, 0)
			if q.Ring.Requires[0].Healthy = true; c.msg == "" {
				q.Ring.Requires[0].Soak = hours(1)
			}
			d := Decide(q)
			if got := codes(d); got != c.reasons || c.msg != "" && d.Reasons[0].Msg != c.msg {
				t.Errorf("%s, want %s: %s", got, c.reasons, d.Reasons[0].Msg)
			}
			q.Ring.Requires[0].Healthy = false
			if got := codes(Decide(q)); got != "GRANTED" {
				t.Errorf("nobody asks, and it is %s", got)
			}
		})
	}
}

// TestOwnHostsAreNamed, and what the newest snapshot shows counts even where evidence does not have it yet.
func TestOwnHostsAreNamed(t *testing.T) {
	q := gated(healthOf(3, 0, 0), 0)
	q.Ring.Requires[0].Healthy = true
	q.Unwell = func(ring string, h inventory.Health) []string {
		if ring != "pilot" || h == inventory.HealthUnknown {
			return nil
		}
		return []string{"a (unit x: failed)", "b", "c", "d", "e"}
	}
	d := Decide(q)
	if want := "pilot: 5 of 8 hosts that have it are not healthy: a (unit x: failed), b, c, and 2 more"; d.Reasons[0].Msg != want {
		t.Errorf("%s", d.Reasons[0].Msg)
	}
	q.Ring.Requires[0].Tenant = "lab"
	e := healthOf(2, 1, 0)
	e.Ring, e.Update = "lab/pilot", openssl
	q.Evidence = NewIndex(Evidence{e})
	if got, want := Decide(q).Reasons[0].Msg, "lab/pilot: 1 of 3 hosts that have it is not healthy"; got != want {
		t.Errorf("%s", got)
	}
}

func TestHealthOfThePool(t *testing.T) {
	for name, c := range map[string]struct {
		e       RingEvidence
		reasons string
	}{
		"enough":                {healthOf(3, 0, 0), "GRANTED"},
		"others are unknown":    {healthOf(3, 0, 9), "GRANTED"},
		"too few are known":     {healthOf(2, 0, 9), "WAIT_HEALTH GRANTED"},
		"one of twenty is sick": {healthOf(19, 1, 0), "GRANTED"},
		"one of ten":            {healthOf(9, 1, 0), "WAIT_HEALTH GRANTED"},
	} {
		t.Run(name, func(t *testing.T) {
			q := gated(RingEvidence{}, 0)
			q.Ring.Requires[0] = policy.Requirement{Tenant: policy.AllTenants, Ring: policy.PoolRing, MinSucceeded: 3, Tenants: 1, Succeeded: 95, Healthy: true}
			c.e.Ring, c.e.Update, c.e.Tenants = "*/pool", openssl, 1
			q.Evidence = NewIndex(Evidence{c.e})
			if got := codes(Decide(q)); got != c.reasons {
				t.Errorf("%s, want %s", got, c.reasons)
			}
		})
	}
}

// What nobody can test and a policy lets pass needs no healthy host; what somebody tested does.
func TestHealthOfWhatIsUntested(t *testing.T) {
	q := gated(RingEvidence{}, 0)
	q.Ring.Requires[0].IfUntested, q.Ring.Requires[0].Healthy = policy.UntestedApprove, true
	check(t, Decide(q), Approved, "", "GRANTED UNTESTED")
	one := RingEvidence{Attempted: 1, Succeeded: 1, SucceededAt: ago(99 * time.Hour)}
	q = gated(one, 0)
	q.Ring.Requires[0].IfUntested, q.Ring.Requires[0].Healthy, q.Ring.Requires[0].MinSucceeded = policy.UntestedApprove, true, 2
	check(t, Decide(q), Pending, "", "WAIT_HEALTH GRANTED UNTESTED")
}

// A host that falls ill, one more that is ill, or one of which nothing is known any more never opens a gate.
func TestAnUnhealthyHostNeverLoosens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, e := sceneWithEvidence(t)
		before := s.decide()
		switch kind := rapid.IntRange(0, 3).Draw(t, "illness"); {
		case kind == 0 && e.Healthy > 0:
			e.Healthy, e.Unhealthy = e.Healthy-1, e.Unhealthy+1
		case kind == 1 && e.Healthy > 0:
			e.Healthy, e.HealthUnknown = e.Healthy-1, e.HealthUnknown+1
		case kind == 2:
			e.HealthUnknown++
		default:
			e.Unhealthy++
		}
		if after := s.decide(); looser(after, before) {
			t.Fatalf("from %+v\nto %+v", before, after)
		}
	})
}
