package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/runner/ledger/evidence"
)

// fault is a time in which the rules have no proper answer about an update.
type fault struct {
	from, to second
	how      int
}

// How an evaluator fails.
const (
	errorBesideGrants = iota
	errorAlone
	undefined
)

// newFaults lets the rules fail for some updates for a while.
func (w *world) newFaults() {
	for i := range w.tenant.updates {
		if w.often(850) {
			continue
		}
		from := w.started + w.between(0, 180)*minute
		w.tenant.updates[i].fault = fault{from, from + w.between(30, 300)*minute, w.below(3)}
	}
}

// answers are what the rules say of the updates of a snapshot, and of which they could not say anything.
func (w *world) answers(updates []inventory.Update) (out []decision.Answer, denied map[string]bool) {
	denied = map[string]bool{}
	for _, u := range updates {
		a := w.tenant.answer(u.PURL)
		if f := w.tenant.update(u.PURL).fault; !w.quiet && w.now >= f.from && w.now < f.to {
			w.count("updates that the rules failed on")
			denied[u.PURL] = true
			a = failing(a, f.how)
		}
		out = append(out, a)
	}
	w.misread(out)
	return out, denied
}

func failing(a decision.Answer, how int) decision.Answer {
	failed := []decision.Block{{Kind: decision.Failed, Rule: "all", Msg: "timeout"}}
	switch how {
	case errorBesideGrants:
		a.Blocks = failed
	case errorAlone:
		a = decision.Answer{Blocks: failed}
	case undefined:
		a = decision.Answer{}
	}
	return a
}

// misread takes failed answers for others, for bugs of that kind.
func (w *world) misread(answers []decision.Answer) {
	granted := w.tenant.answer("")
	for i := range answers {
		switch a := &answers[i]; {
		case w.bug("error-dropped"):
			a.Blocks = nil
		case w.bug("error-of-the-next") && len(a.Blocks) > 0 && i > 0:
			answers[i-1], *a = *a, answers[i-1]
		case w.bug("undefined-granted") && len(a.Grants)+len(a.Blocks) == 0:
			*a = granted
		}
	}
}

func (t *tenant) update(purl string) update {
	return t.updates[slices.IndexFunc(t.updates, func(u update) bool { return u.purl == purl })]
}

// denied: what the rules had no proper answer about when the plan was made does not start.
func denied(w *world, f fact) string {
	if f.kind != started || w.announced[f.start.id] == nil {
		return ""
	}
	a := w.announced[f.start.id]
	p := w.plans[a.intent.record.Plan]
	if p == nil {
		return ""
	}
	for _, u := range a.action.Updates {
		if p.denied[u.Update] {
			return fmt.Sprintf("%s gets %s, on which the rules had failed", f.start.host.name, u.Update)
		}
	}
	return ""
}

// input is all that a plan is made of. It is nothing that only the runner knows.
func (w *world) input(t *policy.Tenant, tip *commit, p planned) plan.Input {
	return plan.Input{
		At: p.at.time(), Policy: t, Snapshot: tip.snapshots[p.site], Evidence: evidence.Extract(tip.state, nil, t), Failures: tip.state.Failures,
		InDoubt: tip.state.InDoubt, SnapshotDigest: fmt.Sprintf("sha256:%d%s", tip.state.Seq, p.site), Tool: "simulator", Answers: p.answers,
	}
}

// made is a plan, and what its inputs were before and after.
type made struct {
	*plan.Plan
	planned
	before, after []byte
}

// looked is how often plans are made a second time, and their inputs compared: each costs as much as a plan.
const looked = 3

// inputs are the bytes of everything that planning must not change.
func inputs(t *policy.Tenant, tip *commit) []byte {
	raw, err := json.Marshal([]any{t, tip.snapshots, tip.state})
	if err != nil {
		panic(err) // plain data always encodes
	}
	return raw
}

// purity: planning changes neither what it was given nor anything in the world.
func purity(_ *world, f fact) string {
	if f.kind != planning || bytes.Equal(f.plan.before, f.plan.after) {
		return ""
	}
	return fmt.Sprintf("plan %s changed what it was made of", short(f.plan.Digest))
}

// determinism: anybody who has what is recorded makes the same plan, byte for byte.
func determinism(w *world, f fact) string {
	if f.kind != planning || f.plan.before == nil {
		return ""
	}
	again, err := plan.Build(w.input(w.tenant.versions[f.plan.version], f.plan.base, f.plan.planned))
	switch {
	case err != nil:
		return err.Error()
	case again.Digest != f.plan.Digest:
		return fmt.Sprintf("made again, plan %s is %s", short(f.plan.Digest), short(again.Digest))
	}
	return ""
}
