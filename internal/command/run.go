package command

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

type runFlags struct {
	scope
	all bool
	effort
	patience
	at instant
}

func newRun(a *app) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run",
		Short: "Scan, plan, apply and record whatever is due",
		Long: `Does for one tenant, or with --all for every tenant, what is due now: scan, plan, apply, record. Made for a schedule:
exit 0 also when nothing is due. One tenant's failure does not stop the others; the exit code is the first failure's.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.all == (f.tenant != "") {
				return usage(c, errors.New("name one tenant with --tenant, or all of them with --all"))
			}
			return a.again(c.Context(), f.patience, func() (bool, error) {
				err := a.run(c.Context(), f)
				return a.signals.code() != ExitOK || lasting(err), err
			})
		},
	}
	f.scope.flags(c)
	c.Flags().BoolVar(&f.all, "all", false, "run for every tenant")
	f.effort.flags(c)
	f.patience.flags(c, "until interrupted")
	f.at.flag(c, "act as of `TIME` (tenants with testClock only)")
	return c
}

func (a *app) run(ctx context.Context, f runFlags) error {
	if !f.all {
		return a.runTenant(ctx, f, f.scope)
	}
	ws, err := a.head(ctx)
	if err != nil {
		return err
	}
	if _, err := a.settings(ws); err != nil {
		return err
	}
	var failed error
	if ws.list.HasErrors() {
		a.out.diagnostics(ws.list, ws.tree)
		failed = done(ExitError)
	} else if err := siteKnown(ws.set.Tenants, f.site); err != nil {
		return err
	}
	for _, where := range a.rounds(ws.set.Tenants, f.site) {
		if a.signals.code() != ExitOK {
			break
		}
		err := a.runTenant(ctx, f, where)
		if err != nil && a.signals.code() != ExitOK {
			return err
		}
		failed = a.failedOne(failed, err)
	}
	return failed
}

// rounds lists where a run over all tenants works: at the site that is named, or at each site of each tenant.
func (a *app) rounds(tenants []*policy.Tenant, site string) []scope {
	var out []scope
	for _, t := range order(tenants) {
		if t.Disabled {
			a.out.event("disabled", event{"tenant": t.Name}, "%s: switched off by its policy", t.Name)
			continue
		}
		for _, s := range sitesAt(t, site) {
			out = append(out, scope{t.Name, s})
		}
	}
	return out
}

// runTenant enters the pipeline anew for each tenant, so one sees the evidence that another has just recorded.
func (a *app) runTenant(ctx context.Context, f runFlags, where scope) error {
	p, err := a.writer(ctx, where, f.at)
	if err != nil {
		return err
	}
	l, err := p.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer l.release()
	if err := p.scan(ctx, f.parallel); err != nil {
		return err
	}
	made, _, err := p.plan(ctx, p.clock())
	if err != nil {
		return err
	}
	p.out.event("planned", event{"tenant": made.Tenant, "plan": made.Digest, "summary": made.Summary}, "%s: %d planned, %d waiting, %d rejected",
		made.Tenant, made.Summary.Planned, made.Summary.Waiting, made.Summary.Rejected)
	err = l.apply(ctx, made, nil, f.effort)
	if x := exitOf(err); x.code == ExitNothingDue || x.code == ExitApproval {
		p.out.event("progress", nil, "%s: %s", where.tenant, plainSummary(x.err))
		return nil
	}
	return err
}

// plainSummary is a diagnostic without its frame: in a run of many tenants "nothing is due" is no complaint.
func plainSummary(err error) string {
	var d diag.Diagnostic
	if errors.As(err, &d) {
		return d.Summary
	}
	return err.Error()
}

// order puts tenants after those whose evidence they need, so that one pass does all it can.
func order(tenants []*policy.Tenant) []*policy.Tenant {
	var out []*policy.Tenant
	seen := map[string]bool{}
	byName := map[string]*policy.Tenant{}
	for _, t := range tenants {
		byName[t.Name] = t
	}
	var visit func(t *policy.Tenant)
	visit = func(t *policy.Tenant) {
		if t == nil || seen[t.Name] {
			return
		}
		seen[t.Name] = true
		for _, name := range t.Abroad() {
			visit(byName[name])
		}
		for _, other := range tenants {
			if other.SharesEvidence && t.Pooled() {
				visit(other)
			}
		}
		out = append(out, t)
	}
	for _, t := range tenants {
		visit(t)
	}
	return out
}
