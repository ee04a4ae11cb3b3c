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
				return a.signals.code() != ExitOK || exitOf(err).code == ExitUsage, err
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
	}
	for _, t := range order(ws.set.Tenants) {
		if a.signals.code() != ExitOK {
			break
		}
		if t.Disabled {
			a.out.event("disabled", event{"tenant": t.Name}, "%s: switched off by its policy", t.Name)
			continue
		}
		err := a.runSites(ctx, f, t)
		if err == nil {
			continue
		}
		if a.signals.code() != ExitOK {
			return err
		}
		if x := exitOf(err); !errors.Is(x.err, errSaid) {
			a.out.failure(x)
			err = done(x.code)
		}
		if failed == nil {
			failed = err
		}
	}
	return failed
}

// runTenant enters the pipeline anew for each tenant, so one sees the evidence that another has just recorded.
func (a *app) runTenant(ctx context.Context, f runFlags, where scope) error {
	p, err := a.writer(ctx, where, f.at)
	if err != nil {
		return err
	}
	l, err := p.takeLease(ctx)
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

// runSites runs for the site that is named, where the tenant has hosts there, or else for each site of the tenant.
func (a *app) runSites(ctx context.Context, f runFlags, t *policy.Tenant) error {
	var failed error
	for _, s := range sites(t) {
		if f.site == "" || f.site == s {
			failed = errors.Join(failed, a.runTenant(ctx, f, scope{t.Name, s}))
		}
	}
	return failed
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
