package command

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

// resume goes on with the newest run of a tenant that did not end well: another runner's, or one that was killed. It
// asks the hosts what became of the actions in flight, records that, and carries out what the plan still has due.
func (a *app) resume(ctx context.Context, where scope, f applyFlags) error {
	p, err := a.writer(ctx, where, f.at)
	if err != nil {
		return err
	}
	made, preview, err := p.unfinished(ctx)
	if err != nil {
		return err
	}
	if made == nil {
		p.out.event("progress", nil, "the newest run of %s ended well: there is nothing to resume", p.tenant.Name)
		return nil
	}
	l, err := p.takeLease(ctx)
	if err != nil {
		return err
	}
	defer l.release()
	if err := l.scan(ctx, f.parallel); err != nil {
		return err
	}
	return l.apply(ctx, made, preview, f.effort)
}

// unfinished finds the plan of the newest run in the ledger; nil when that run ended well or there is none.
func (p *pipeline) unfinished(ctx context.Context) (*plan.Plan, *plan.Preview, error) {
	if p.head.Commit == "" {
		return nil, nil, nil
	}
	for e, err := range p.ledger.Log(ctx, p.head, 0) {
		if err != nil {
			return nil, nil, ledgerError(p.tenant.Name, err)
		}
		h, err := p.ledger.At(e.Commit)
		if err != nil {
			return nil, nil, ledgerError(p.tenant.Name, err)
		}
		switch {
		case h.Record.Phase == ledger.PhaseEnd && h.Record.Outcome == reasons[ExitOK]:
			return nil, nil, nil
		case h.Record.Phase == ledger.PhaseIntent:
			return p.planOf(h)
		}
	}
	return nil, nil, nil
}

func (p *pipeline) planOf(h branch.Head) (*plan.Plan, *plan.Preview, error) {
	raw, err := p.ledger.ReadFile(h, inputs.PlanFile)
	if err != nil {
		return nil, nil, ledgerError(p.tenant.Name, err)
	}
	made, _, err := plan.Load(bytes.NewReader(raw))
	if err != nil {
		return nil, nil, ledgerError(p.tenant.Name, err)
	}
	preview, err := p.ledger.ReadFile(h, inputs.PreviewFile)
	if err != nil {
		return made, nil, nil // it was applied without one
	}
	var v plan.Preview
	if err := json.Unmarshal(preview, &v); err != nil {
		return nil, nil, ledgerError(p.tenant.Name, err)
	}
	_, err = plan.Seal(made, &v) // refuses a preview of another plan
	return made, &v, err
}
