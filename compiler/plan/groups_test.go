package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
	"github.com/ringfence/ringfence/compiler/policy"
)

// TestQuorum: however a group lies across rings, no wave takes more of it than leaves minHealthy, hosts in doubt and
// those that were not scanned being down; with a sequence its hosts go in its order, one in a wave; and what a group
// keeps from starting waits for the budget and is not lost.
func TestQuorum(t *testing.T) {
	worlds, filled, followed := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		worlds++
		in := plantest.Busy("anytime", "weekend").Draw(t, "world")
		missing := total(plantest.Built(t, in))
		g, names := grouped(t, &in)
		p := plantest.Built(t, in)
		if total(p) != missing {
			t.Fatalf("%d host-updates with the group, %d without", total(p), missing)
		}
		down := 0
		for _, h := range names {
			doubt := slices.ContainsFunc(in.InDoubt, func(d plan.InDoubt) bool { return d.Host == h })
			if s := in.Snapshot.Host(h); doubt || s == nil || s.State != inventory.Scanned {
				down++
			}
		}
		for _, r := range p.Rings {
			followed += inSequence(t, r, g.Sequence)
			for wave, hosts := range together(r) {
				n := 0
				for _, h := range names {
					if hosts[h] {
						n++
					}
				}
				if n > 0 && len(names)-down-n < g.MinHealthy.Count || n > 1 && g.Sequence != nil {
					t.Fatalf("wave %s takes %d of %d hosts, %d are down, %d must stay healthy", wave, n, len(names), down, g.MinHealthy.Count)
				}
				if n > 0 && down > 0 && len(names)-down-n == g.MinHealthy.Count {
					filled++
				}
				if p.WorstCase.PerGroup["group/db"] < n {
					t.Fatalf("wave %s takes %d hosts, the worst case is %v", wave, n, p.WorstCase.PerGroup)
				}
			}
		}
	})
	if filled < worlds/50 || followed < worlds/50 {
		t.Errorf("of %d worlds, %d waves took as much of a group as those that are down leave, and %d went after another in a sequence: the test looks at too little", worlds, filled, followed)
	}
}

// grouped puts most hosts into a group of which a few may be down, half of the time with a sequence.
func grouped(t *rapid.T, in *plan.Input) (policy.Group, []string) {
	var names []string
	for i := range in.Policy.Hosts {
		if rapid.IntRange(0, 5).Draw(t, "in the group") > 0 {
			in.Policy.Hosts[i].Labels = append([]policy.Label{{Key: "role", Value: "db"}}, in.Policy.Hosts[i].Labels...)
			names = append(names, in.Policy.Hosts[i].Name)
		}
	}
	need := max(1, len(names)-rapid.IntRange(0, 4).Draw(t, "may be down"))
	g := policy.Group{Name: "db", Select: []policy.Label{{Key: "role", Value: "db"}}, MinHealthy: policy.Amount{Count: need}}
	if len(names) > 0 && rapid.Bool().Draw(t, "sequence") {
		g.Sequence = rapid.Permutation(names).Draw(t, "order")
	}
	in.Policy.Groups = []policy.Group{g}
	return g, names
}

// inSequence counts the hosts that go after another of a sequence in one occurrence, and fails if one goes before its turn.
// Two occurrences may open together and close at different times, as some updates pass a freeze: the runner keeps the
// sequence over both.
func inSequence(t *rapid.T, r plan.Ring, sequence []string) (followed int) {
	last := map[string]int{} // place in the sequence, by occurrence
	for _, w := range r.Waves {
		occurrence := plantest.Span(w)
		for _, h := range w.Hosts {
			at := slices.Index(sequence, h)
			if at < 0 {
				continue
			}
			if before, ok := last[occurrence]; ok && before >= at {
				t.Fatalf("ring %s: %s goes in wave %d after %s", r.Ring, h, w.Wave, sequence[before])
			} else if ok {
				followed++
			}
			last[occurrence] = at
		}
	}
	return followed
}

func total(p *plan.Plan) int { return p.Summary.Planned + p.Summary.Waiting + p.Summary.Rejected }

// TestSequence: the group goes one host after the other; a host of it that failed, or that nobody reached, stops those
// after it.
func TestSequence(t *testing.T) {
	waves := func(change func(*plan.Input)) (string, string) {
		in := plantest.World("2026-11-28T19:30:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved))
		in.Evidence = plantest.Tested(plantest.OpenSSL, "2026-11-20T12:00:00Z")
		in.Policy.Rings[0].MaxUnavailable = policy.Amount{Count: 4}
		in.Policy.Groups = []policy.Group{{
			Name: "db", Select: []policy.Label{{Key: "tier", Value: "prod"}}, MinHealthy: policy.Amount{Percent: 50}, Sequence: []string{"db-3", "db-1", "db-4", "db-2"},
		}}
		change(&in)
		p := plantest.Built(t, in)
		var going, why []string
		for _, r := range p.Rings {
			for _, w := range r.Waves {
				if r.Ring == "broad" {
					going = append(going, w.Hosts...)
				}
			}
			for _, w := range r.Waiting {
				if w.For == plan.ForBudget {
					why = append(why, fmt.Sprintf("%s: %s", strings.Join(w.Hosts, " "), w.Reasons[0].Msg))
				}
			}
		}
		return strings.Join(going, " "), strings.Join(why, "\n")
	}
	for name, tt := range map[string]struct {
		change    func(*plan.Input)
		want, why string
	}{
		"in order": {func(*plan.Input) {}, "db-3 db-1 db-4 db-2", ""},
		"one failed": {
			func(in *plan.Input) {
				in.Failures = []plan.Failure{{Host: "db-3", Ring: "broad", Update: plantest.OpenSSL, At: plantest.Instant("2026-11-28T19:15:00Z"), Times: 1}}
			}, "", "db-1 db-2 db-3 db-4: group/db: db-3 failed; the sequence goes on in a later occurrence of its window",
		},
		"one unreachable": {
			func(in *plan.Input) { in.Snapshot.Host("db-4").State = inventory.Unreachable },
			"db-3 db-1", "db-2: group/db: db-4 comes before it, and is down or unknown",
		},
		"too few left": {
			func(in *plan.Input) {
				in.Snapshot.Host("db-4").State, in.Snapshot.Host("db-2").State = inventory.Unreachable, inventory.Stale
			}, "", "db-1 db-3: group/db: 2 of 4 hosts are down or unknown, and no more than 2 may be",
		},
		"another site": {
			func(in *plan.Input) {
				in.Policy.Hosts = append(in.Policy.Hosts, policy.Host{Name: "db-9", Labels: []policy.Label{{Key: "site", Value: "north"}, {Key: "tier", Value: "prod"}}})
			}, "", "db-1 db-2 db-3 db-4: group/db: 0 of 4 hosts are down or unknown, and no more than 0 may be",
		},
	} {
		if got, why := waves(tt.change); got != tt.want || why != tt.why {
			t.Errorf("%s: %q go, want %q; %q, want %q", name, got, tt.want, why, tt.why)
		}
	}
}
