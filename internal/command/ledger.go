package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/runner/ledger/branch"
)

func newLedger(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "ledger",
		Short: "Bring ledgers to and from their remote",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		newLedgerSync(a, "push", "Push records that are only here, on top of what others wrote meanwhile", (*branch.Ledger).Push),
		newLedgerSync(a, "pull", "Fetch the records of all runners, for plan, status and report", (*branch.Ledger).Sync),
	)
	return c
}

func newLedgerSync(a *app, name, short string, sync func(*branch.Ledger, context.Context) error) *cobra.Command {
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

func (a *app) syncLedgers(ctx context.Context, tenant, verb string, sync func(*branch.Ledger, context.Context) error) error {
	ws, err := a.at(ctx, "HEAD")
	if err != nil {
		return err
	}
	set, err := a.settings(ws)
	if err != nil {
		return err
	}
	if set.Ledger.Remote == "" {
		return diag.New(diag.Usage, "the ledger has no remote: the branches of this repository are the ledger").
			WithFix("name one in ringfence.cue: ledger: remote: \"origin\"")
	}
	if err := ws.repo.CheckRemote(ctx, set.Ledger.Remote); err != nil {
		return err
	}
	share, err := a.shareOptions(ws, set)
	if err != nil {
		return err
	}
	tenants, failed, err := a.tenants(ws, tenant)
	if err != nil {
		return err
	}
	for _, t := range tenants {
		line, fields, err := synced(ctx, branch.OpenWith(ws.repo, t.Name, share), verb, sync)
		if err != nil {
			failed = a.failedOne(failed, syncError(t.Name, verb, err))
			continue
		}
		fields["tenant"] = t.Name
		a.out.event("progress", fields, "%s: %s", t.Name, line)
	}
	if _, err := a.control(ws, set, share).ReadHalts(ctx, a.Now()); err != nil {
		failed = a.failedOne(failed, controlError(err))
	}
	return failed
}

// synced brings a ledger here or there, and says what came of it.
func synced(ctx context.Context, l *branch.Ledger, verb string, sync func(*branch.Ledger, context.Context) error) (string, event, error) {
	before, err := l.Head(ctx)
	if err != nil {
		return "", nil, err
	}
	own, _ := l.Unpushed(ctx) // it only counts; what is wrong says sync, which looks at the remote
	if err := sync(l, ctx); err != nil {
		return "", nil, err
	}
	after, err := l.Head(ctx)
	if err != nil {
		return "", nil, err
	}
	left, err := l.Unpushed(ctx)
	if err != nil || after.Commit == "" {
		return "no record yet, here or there", event{"unpushed": left}, err
	}
	var parts []string
	if n := after.State.Seq - before.State.Seq; n > 0 {
		parts = append(parts, phrase.Count(n, "new record")+" of others")
	}
	if n := own - left; n > 0 && verb == "push" {
		parts = append(parts, phrase.Count(n, "record")+" pushed")
	}
	if left > 0 {
		parts = append(parts, phrase.Count(left, "record")+" only here still: ringfence ledger push")
	}
	if parts == nil {
		parts = []string{"nothing new"}
	}
	parts = append(parts, fmt.Sprintf("the newest is record %d of %s", after.State.Seq, after.Record.At.Format("2006-01-02 15:04Z")))
	return strings.Join(parts, "; "), event{"unpushed": left, "records": after.State.Seq, "head": after.Commit}, nil
}

// syncError: what is here stays here, whatever the remote says.
func syncError(tenant, verb string, err error) error {
	if errors.Is(err, gitrepo.ErrRemoteDown) || errors.Is(err, gitrepo.ErrRemoteRefused) {
		return diag.New(diag.RemoteDown, "%s: %v", tenant, err).WithFix("what is here stays here; as soon as the remote answers: ringfence ledger %s", verb)
	}
	return ledgerError(tenant, err)
}
