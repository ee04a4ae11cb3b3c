package command

import (
	"context"

	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/policies"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

// recorder writes the records of one run. It implements runner.Recorder.
type recorder struct {
	*pipeline
	run      string
	plan     *plan.Plan
	preview  *plan.Preview
	snapshot *inventory.Snapshot // kept current with what each wave read
	inputs   map[string][]byte
	began    int             // the record that the plan was judged by
	counted  map[string]bool // hosts in doubt when the run began, which its budgets know
	underway map[string]bool // actions that are announced and have no outcome yet
	settled  map[string]bool // actions of this run that have one, which may be that they are in doubt
}

var _ runner.Recorder = (*recorder)(nil)

// newRecorder prepares a run's records, with the inputs from which any later release can replay its decisions.
func (p *pipeline) newRecorder(made *plan.Plan, preview *plan.Preview, s *inventory.Snapshot) (*recorder, error) {
	inputs, err := p.inputs(made, s)
	r := &recorder{
		pipeline: p, run: p.runID(), plan: made, preview: preview, snapshot: s, inputs: inputs, began: p.head.State.Seq,
		counted: map[string]bool{}, underway: map[string]bool{}, settled: map[string]bool{},
	}
	for _, d := range p.head.State.InDoubt {
		r.counted[d.Host] = true
	}
	return r, err
}

func (p *pipeline) inputs(made *plan.Plan, s *inventory.Snapshot) (map[string][]byte, error) {
	compiled, err := canonical.Marshal(p.tenant)
	if err != nil {
		return nil, err
	}
	rules, err := decide.RulesOf(p.tenant, policies.Decide)
	if err != nil {
		return nil, err
	}
	asked, err := rules.Input(decision.WithDeclared(p.tenant, p.basis.At, s.Updates))
	if err != nil {
		return nil, err
	}
	document, err := canonical.Marshal(made)
	if err != nil {
		return nil, err
	}
	basis, err := canonical.Marshal(p.basis)
	out := map[string][]byte{
		inputs.PolicyFile: compiled, inputs.DecideFile: asked, inputs.PlanFile: document, inputs.RunFile: append(basis, '\n'),
	}
	for _, m := range rules.Modules() {
		out[inputs.ModuleFile(canonical.DigestBytes([]byte(m.Text)))] = []byte(m.Text)
	}
	return out, err
}

// Outcome records how a wave ended, with the snapshot as its re-read hosts leave it.
func (r *recorder) Outcome(ctx context.Context, actions []ledger.Action, readings []runner.Reading) error {
	r.snapshot = runner.Assemble(runner.Assembly{
		Tenant: r.tenant.Name, Site: r.site, At: r.clock(), Hosts: r.hosts(), Prev: r.snapshot,
		FirstSeen: r.head.State.FirstSeen, Readings: readings,
	})
	files, err := r.snapshotFile(r.snapshot)
	if err != nil {
		return err
	}
	rec, err := r.planned(ledger.PhaseWave, actions)
	if err != nil {
		return err
	}
	for _, a := range actions {
		delete(r.underway, a.ID)
		r.settled[a.ID] = true
	}
	if err := r.append(ctx, rec, files); err != nil {
		return err
	}
	r.outcomeRecorded()
	return nil
}

// finish closes the run's records, and says there which waves were refused.
func (r *recorder) finish(ctx context.Context, out runner.Outcome, outcome string) error {
	var skipped []ledger.Action
	for _, w := range out.Refused {
		skipped = append(skipped, w.Actions...)
	}
	rec, err := r.planned(ledger.PhaseEnd, skipped)
	if err != nil {
		return err
	}
	rec.Outcome = outcome
	return r.append(ctx, rec, nil)
}

// planned is a record of this run's plan.
func (r *recorder) planned(phase ledger.Phase, actions []ledger.Action) (ledger.Record, error) {
	rec, err := r.draft(phase, r.run)
	rec.Plan, rec.Actions = r.plan.Digest, actions
	return rec, err
}
