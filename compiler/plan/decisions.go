package plan

import "github.com/ringfence/ringfence/compiler/decision"

// Judgement is what was decided of an update in a ring that lacks it.
type Judgement struct {
	Decision decision.Decision
	Rest     *decision.Decision // of hosts that wait for the ring's canaries; nil: Decision is of all hosts
	Left     int                // where Rest is set: how many hosts more may go as canaries
}

// Judgements returns what was decided of every update in every ring that lacks it, in the plan's order of rings, then
// updates: what the rules, approvals and gates say, before any window. Build plans from the same decisions.
func Judgements(in Input) ([]Judgement, error) {
	b, err := decided(in)
	if err != nil {
		return nil, err
	}
	var out []Judgement
	for _, v := range b.verdicts {
		if v == nil {
			continue
		}
		j := Judgement{Decision: v.decision, Left: v.left}
		if v.rest != nil {
			j.Rest = &v.rest.decision
		}
		out = append(out, j)
	}
	return out, nil
}

// Decisions are the judgements on a ring as a whole: where its canaries go first, those on its other hosts.
func Decisions(in Input) ([]decision.Decision, error) {
	list, err := Judgements(in)
	var out []decision.Decision
	for _, j := range list {
		if j.Rest != nil {
			j.Decision = *j.Rest
		}
		out = append(out, j.Decision)
	}
	return out, err
}
