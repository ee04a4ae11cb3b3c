package verify

import (
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger"
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
	healthy := func(q *policy.Requirement) { q.Healthy = true }
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
		ask    func(*policy.Requirement)
		forge  func([]ledger.RingHealth) []ledger.RingHealth // what the newest scan says
		closed bool
		other  Code // what is found beside
	}{
		"all are well":      {"well", healthy, nil, false, ""},
		"nobody asks":       {"ill", func(*policy.Requirement) {}, nil, false, ""},
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
			s := stories[c.story]
			f, x := newForger(t, s.dir), &forgery{s, s.chain()}
			i := slices.IndexFunc(x.chain, func(l link) bool {
				return l.record.Phase == ledger.PhaseIntent && l.record.Actions[0].Ring == "broad"
			})
			x.chain = x.chain[:i+1]
			x.chain[i].untouched, x.chain[i-1].untouched = false, c.forge == nil
			edit(x, &x.chain[i], ledger.PolicyFile, func(t *policy.Tenant) { c.ask(&t.Rings[0].Requires[1]) })
			x.chain[i].record.Policy = canonical.DigestBytes(x.chain[i].files[ledger.PolicyFile])
			if c.forge != nil {
				scan := *x.chain[i-1].record.Scan
				scan.Health = c.forge(slices.Clone(scan.Health))
				x.chain[i-1].record.Scan = &scan
			}
			in := s.input()
			in.Head = f.write(x.chain)
			r := mustVerify(t, in)
			found := func(code Code) bool {
				return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == code })
			}
			if found(Gate) != c.closed || c.other != "" && !found(c.other) {
				t.Errorf("closed: %v, want %v: %v", found(Gate), c.closed, r.Findings)
			}
			if _, said := s.second(t, in.Head); strings.Contains(said, "GATE") != c.closed || !strings.Contains(said, string(c.other)) {
				t.Errorf("the second verifier says\n%s", said)
			}
		})
	}
}
