package verify

import (
	"slices"
	"testing"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

// TestBothJudgeCanaries: who goes first is judged alike by both verifiers. The lane is written into the policy, and the
// first wave of broad, of two hosts, is the last record.
func TestBothJudgeCanaries(t *testing.T) {
	t.Parallel()
	s := tell(t)
	f, honest := newForger(t, s.dir), s.chain()
	for name, c := range map[string]struct {
		canary int
		first  bool // the wave says that its hosts are canaries
		closed bool
	}{
		"a lane without canaries":         {0, false, false},
		"others go before the canaries":   {1, false, true},
		"the canaries go":                 {2, true, false},
		"more go first than may":          {1, true, true},
		"canaries that the lane has none": {0, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			x := &forgery{s, copied(honest)}
			l := x.at(ledger.PhaseIntent, 3)
			edit(x, l, inputs.PolicyFile, func(p *policy.Tenant) {
				p.Lanes = []policy.Lane{{Name: policy.DefaultLane, Canary: policy.Amount{Count: c.canary}}}
			})
			digest := canonical.DigestBytes(l.files[inputs.PolicyFile])
			for n := 3; n <= 4; n++ {
				r := &x.at(ledger.PhaseIntent, n).record
				r.Policy = digest
				for i, a := range r.Actions {
					r.Actions[i].Updates = slices.Clone(a.Updates)
					for j := range a.Updates {
						r.Actions[i].Updates[j].Canary = c.first
					}
				}
			}
			x.chain = x.chain[:x.index(ledger.PhaseIntent, 4)+1]
			s.bothSay(t, f, x, Gate, c.closed)
		})
	}
}
