package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/control"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

type orderFlags struct {
	tenant, update string
	reason         reason
}

func newHalt(a *app) *cobra.Command {
	return newOrder(a.giveHalt, &cobra.Command{
		Use:   "halt",
		Short: "Order every run to start nothing any more, for a tenant or for all",
		Long: `Writes a halt order to branch ringfence/control. One person suffices. Runs see it within a minute and start nothing more;
package transactions in flight are never killed. A run that cannot read the branch for five minutes stops starting too.`,
	}, &orderFlags{})
}

func newUnhalt(a *app) *cobra.Command {
	var f orderFlags
	c := newOrder(a.giveUnhalt, &cobra.Command{
		Use:   "unhalt",
		Short: "Lift the halt orders for a tenant, or those for all, or release what the breaker holds",
		Long: `Lifts what halt ordered. Orders for all tenants and orders for one are lifted separately. With --update it releases an
update that the breaker holds.

How many persons must agree stands in ringfence.cue: control: unhalt: approvers. Each gives a signed order
(RINGFENCE_SIGNING_KEY) with a key of trust/allowed_signers at HEAD; whoever halted may be one of them. Until enough have,
the halt stands and the exit code is 4. A halt that came in meanwhile must be agreed on anew.`,
	}, &f)
	c.Flags().StringVar(&f.update, "update", "", "release the update with this `PURL`, which the breaker holds")
	return c
}

func newOrder(give func(context.Context, orderFlags) error, c *cobra.Command, f *orderFlags) *cobra.Command {
	c.Args = cobra.NoArgs
	c.RunE = func(c *cobra.Command, _ []string) error {
		if f.reason == "" {
			return usage(c, errNoReason)
		}
		if f.update != "" && c.Flags().Changed("tenant") {
			return usage(c, errors.New("the breaker holds an update for all tenants that share it: leave out --tenant"))
		}
		return give(c.Context(), *f)
	}
	c.Flags().StringVar(&f.tenant, "tenant", control.Everyone, "only `TENANT`; * is every tenant")
	c.Flags().Var(&f.reason, "reason", "why, for the record: `TEXT`")
	return c
}

// ordering is what every order needs: the policy at HEAD, and an order that is filled in.
func (a *app) ordering(ctx context.Context, f orderFlags) (*workspace, control.Order, error) {
	ws, err := a.at(ctx, "HEAD")
	return ws, control.Order{Tenant: f.tenant, Reason: string(f.reason), By: a.orderer(), At: canonical.Instant(a.Now())}, err
}

// somebody refuses an order that would be about nobody. A tenant need not compile, nor be there still: runs of an older
// commit may be at work on it. Its folder or its ledger, here or on the remote, is enough.
func (a *app) somebody(ctx context.Context, ws *workspace, share remote.Options, tenant string) error {
	known := compiler.Tenants(ws.tree)
	if slices.Contains(known, tenant) {
		return nil
	}
	known = append(known, recordedTenants(ctx, ws, share)...)
	slices.Sort(known)
	known = slices.Compact(known)
	switch {
	case len(known) == 0:
		return diag.New(diag.NoTenants, "there is no tenant in this repository: the order would stop nobody").WithFix("go to the policy repository (-C DIR)")
	case tenant == control.Everyone || slices.Contains(known, tenant):
		return nil
	}
	return diag.New(diag.UnknownTenant, "there is no tenant %q, and no ledger of one%s", untrusted.Line(tenant, 100), suggest.Tail(tenant, known)).
		WithFix("name one of: %s", strings.Join(known, ", "))
}

// recordedTenants are those with a ledger here or on the remote. Who cannot be asked says nothing: it only makes names known.
func recordedTenants(ctx context.Context, ws *workspace, share remote.Options) []string {
	const ledgers = "refs/heads/ringfence/ledger/"
	refs, _ := ws.repo.Refs(ctx, ledgers)
	if share.Remote != "" {
		far, _ := ws.repo.RemoteRefs(ctx, share.Remote, ledgers)
		maps.Copy(refs, far)
	}
	var out []string
	for ref := range refs {
		if name := strings.TrimPrefix(ref, ledgers); ledger.IsName(name) {
			out = append(out, name)
		}
	}
	return out
}

func (a *app) giveHalt(ctx context.Context, f orderFlags) error {
	ws, order, err := a.ordering(ctx, f)
	if err != nil {
		return err
	}
	set, share, err := a.shared(ws)
	if err != nil {
		return err
	}
	if err := a.somebody(ctx, ws, share, f.tenant); err != nil {
		return err
	}
	c, err := a.control(ws, set, share).Halt(ctx, order)
	if err != nil {
		return orderError(err)
	}
	given := c.Halts[len(c.Halts)-1]
	a.out.event("halt", event{"order": given.Order, "voice": given.Voice.String()}, "halted %s (%s); to lift it: %s", who(f.tenant), given.Voice, unhaltLine(f.tenant))
	if share.Remote == "" {
		a.out.say("the ledger has no remote, so only runs in this repository see the order; for others: git push REMOTE ringfence/control")
	}
	return nil
}

func (a *app) giveUnhalt(ctx context.Context, f orderFlags) error {
	ws, order, err := a.ordering(ctx, f)
	if err != nil {
		return err
	}
	set, share, err := a.shared(ws)
	if err != nil {
		return err
	}
	q, err := quorumOf(ws, set)
	if err != nil {
		return err
	}
	if d, few := tooFew(set, q); few {
		return d
	}
	if f.update != "" {
		return a.release(ctx, ws, f.update, order)
	}
	order.Kind = control.Unhalt
	err = a.lift(ctx, a.control(ws, set, share), order)
	if exitOf(err).code == ExitUsage { // nothing halts it; a name that is mistyped is the likelier mistake
		err = cmp.Or(a.somebody(ctx, ws, share, f.tenant), err)
	}
	return err
}

// lift writes an order that lifts something, and says what still stands.
func (a *app) lift(ctx context.Context, sw *control.Switch, order control.Order) error {
	what, again := "the halt of "+who(order.Tenant), "ringfence unhalt --tenant '"+order.Tenant+"' --reason TEXT"
	if order.Update != "" {
		what, again = "what the breaker holds, "+phrase.Update(order.Update), "ringfence unhalt --update '"+untrusted.Line(order.Update, 500)+"' --reason TEXT"
	}
	c, err := sw.Lift(ctx, order)
	switch {
	case errors.Is(err, control.ErrNotHalted):
		return diag.New(diag.Usage, "no order halts %s", who(order.Tenant)).WithFix("see: git log ringfence/control")
	case errors.Is(err, control.ErrNoVoice):
		return diag.New(diag.NoVoice, "%v; nothing was written", err).WithFix("sign with a key of %s: RINGFENCE_SIGNING_KEY=FILE", signersPath)
	case errors.Is(err, control.ErrAgreed):
		return fail(ExitApproval, diag.Note(diag.MoreMustAgree, "you have agreed to lift %s already; it still stands", what).WithFix("another person: %s", again))
	case err != nil:
		return orderError(err)
	}
	left := c.Left(order)
	if len(left) == 0 {
		a.out.event("lifted", event{"order": order}, "lifted %s", what)
		return nil
	}
	return fail(ExitApproval, diag.Note(diag.MoreMustAgree, "%d of %d: %s still stands; agreed so far: %s", len(left[0].People()), c.Persons, what, untrusted.Line(strings.Join(left[0].People(), ", "), 300)).
		WithFix("another person: %s", again))
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
	if tenant == control.Everyone {
		return "all tenants"
	}
	return tenant
}
