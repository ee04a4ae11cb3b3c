package decision

import (
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// proven is evidence that would open the gate of gated.
func proven() RingEvidence {
	return RingEvidence{Attempted: 3, Succeeded: 3, SucceededAt: ago(99 * time.Hour), Platforms: []string{"debian 12"}}
}

func TestMinReported(t *testing.T) {
	few := policy.Amount{Percent: 90}
	for name, c := range map[string]struct {
		need    policy.Amount
		reports func(string) Reports
		reasons string
	}{
		"enough":         {few, func(string) Reports { return Reports{9, 10} }, "GRANTED"},
		"one short":      {few, func(string) Reports { return Reports{8, 10} }, "WAIT_REPORTS GRANTED"},
		"not rounded":    {few, func(string) Reports { return Reports{8, 9} }, "WAIT_REPORTS GRANTED"},
		"a count":        {policy.Amount{Count: 4}, func(string) Reports { return Reports{4, 200} }, "GRANTED"},
		"too small":      {policy.Amount{Count: 4}, func(string) Reports { return Reports{3, 3} }, "WAIT_REPORTS GRANTED"},
		"nobody knows":   {few, nil, "WAIT_REPORTS GRANTED"},
		"contradicting":  {few, func(string) Reports { return Reports{4, 3} }, "WAIT_REPORTS GRANTED"},
		"not asked for":  {policy.Amount{}, nil, "GRANTED"},
		"an empty ring":  {few, func(string) Reports { return Reports{} }, "GRANTED"},
		"an empty count": {policy.Amount{Count: 1}, func(string) Reports { return Reports{} }, "WAIT_REPORTS GRANTED"},
	} {
		t.Run(name, func(t *testing.T) {
			q := gated(proven(), 0)
			q.Ring.Requires[0].MinReported, q.Reported = c.need, c.reports
			if got := codes(Decide(q)); got != c.reasons {
				t.Errorf("%s, want %s", got, c.reasons)
			}
		})
	}
	t.Run("foreign", func(t *testing.T) {
		q := gated(RingEvidence{}, 0)
		q.Ring.Requires[0].Tenant, q.Ring.Requires[0].MinReported = "lab", few
		e, all := proven(), RingEvidence{Ring: "lab/pilot", Hosts: 10, Reported: 9}
		e.Ring, e.Update = "lab/pilot", openssl
		q.Evidence = NewIndex(Evidence{all, e})
		check(t, Decide(q), Approved, "", "GRANTED")
		q.Evidence = NewIndex(Evidence{e})
		check(t, Decide(q), Pending, "", "WAIT_REPORTS GRANTED")
	})
}

// TestEachPlatform: what many hosts of one platform show says little of another.
func TestEachPlatform(t *testing.T) {
	pool := func(on ...OnPlatform) RingEvidence {
		return RingEvidence{
			Ring: "*/pool", Update: openssl, Attempted: 40, Succeeded: 40, Tenants: 5, SucceededAt: ago(99 * time.Hour),
			Platforms: []string{"debian 12", "debian 13"}, OnPlatforms: on,
		}
	}
	proven := OnPlatform{"debian 12", 10, 3}
	for name, c := range map[string]struct {
		e       RingEvidence
		have    []string
		reasons string
	}{
		"proven":                   {pool(proven), []string{"debian 12"}, "GRANTED"},
		"another platform":         {pool(proven, OnPlatform{"debian 13", 9, 3}), []string{"debian 12", "debian 13"}, "WAIT_PLATFORM GRANTED"},
		"in too few tenants":       {pool(OnPlatform{"debian 12", 30, 2}), []string{"debian 12"}, "WAIT_PLATFORM GRANTED"},
		"both":                     {pool(proven, OnPlatform{"debian 13", 10, 3}), []string{"debian 12", "debian 13"}, "GRANTED"},
		"nobody counted":           {pool(), []string{"debian 12"}, "WAIT_PLATFORM GRANTED"},
		"not known":                {pool(proven, OnPlatform{"", 20, 3}), []string{""}, "WAIT_PLATFORM GRANTED"},
		"more than succeeded":      {pool(OnPlatform{"debian 12", 41, 3}), []string{"debian 12"}, "GATE_IN_DOUBT GRANTED"},
		"fewer than none of it":    {pool(proven, OnPlatform{"debian 13", -1, 0}), []string{"debian 12"}, "GATE_IN_DOUBT GRANTED"},
		"more than it asked about": {pool(proven, OnPlatform{"debian 13", 1, 1}), []string{"debian 12"}, "GRANTED"},
	} {
		q := query(security)
		q.Ring.Requires = []policy.Requirement{{
			Tenant: policy.AllTenants, Ring: policy.PoolRing, Succeeded: 95, MinSucceeded: 10, Tenants: 3, IfUntested: policy.UntestedWait,
			SamePlatform: true, EachPlatform: true,
		}}
		q.Evidence, q.Platforms = NewIndex(Evidence{c.e}), func() []string { return c.have }
		if d := Decide(q); codes(d) != c.reasons {
			t.Errorf("%s: got %+v, want %s", name, d.Reasons, c.reasons)
		}
	}
}

func TestPlatforms(t *testing.T) {
	for name, c := range map[string]struct {
		same    bool
		list    []string
		have    []string
		reasons string
	}{
		"the same":           {true, nil, []string{"debian 12"}, "GRANTED"},
		"another":            {true, nil, []string{"debian 12", "debian 13"}, "WAIT_PLATFORM GRANTED"},
		"not known":          {true, nil, []string{""}, "WAIT_PLATFORM GRANTED"},
		"no platform listed": {false, nil, []string{"debian 13"}, "GRANTED"},
		"one of a list":      {false, []string{"debian 12", "ubuntu 24.04"}, []string{"debian 12"}, "WAIT_PLATFORM GRANTED"},
		"a list that holds":  {false, []string{"debian 12"}, []string{"debian 13"}, "GRANTED"},
	} {
		t.Run(name, func(t *testing.T) {
			q := gated(proven(), 0)
			q.Ring.Requires[0].SamePlatform, q.Ring.Requires[0].Platforms = c.same, c.list
			q.Platforms = func() []string { return c.have }
			if got := codes(Decide(q)); got != c.reasons {
				t.Errorf("%s, want %s", got, c.reasons)
			}
		})
	}
	t.Run("who does not know is not told that it holds", func(t *testing.T) {
		q := gated(proven(), 0)
		q.Ring.Requires[0].SamePlatform = true
		check(t, Decide(q), Pending, "", "WAIT_PLATFORM GRANTED")
	})
	t.Run("what nobody can test covers nothing", func(t *testing.T) {
		q := gated(RingEvidence{}, 0)
		q.Ring.Requires[0].IfUntested, q.Ring.Requires[0].Platforms = policy.UntestedApprove, []string{"debian 12"}
		check(t, Decide(q), Pending, "", "WAIT_PLATFORM GRANTED UNTESTED")
	})
}

// either asks for one of two rings: pilot as gated does, or canary, at least 1, soaked for 6 hours.
func either(pilot, canary RingEvidence) Query {
	q := gated(RingEvidence{}, 9)
	canaryGate := policy.Requirement{Ring: "canary", Succeeded: 100, MinSucceeded: 1, Soak: hours(6), Source: "t.cue:8:3"}
	q.Ring.RequiresAny = [][]policy.Requirement{q.Ring.Requires, {canaryGate}}
	q.Ring.Requires = nil
	pilot.Ring, pilot.Update, canary.Ring, canary.Update = "pilot", openssl, "canary", openssl
	q.Evidence = NewIndex(Evidence{canary, pilot})
	return q
}

func TestRequiresAny(t *testing.T) {
	soaking := RingEvidence{Attempted: 1, Succeeded: 1, SucceededAt: ago(time.Hour)}
	failed := RingEvidence{Attempted: 1, Failed: 1}
	for name, c := range map[string]struct {
		pilot, canary RingEvidence
		outcome       Outcome
		until         string
		reasons       string
	}{
		"none":                       {RingEvidence{}, RingEvidence{}, Pending, "", "WAIT_GATE GRANTED"},
		"the first":                  {proven(), RingEvidence{}, Approved, "", "GRANTED"},
		"the second":                 {RingEvidence{}, proven(), Approved, "", "GRANTED"},
		"one holds, one failed":      {failed, proven(), Approved, "", "GRANTED"},
		"the one whose end is known": {failed, soaking, Pending, "5h0m0s", "WAIT_SOAK GRANTED"},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(either(c.pilot, c.canary))
			check(t, d, c.outcome, c.until, c.reasons)
			if c.outcome != Approved && !strings.Contains(d.Reasons[0].Msg, "none of 2 alternatives") {
				t.Errorf("it does not speak of alternatives: %s", d.Reasons[0].Msg)
			}
		})
	}
}

// TestPeopleAreNearerThanTheUnknown: of two alternatives without a known end, one that a person can let pass is told.
func TestPeopleAreNearerThanTheUnknown(t *testing.T) {
	q := either(RingEvidence{}, RingEvidence{})
	q.Missing = func(ring string) int { return map[string]int{"canary": 9}[ring] }
	check(t, Decide(q), NeedsApproval, "", "UNTESTED GRANTED")
	q.Ring.RequiresAny[0][0].Platforms = []string{"debian 12"} // which nobody can sign away
	check(t, Decide(q), Pending, "", "WAIT_GATE GRANTED")
}

func TestPool(t *testing.T) {
	q := query(security)
	q.Ring.Requires = []policy.Requirement{{
		Tenant: policy.AllTenants, Ring: policy.PoolRing, Succeeded: 95, MinSucceeded: 10, Tenants: 3, Soak: hours(24), IfUntested: policy.UntestedWait,
	}}
	for name, c := range map[string]struct {
		e       RingEvidence
		until   string
		reasons string
	}{
		"nothing":             {RingEvidence{}, "", "WAIT_GATE WAIT_GATE GRANTED"},
		"proven":              {RingEvidence{Attempted: 20, Succeeded: 20, Tenants: 3, SucceededAt: ago(24 * time.Hour)}, "", "GRANTED"},
		"soaking":             {RingEvidence{Attempted: 20, Succeeded: 20, Tenants: 3, SucceededAt: ago(23 * time.Hour)}, "1h0m0s", "WAIT_SOAK GRANTED"},
		"too few tenants":     {RingEvidence{Attempted: 20, Succeeded: 20, Tenants: 2, SucceededAt: ago(24 * time.Hour)}, "", "WAIT_GATE GRANTED"},
		"too few hosts":       {RingEvidence{Attempted: 9, Succeeded: 9, Missing: 9, Tenants: 9, SucceededAt: ago(24 * time.Hour)}, "", "WAIT_GATE GRANTED"},
		"one is under way":    {RingEvidence{Attempted: 20, Succeeded: 19, InDoubt: 1, Tenants: 3, SucceededAt: ago(24 * time.Hour)}, "", "GRANTED"},
		"too many are":        {RingEvidence{Attempted: 20, Succeeded: 18, InDoubt: 2, Tenants: 3, SucceededAt: ago(24 * time.Hour)}, "", "GATE_FAILED GRANTED"},
		"too many failed":     {RingEvidence{Attempted: 20, Succeeded: 18, Failed: 2, Tenants: 3, SucceededAt: ago(24 * time.Hour)}, "", "GATE_FAILED GRANTED"},
		"contradicts itself":  {RingEvidence{Attempted: 10, Succeeded: 20, Tenants: 3, SucceededAt: ago(24 * time.Hour)}, "", "GATE_IN_DOUBT GRANTED"},
		"of a ring of a name": {RingEvidence{Ring: "pool", Attempted: 20, Succeeded: 20, Tenants: 3, SucceededAt: ago(24 * time.Hour)}, "", "WAIT_GATE WAIT_GATE GRANTED"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.e.Update = openssl; c.e.Ring == "" {
				c.e.Ring = "*/pool"
			}
			q.Evidence = NewIndex(Evidence{c.e})
			outcome := Pending
			if c.reasons == "GRANTED" {
				outcome = Approved
			}
			check(t, Decide(q), outcome, c.until, c.reasons)
		})
	}
}
