package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

// resume goes on with the newest run of a tenant and site that did not end well: another runner's, or one that was
// killed. It asks the hosts what became of the actions in flight, records that, and carries out what the plan still has
// due. Who waits goes on from there as with a plan file.
func (a *app) resume(ctx context.Context, f applyFlags) error {
	var made *plan.Plan
	var preview *plan.Preview
	return a.again(ctx, f.patience, func() (over bool, err error) {
		if made == nil {
			made, preview, over, err = a.resumed(ctx, f)
			return over, err
		}
		return a.apply(ctx, made, preview, f)
	})
}

// resumed returns the plan once the hosts were asked, so that they are asked only once.
func (a *app) resumed(ctx context.Context, f applyFlags) (made *plan.Plan, preview *plan.Preview, over bool, err error) {
	p, err := a.writer(ctx, f.scope, f.at)
	if err != nil {
		return nil, nil, lasting(err), err
	}
	found, preview, err := p.unfinished(ctx)
	if err != nil || found == nil {
		return nil, nil, true, err
	}
	l, err := p.takeTurn(ctx)
	if err != nil {
		return nil, nil, false, err
	}
	defer l.release()
	if err := l.scan(ctx, f.parallel); err != nil {
		return nil, nil, false, err
	}
	err = l.apply(ctx, found, preview, f.effort)
	return found, preview, p.over(ctx, found, err), err
}

// unfinished finds the plan of the site's newest run in the ledger. It says so when there is none, or when that run
// ended well; the other sites' runs have ends of their own.
func (p *pipeline) unfinished(ctx context.Context) (*plan.Plan, *plan.Preview, error) {
	for e, err := range p.ledger.Log(ctx, p.head, 0) {
		if err != nil {
			return nil, nil, ledgerError(p.tenant.Name, err)
		}
		h, err := p.ledger.At(e.Commit)
		if err != nil {
			return nil, nil, ledgerError(p.tenant.Name, err)
		}
		switch {
		case h.Record.Site != p.site:
		case h.Record.Phase == ledger.PhaseEnd && h.Record.Outcome == reasons[ExitOK]:
			return nil, nil, p.nothingToResume("the newest run of %s ended well")
		case h.Record.Phase == ledger.PhaseIntent:
			return p.planOf(h)
		}
	}
	return nil, nil, p.nothingToResume("no run of %s is recorded")
}

// nothingToResume is no error, unless an older run left something of which nobody knows how it ended.
func (p *pipeline) nothingToResume(why string) error {
	why = fmt.Sprintf(why, p.place())
	if list := p.inDoubtHere(); len(list) > 0 {
		return fail(ExitUnfinished, diag.New(diag.Stopped, "%s, and yet in doubt: %s; an action was started there and nobody knows how it ended", why, someOf(list)).
			WithFix("a scan settles what the hosts can tell: ringfence scan %s", p.where()))
	}
	p.out.event("progress", nil, "%s: there is nothing to resume", why)
	return nil
}

// inDoubtHere lists the hosts of this site on which an action is in doubt.
func (p *pipeline) inDoubtHere() []string {
	var out []string
	for _, h := range p.hosts() {
		if slices.ContainsFunc(p.head.State.InDoubt, func(d plan.InDoubt) bool { return d.Host == h.Name }) {
			out = append(out, h.Name)
		}
	}
	return out
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
