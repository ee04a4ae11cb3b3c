package command

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/runner/ledger"
)

func newLedger(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "ledger",
		Short: "Bring ledgers to and from their remote",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		newLedgerSync(a, "push", "Push records that are only here, on top of what others wrote meanwhile", (*ledger.Ledger).Push),
		newLedgerSync(a, "pull", "Fetch the records of all runners, for plan, status and report", (*ledger.Ledger).Sync),
	)
	return c
}

func newLedgerSync(a *app, name, short string, sync func(*ledger.Ledger, context.Context) error) *cobra.Command {
	var tenant string
	c := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return a.syncLedgers(c.Context(), tenant, name, sync) },
	}
	c.Flags().StringVar(&tenant, "tenant", "", "only `TENANT` (default: every tenant)")
	return c
}

func (a *app) syncLedgers(ctx context.Context, tenant, verb string, sync func(*ledger.Ledger, context.Context) error) error {
	ws, err := a.at(ctx, "HEAD")
	if err != nil {
		return err
	}
	if ws.set.Settings.Ledger.Remote == "" {
		return diag.New(diag.Usage, "the ledger has no remote: the branches of this repository are the ledger").
			WithFix("name one in ringfence.cue: ledger: remote: \"origin\"")
	}
	share, err := a.shareOptions(ws)
	if err != nil {
		return err
	}
	tenants, failed, err := a.tenants(ws, tenant)
	if err != nil {
		return err
	}
	for _, t := range tenants {
		l := ledger.OpenWith(ws.repo, t.Name, share)
		before, err := l.Unpushed(ctx)
		if err == nil {
			err = sync(l, ctx)
		}
		if err != nil {
			failed = errors.Join(failed, ledgerError(t.Name, err))
			continue
		}
		a.out.event("progress", event{"tenant": t.Name, "unpushed": before}, "%s: %s done, %d %s only here before", t.Name, verb, before, map[bool]string{true: "record was", false: "records were"}[before == 1])
	}
	if _, err := a.control(ws, share).ReadHalts(ctx, a.Now()); err != nil {
		failed = errors.Join(failed, controlError(err))
	}
	return failed
}
