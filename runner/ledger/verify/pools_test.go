package verify

import (
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/runner/ledger"
)

// TestTooManyOfARack: three hosts that share a rack go down at once where two may, though the ring has room for four.
// Both verifiers find it, and nothing in what was done honestly.
func TestTooManyOfARack(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.tenant.Rings[0].MaxUnavailable = policy.Amount{Count: 4}
	s.tenant.Rings[0].UnavailablePer = []policy.LabelAmount{{Label: "rack", Most: policy.Amount{Percent: 40}}} // of 5 without the label
	telling(s)
	if r := mustVerify(t, s.input()); !r.OK() {
		t.Fatalf("of the honest ledger it says %v", r.Findings)
	}
	if ok, said := s.second(t, s.head.Commit); !ok {
		t.Fatalf("of the honest ledger the second verifier says\n%s", said)
	}
	x := &forgery{s, s.chain()}
	x.together(x.index(ledger.PhaseIntent, 5))
	in := s.input()
	in.Head = newForger(t, s.dir).write(x.chain)
	r := mustVerify(t, in)
	if !slices.ContainsFunc(r.Findings, func(f Finding) bool {
		return f.Code == Budget && strings.Contains(f.Msg, "3 hosts of broad/rack= were down; 2 may be")
	}) {
		t.Errorf("no %s among %v", Budget, r.Findings)
	}
	if ok, said := s.second(t, in.Head); ok || !strings.Contains(said, "3 hosts of broad/rack= were down") {
		t.Errorf("the second verifier says %v\n%s", ok, said)
	}
}

// TestOutOfSequence: a host of a group went although the one before it had failed. Both verifiers find it, and nothing
// in what was done honestly.
func TestOutOfSequence(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.tenant.Groups = []policy.Group{{
		Name: "db", Select: []policy.Label{}, SelectBy: []policy.Choice{{Key: "tier", In: []string{"prod", "db"}, Not: []string{"pilot"}, Glob: "p*"}}, MinHealthy: policy.Amount{Percent: 20}, Sequence: []string{"db-3", "db-1", "db-4", "db-5", "db-2"},
	}}
	telling(s)
	if r := mustVerify(t, s.input()); !r.OK() {
		t.Fatalf("of the honest ledger it says %v", r.Findings)
	}
	if ok, said := s.second(t, s.head.Commit); !ok {
		t.Fatalf("of the honest ledger the second verifier says\n%s", said)
	}
	x := &forgery{s, s.chain()}
	for i := range x.chain {
		l := &x.chain[i]
		if a := l.record.Actions; l.record.Phase == ledger.PhaseWave && len(a) > 0 && a[0].Host == "db-3" {
			l.untouched, a[0].Status = false, ledger.Failed
		}
	}
	in := s.input()
	in.Head = newForger(t, s.dir).write(x.chain)
	r := mustVerify(t, in)
	if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == Budget && strings.Contains(f.Msg, "before db-3 had succeeded") }) {
		t.Errorf("no %s among %v", Budget, r.Findings)
	}
	if ok, said := s.second(t, in.Head); ok || !strings.Contains(said, "before db-3 had succeeded") {
		t.Errorf("the second verifier says %v\n%s", ok, said)
	}
}
