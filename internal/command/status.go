package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/report"
)

type readFlags struct {
	scope
	at instant
}

func (f *readFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.tenant, "tenant", "", "only `TENANT` (default: every tenant)")
	c.Flags().StringVar(&f.site, "site", "", "only `SITE` (default: every site)")
	f.at.flag(c, "as of `TIME` (default: now)")
}

func newStatus(a *app) *cobra.Command {
	var f readFlags
	c := &cobra.Command{
		Use:   "status",
		Short: "Say in a line per tenant where it stands, after what is halted, held by the breaker or overdue",
		Long: `Says first what is halted and what the breaker holds, then which hosts are overdue by a lane's staleAfter, then in a
line per tenant where it stands.

Exit 0: nothing is overdue; 3: some host is, so that a monitor can call this verb as it is; 1: a tenant has no report.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			first := func(ws *workspace, tenants []*policy.Tenant) error {
				a.switchedOff(tenants)
				return a.standing(c.Context(), ws, f.tenant, tenants)
			}
			return a.status(c.Context(), f, first)
		},
	}
	f.flags(c)
	return c
}

// status prints the alarms of all tenants before the line of any.
func (a *app) status(ctx context.Context, f readFlags, first func(*workspace, []*policy.Tenant) error) error {
	var list []report.Report
	var set *policy.Set
	begin := func(ws *workspace, tenants []*policy.Tenant) error { set = ws.set; return first(ws, tenants) }
	failed := a.reports(ctx, f, begin, func(r report.Report) error { list = append(list, r); return nil })
	overdue := false
	for _, r := range list {
		a.inDoubt(r, whereOf(set.Tenant(r.Tenant), r.Site))
	}
	for _, r := range list {
		a.showAlarms(r.Name(), r.Overdue)
		overdue = overdue || len(r.Overdue) > 0
	}
	for _, r := range list {
		if a.json {
			break // its event says it
		}
		if _, err := fmt.Fprintf(a.Stdout, "%s: %s; vulnerability %s\n", r.Name(), report.Line(r), r.Vulnerability.Level); err != nil {
			return err
		}
	}
	if failed == nil && overdue {
		return done(ExitDenied)
	}
	return failed
}

// showAlarms says which hosts of a tenant are overdue.
func (a *app) showAlarms(tenant string, list []plan.Overdue) {
	if a.json {
		if len(list) > 0 {
			a.out.emit("alarm", tenant, event{"level": "error", "tenant": tenant, "overdue": list})
		}
		return
	}
	for _, line := range report.Alarms(list) {
		fmt.Fprintf(a.Stdout, "ALARM %s: %s\n", tenant, line)
	}
}

func newReport(a *app) *cobra.Command {
	var f readFlags
	var format string
	c := &cobra.Command{
		Use:   "report",
		Short: "Report missing, installed and waiting updates by ring, and how vulnerable that leaves the tenant",
		Long: `Reports from the newest snapshot and the ledger; nothing is measured and nothing written. A host that was not scanned
counts as unknown, and what is not covered is said.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			write, ok := formats[format]
			if !ok {
				return usage(c, fmt.Errorf("--format is text, json, markdown or csv, not %q", format))
			}
			return a.reportAs(c.Context(), f, write)
		},
	}
	f.flags(c)
	c.Flags().StringVar(&format, "format", "text", "`FORMAT` text, json, markdown or csv")
	return c
}

// formats are the writers of all reports together.
var formats = map[string]func(io.Writer, []report.Report) error{
	"text":     each(report.Text),
	"markdown": each(report.Markdown),
	"json":     jsonReports,
	"csv":      report.CSV,
}

func each(write func(io.Writer, report.Report) error) func(io.Writer, []report.Report) error {
	return func(w io.Writer, list []report.Report) error {
		for i, r := range list {
			if i > 0 {
				fmt.Fprintln(w)
			}
			if err := write(w, r); err != nil {
				return err
			}
		}
		return nil
	}
}

// jsonReports writes one canonical document per line.
func jsonReports(w io.Writer, list []report.Report) error {
	for _, r := range list {
		raw, err := canonical.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\n", raw); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) reportAs(ctx context.Context, f readFlags, write func(io.Writer, []report.Report) error) error {
	var list []report.Report
	first := func(_ *workspace, tenants []*policy.Tenant) error { a.switchedOff(tenants); return nil }
	failed := a.reports(ctx, f, first, func(r report.Report) error { list = append(list, r); return nil })
	if !a.json {
		if err := write(a.Stdout, list); err != nil {
			return err
		}
	}
	return failed
}

// switchedOff names the tenants of which there is nothing to report.
func (a *app) switchedOff(tenants []*policy.Tenant) {
	for _, t := range tenants {
		if t.Disabled {
			a.out.say("%s: switched off by its policy", t.Name)
		}
	}
}

// reports makes the report of each tenant asked for, after first, if there is one, was told which they are. A tenant
// without a report does not hide the others'.
func (a *app) reports(ctx context.Context, f readFlags, first func(*workspace, []*policy.Tenant) error, use func(report.Report) error) error {
	ws, err := a.head(ctx)
	if err != nil {
		return err
	}
	if _, err := a.settings(ws); err != nil {
		return err
	}
	tenants, failed, err := a.tenants(ws, f.tenant)
	if err == nil && failed == nil { // otherwise a tenant that does not compile may have hosts there
		if err := siteKnown(tenants, f.site); err != nil {
			return err
		}
	}
	if first != nil { // of a tenant that does not compile, too
		if err := first(ws, tenants); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	for _, t := range tenants {
		if t.Disabled {
			a.out.emit("disabled", t.Name, event{"tenant": t.Name})
			continue
		}
		for _, s := range sitesAt(t, f.site) {
			r, err := a.reportOf(ctx, ws, t, s, f.at)
			if err != nil {
				failed = a.failedOne(failed, err)
				continue
			}
			a.out.emit("report", t.Name, event{"report": r})
			if err := use(r); err != nil {
				return err
			}
		}
	}
	return failed
}

func (a *app) reportOf(ctx context.Context, ws *workspace, t *policy.Tenant, site string, at instant) (report.Report, error) {
	p, err := a.pipeline(ctx, ws, t, site)
	if err != nil {
		return report.Report{}, err
	}
	return p.report(ctx, a.reading(at))
}

// tenants is the one that is named, or all that compile; the second result stands for those that do not.
func (a *app) tenants(ws *workspace, name string) ([]*policy.Tenant, error, error) {
	if name != "" {
		t, err := a.tenant(ws, name)
		if err != nil {
			return nil, nil, err
		}
		return []*policy.Tenant{t}, nil, nil
	}
	if ws.list.HasErrors() {
		a.out.diagnostics(ws.list, ws.tree)
		return ws.set.Tenants, done(ExitError), nil
	}
	if len(ws.set.Tenants) == 0 {
		return nil, nil, errors.Join(diag.New(diag.NoTenants, "the repository has no tenant").WithFix("see tenants/ in: ringfence init DIR"))
	}
	return ws.set.Tenants, nil, nil
}
