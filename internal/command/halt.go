package command

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner/ledger"
)

func newHalt(a *app) *cobra.Command {
	return newOrder(a, ledger.KindHalt, &cobra.Command{
		Use:   "halt",
		Short: "Order every run to start nothing any more, for a tenant or for all",
		Long: `Writes a halt order to branch ringfence/control. One person suffices. Runs see it within a minute and start nothing more;
package transactions in flight are never killed. A run that cannot read the branch for five minutes stops starting too.`,
	})
}

func newUnhalt(a *app) *cobra.Command {
	return newOrder(a, ledger.KindUnhalt, &cobra.Command{
		Use:   "unhalt",
		Short: "Lift the halt orders for a tenant, or those for all",
		Long: `Lifts what halt ordered. Orders for all tenants and orders for one are lifted separately. Protect branch
ringfence/control so that as many people as you want must agree: nothing here asks for a second one.`,
	})
}

func newOrder(a *app, kind ledger.Kind, c *cobra.Command) *cobra.Command {
	var tenant, reason string
	c.Args = cobra.NoArgs
	c.RunE = func(c *cobra.Command, _ []string) error {
		if reason == "" {
			return usage(c, errors.New("say why: --reason TEXT"))
		}
		return a.order(c.Context(), kind, tenant, reason)
	}
	c.Flags().StringVar(&tenant, "tenant", ledger.Everyone, "only `TENANT`; * is every tenant")
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return c
}

func (a *app) order(ctx context.Context, kind ledger.Kind, tenant, reason string) error {
	ws, err := a.at(ctx, "HEAD")
	if err != nil {
		return err
	}
	if tenant != ledger.Everyone {
		if _, err := a.tenant(ws, tenant); err != nil {
			return err
		}
	}
	share, err := a.shareOptions(ws)
	if err != nil {
		return err
	}
	sw := ledger.OpenSwitch(ws.repo, share)
	order := ledger.Halt{Tenant: tenant, Reason: untrusted.Line(reason, 120), By: a.orderer(), At: canonical.Instant(a.Now())}
	write, done := sw.Halt, "halted"
	if kind == ledger.KindUnhalt {
		write, done = sw.Unhalt, "lifted the halt of"
	}
	err = write(ctx, order)
	if errors.Is(err, ledger.ErrNotHalted) {
		return diag.New(diag.Usage, "%s is not halted", who(tenant)).WithFix("see: git log ringfence/control")
	}
	if err != nil {
		return ledgerError(tenant, err)
	}
	a.out.event("progress", event{"tenant": tenant, "kind": kind}, "%s %s", done, who(tenant))
	return nil
}

// orderer is who gives the order: the person, and the machine they sit at.
func (a *app) orderer() string {
	name, _ := a.person()
	host, err := os.Hostname()
	if err != nil {
		return name
	}
	return fmt.Sprintf("%s@%s", name, host)
}

func who(tenant string) string {
	if tenant == ledger.Everyone {
		return "all tenants"
	}
	return tenant
}
