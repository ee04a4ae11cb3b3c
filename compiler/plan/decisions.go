package plan

import "github.com/ringfence/ringfence/compiler/decision"

// Decisions returns what was decided of every update in every ring that lacks it, in the plan's order of rings, then
// updates: what the rules, approvals and gates say, before any window. Build plans from the same decisions.
func Decisions(in Input) ([]decision.Decision, error) {
	b, err := decided(in)
	if err != nil {
		return nil, err
	}
	var out []decision.Decision
	for _, v := range b.verdicts {
		if v != nil {
			out = append(out, v.decision)
		}
	}
	return out, nil
}
