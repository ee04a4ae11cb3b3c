package plan_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
	"github.com/ringfence/ringfence/compiler/policy"
)

func TestHostsThatAreNotJudged(t *testing.T) {
	in := plantest.World("2026-11-21T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved))
	far := plantest.Host("far-1", "pilot")
	far.Labels = append([]policy.Label{{Key: "site", Value: "ham"}}, far.Labels...)
	in.Policy.Hosts = append(in.Policy.Hosts, far, plantest.Host("lost-1", "none"), plantest.Host("new-1", "pilot"), plantest.Host("twice", "prod"))
	in.Policy.Rings = append(in.Policy.Rings, policy.Ring{Name: "zeta", Select: []policy.Label{{Key: "twice", Value: "yes"}}, Window: "anytime"})
	in.Policy.Hosts[len(in.Policy.Hosts)-1].Labels = append(in.Policy.Hosts[len(in.Policy.Hosts)-1].Labels, policy.Label{Key: "twice", Value: "yes"})
	missing := []inventory.Missing{{Update: 0, From: "1.0"}}
	in.Snapshot.Hosts[0].State = inventory.Unreachable
	in.Snapshot.Hosts[1].State = inventory.Stale
	in.Snapshot.Hosts[2].State, in.Snapshot.Hosts[2].Notes = inventory.Quarantined, []string{"its key changed\x1b[2J"}
	in.Snapshot.Hosts[3].State = "half-scanned"
	in.Snapshot.Hosts = append(in.Snapshot.Hosts,
		inventory.Host{Name: "gone-1", State: inventory.Scanned, Missing: missing},
		inventory.Host{Name: "lost-1", State: inventory.Scanned, Missing: missing},
		inventory.Host{Name: "twice", State: inventory.Scanned, Missing: missing},
		inventory.Host{Name: "web-1", State: inventory.Scanned, Missing: missing})
	p := plantest.Built(t, in)
	wantTold(t, p, `pilot/default wave 1 weeknight Nov23T21:00/Nov24T01:00 web-2 web-3: change 0 openssl never`)
	var quarantined []string
	for _, q := range p.Quarantined {
		quarantined = append(quarantined, q.Host+": "+q.Reason)
	}
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"unreachable", p.Unreachable, []string{"db-1"}},
		{"stale", p.Stale, []string{"db-2", "db-4", "new-1"}},
		{"ignored", p.Ignored, []string{"gone-1"}},
		{"quarantined", quarantined, []string{
			"db-3: its key changed�[2J", "lost-1: no ring selects it", "twice: rings zeta and broad both select it",
			"web-1: the snapshot lists it more than once",
		}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: got %q, want %q", c.what, c.got, c.want)
		}
	}
	if p.Summary.Hosts != 10 || p.Summary.Planned != 2 {
		t.Errorf("summary %+v", p.Summary)
	}
}

func TestPilotAtAnotherSiteIsNotAbsent(t *testing.T) {
	in := only(plantest.World("2026-11-21T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved)), "db")
	for i := range in.Policy.Hosts {
		if in.Policy.Hosts[i].Label("tier") == "pilot" {
			in.Policy.Hosts[i].Labels = append([]policy.Label{{Key: "site", Value: "ham"}}, in.Policy.Hosts[i].Labels...)
		}
	}
	in.Evidence = plantest.Tested(plantest.OpenSSL, "2026-11-01T00:00:00Z")
	in.Evidence[1] = decision.RingEvidence{Ring: "pilot", Update: plantest.OpenSSL, Missing: 3}
	wantTold(t, plantest.Built(t, in), `broad/default waits for gate until - db-1 db-2 db-3 db-4: openssl WAIT_GATE GRANTED`)
}

func TestOrderOfRings(t *testing.T) {
	in := plantest.World("2026-11-21T12:00:00Z")
	in.Policy.Rings = append(in.Policy.Rings,
		policy.Ring{Name: "alpha", Requires: []policy.Requirement{{Ring: "broad"}}}, policy.Ring{Name: "zeta"},
		policy.Ring{Name: "loop", Requires: []policy.Requirement{{Ring: "loop"}}})
	var got []string
	for _, r := range plantest.Built(t, in).Rings {
		got = append(got, r.Ring)
	}
	if want := "pilot zeta broad alpha loop"; strings.Join(got, " ") != want {
		t.Errorf("order %q, want %q", got, want)
	}
}

func TestContradictingInput(t *testing.T) {
	for name, spoil := range map[string]func(*plan.Input){
		"no policy":              func(in *plan.Input) { in.Policy = nil },
		"no snapshot":            func(in *plan.Input) { in.Snapshot = nil },
		"another tenant":         func(in *plan.Input) { in.Snapshot.Tenant = "beta" },
		"answers missing":        func(in *plan.Input) { in.Answers = nil },
		"index out of range":     func(in *plan.Input) { in.Snapshot.Hosts[0].Missing[0].Update = 7 },
		"unknown zone":           func(in *plan.Input) { in.Policy.Timezone = "Local" },
		"freeze that is no time": func(in *plan.Input) { in.Policy.Freezes[0].Ends = "soon" },
	} {
		in := plantest.World("2026-11-21T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved))
		spoil(&in)
		if _, err := plan.Build(in); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestParents: what a plan does not depend on must not move its bytes, what it does must.
func TestParents(t *testing.T) {
	base := func() plan.Input {
		in := plantest.World("2026-11-21T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved))
		in.Evidence = plantest.Tested(plantest.OpenSSL, "2026-11-20T00:00:00Z")
		return in
	}
	want := plantest.Built(t, base())
	for name, c := range map[string]struct {
		change func(*plan.Input)
		same   bool
	}{
		"evidence of a ring that nobody names": {func(in *plan.Input) {
			in.Evidence = append(in.Evidence, decision.RingEvidence{Ring: "z/other", Update: plantest.OpenSSL})
		}, true},
		"failure on a host that is not ours": {func(in *plan.Input) {
			in.Failures = []plan.Failure{{Host: "x", Update: plantest.OpenSSL, At: in.At}}
		}, true},
		"an instant within the second": {func(in *plan.Input) { in.At = in.At.Add(time.Millisecond) }, true},
		"known snapshot digest": {func(in *plan.Input) {
			in.SnapshotDigest, _ = in.Snapshot.Digest()
		}, true},
		"evidence of a ring that is named": {func(in *plan.Input) { in.Evidence[0].Platforms = []string{"debian 12"} }, false},
		"a failure on our host": {func(in *plan.Input) {
			in.Failures = []plan.Failure{{Host: "db-1", Update: plantest.OpenSSL, At: plantest.Instant("2026-11-01T00:00:00Z")}}
		}, false},
		"policy":   {func(in *plan.Input) { in.Policy.Source = "x" }, false},
		"snapshot": {func(in *plan.Input) { in.Snapshot.Hosts[0].Kernel = "6.1" }, false},
		"tool":     {func(in *plan.Input) { in.Tool = "other" }, false},
	} {
		in := base()
		c.change(&in)
		if got := plantest.Built(t, in); (got.Digest == want.Digest) != c.same {
			t.Errorf("%s: same digest %t, want %t", name, got.Digest == want.Digest, c.same)
		}
	}
}

// TestDecisions: one for every update and ring that lacks it, however many hosts do, in the order of the plan.
func TestDecisions(t *testing.T) {
	in := plantest.World("2026-11-21T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved), plantest.Lacks(plantest.Bash, plantest.Refused))
	for i := range in.Snapshot.Hosts[:4] {
		in.Snapshot.Hosts[i].Missing = in.Snapshot.Hosts[i].Missing[1:]
	}
	list, err := plan.Decisions(in)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range list {
		got = append(got, d.Ring+" "+name(d.Update)+" "+string(d.Outcome))
	}
	want := []string{"pilot bash rejected", "pilot openssl approved", "broad openssl needs-approval"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
