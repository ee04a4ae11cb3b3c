package verify

import (
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

// afterPilot is a story in which pilot has succeeded, and broad is started a day later, whatever the health of pilot's
// hosts: nobody asked for it. Look says whether a scan came in between.
func afterPilot(t *testing.T, ill map[string]inventory.Health, look bool) *story {
	s := newStory(t)
	s.scan()
	s.now = instant("2026-11-16T22:00:00Z")
	s.scan()
	s.run(allSucceed)
	s.now, s.ill = instant("2026-11-17T22:00:00Z"), ill
	if look {
		s.scan()
	}
	s.run(allSucceed)
	return s
}

// TestBothJudgeHealth: both verifiers hold broad to a gate that asks for health.
func TestBothJudgeHealth(t *testing.T) {
	t.Parallel()
	healthy := func(t *policy.Tenant) { t.Rings[0].Requires[1].Healthy = true }
	few := func(rows []ledger.RingHealth) []ledger.RingHealth {
		for i := range rows {
			rows[i].Failing = 0
		}
		return rows
	}
	stories := map[string]*story{
		"well":     afterPilot(t, nil, true),
		"ill":      afterPilot(t, map[string]inventory.Health{"web-1": inventory.HealthFailing}, true),
		"mute":     afterPilot(t, map[string]inventory.Health{"web-3": ""}, true),
		"unlooked": afterPilot(t, nil, false),
	}
	for name, c := range map[string]struct {
		story  string
		ask    func(*policy.Tenant)
		forge  func([]ledger.RingHealth) []ledger.RingHealth // what the newest scan says
		closed bool
		other  Code // what is found beside
	}{
		"all are well":      {"well", healthy, nil, false, ""},
		"nobody asks":       {"ill", func(*policy.Tenant) {}, nil, false, ""},
		"one is not":        {"ill", healthy, nil, true, ""},
		"nobody knows":      {"mute", healthy, nil, true, ""},
		"nobody looked":     {"unlooked", healthy, nil, true, ""},
		"it is not counted": {"ill", healthy, few, true, ""},
		"no row at all":     {"well", healthy, func([]ledger.RingHealth) []ledger.RingHealth { return nil }, true, ""},
		"more are well than there are": {"well", healthy, func(rows []ledger.RingHealth) []ledger.RingHealth {
			for i := range rows {
				rows[i].Healthy = 9
			}
			return rows
		}, false, Snapshot},
	} {
		t.Run(name, func(t *testing.T) {
			judgeHealth(t, stories[c.story], c.ask, c.forge, nil, c.closed, c.other)
		})
	}
	pool := policy.Requirement{Tenant: policy.AllTenants, Ring: policy.PoolRing, Succeeded: 50, MinSucceeded: 2, Tenants: 1, IfUntested: policy.UntestedWait, Healthy: true}
	abroad := func(healthy, unhealthy, unknown int, ring string) func(*inputs.Run) {
		return func(in *inputs.Run) {
			for i := range in.Foreign {
				e := &in.Foreign[i]
				if e.Healthy, e.Unhealthy, e.HealthUnknown = healthy, unhealthy, unknown; ring != "" {
					e.Ring, e.Attempted, e.Succeeded, e.Tenants = ring, 3, 3, 1
				}
			}
		}
	}
	for name, c := range map[string]struct {
		ask    func(*policy.Ring)
		input  func(*inputs.Run)
		closed bool
	}{
		"another tenant's are well":          {func(r *policy.Ring) { r.Requires[0].Healthy = true }, abroad(1, 0, 0, ""), false},
		"one of another tenant's is not":     {func(r *policy.Ring) { r.Requires[0].Healthy = true }, abroad(1, 1, 0, ""), true},
		"of another tenant nothing is known": {func(r *policy.Ring) { r.Requires[0].Healthy = true }, abroad(0, 0, 0, ""), true},
		"the pool is well":                   {func(r *policy.Ring) { r.Requires = []policy.Requirement{pool} }, abroad(2, 1, 5, "*/pool"), false},
		"half of the pool is not":            {func(r *policy.Ring) { r.Requires = []policy.Requirement{pool} }, abroad(2, 3, 0, "*/pool"), true},
		"too few of the pool are known":      {func(r *policy.Ring) { r.Requires = []policy.Requirement{pool} }, abroad(1, 0, 9, "*/pool"), true},
	} {
		t.Run(name, func(t *testing.T) {
			judgeHealth(t, stories["well"], func(t *policy.Tenant) { c.ask(&t.Rings[0]) }, nil, c.input, c.closed, "")
		})
	}
}

// judgeHealth lets both verifiers judge the first wave of broad under another policy, after another scan, with other
// evidence from abroad.
func judgeHealth(t *testing.T, s *story, ask func(*policy.Tenant), forge func([]ledger.RingHealth) []ledger.RingHealth, input func(*inputs.Run), closed bool, other Code) {
	f, x := newForger(t, s.dir), &forgery{s, s.chain()}
	i := slices.IndexFunc(x.chain, func(l link) bool {
		return l.record.Phase == ledger.PhaseIntent && l.record.Actions[0].Ring == "broad"
	})
	x.chain = x.chain[:i+1]
	x.chain[i].untouched, x.chain[i-1].untouched = false, forge == nil
	edit(x, &x.chain[i], inputs.PolicyFile, func(t *policy.Tenant) { ask(t) })
	x.chain[i].record.Policy = canonical.DigestBytes(x.chain[i].files[inputs.PolicyFile])
	if input != nil {
		edit(x, &x.chain[i], inputs.RunFile, input)
	}
	if forge != nil {
		scan := *x.chain[i-1].record.Scan
		scan.Health = forge(slices.Clone(scan.Health))
		x.chain[i-1].record.Scan = &scan
	}
	in := s.input()
	in.Head = f.write(x.chain)
	r := mustVerify(t, in)
	found := func(code Code) bool {
		return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == code })
	}
	if found(Gate) != closed || other != "" && !found(other) {
		t.Errorf("closed: %v, want %v: %v", found(Gate), closed, r.Findings)
	}
	if _, said := s.second(t, in.Head); strings.Contains(said, "GATE") != closed || !strings.Contains(said, string(other)) {
		t.Errorf("the second verifier says\n%s", said)
	}
}
