package verify

import (
	"testing"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

// TestBothJudgeAbsences: who is left out of an occurrence, and who is caught up, is judged alike by both verifiers. That
// snapshots say something else is found, too, and no matter here.
func TestBothJudgeAbsences(t *testing.T) {
	t.Parallel()
	s := tell(t)
	f, honest := newForger(t, s.dir), s.chain()
	seen := policy.CatchUp{As: policy.CatchUpSeen, Within: "night"}
	for name, c := range map[string]struct {
		rule   policy.CatchUp
		away   bool // by the scan before
		caught bool // the wave says that it catches up
		wrong  bool
	}{
		"no rule, away":                  {policy.CatchUp{}, true, false, false},
		"left out, and away":             {policy.CatchUp{As: policy.CatchUpSkip}, true, false, true},
		"left out, and there":            {policy.CatchUp{As: policy.CatchUpSkip}, false, false, false},
		"caught up without a rule":       {policy.CatchUp{}, false, true, true},
		"caught up, and was never away":  {seen, false, true, true},
		"caught up, and is still away":   {seen, true, true, true},
		"in its window, whoever is away": {seen, true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			x := &forgery{s, copied(honest)}
			l := x.at(ledger.PhaseIntent, 3)
			edit(x, l, inputs.PolicyFile, func(p *policy.Tenant) {
				for i := range p.Rings {
					p.Rings[i].CatchUp = c.rule
				}
			})
			l.record.Policy = canonical.DigestBytes(l.files[inputs.PolicyFile])
			for i := range l.record.Actions {
				l.record.Actions[i].CatchUp = c.caught
			}
			last := x.index(ledger.PhaseIntent, 3)
			for i := last; i >= 0 && c.away; i-- {
				if scan := x.chain[i].record.Scan; scan != nil {
					changed := *scan
					changed.Away = []string{l.record.Actions[0].Host}
					x.chain[i].untouched, x.chain[i].record.Scan = false, &changed
					break
				}
			}
			x.chain = x.chain[:last+1]
			s.bothSay(t, f, x, Window, c.wrong)
		})
	}
}
