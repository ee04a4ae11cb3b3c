package command

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner/ledger/branch"
)

func newLog(a *app) *cobra.Command {
	var tenant string
	var limit int
	c := &cobra.Command{
		Use:   "log",
		Short: "Print a tenant's ledger, newest first",
		Long: `Prints one line per record. It is plain Git: git log ringfence/ledger/<tenant> reads the same, and
git show ringfence/ledger/<tenant>:run/record.json is the newest record. Why an action failed says ringfence report.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if limit < 0 {
				return usage(c, fmt.Errorf("--limit is a number of records, or 0 for all, not %d", limit))
			}
			return a.log(c.Context(), tenant, limit)
		},
	}
	c.Flags().StringVar(&tenant, "tenant", "", "the `TENANT` (default: the only one)")
	c.Flags().IntVarP(&limit, "limit", "n", 50, "print at most `N` records; 0: all")
	return c
}

func (a *app) log(ctx context.Context, tenant string, limit int) error {
	ws, err := a.at(ctx, "HEAD")
	if err != nil {
		return err
	}
	t, err := a.tenant(ws, tenant)
	if err != nil {
		return err
	}
	p, err := a.pipeline(ctx, ws, t, "")
	if err != nil {
		return err
	}
	if p.head.Commit == "" {
		if p.share.Remote != "" {
			a.out.say("no record of %s is here\nto bring what others wrote: ringfence ledger pull", t.Name)
			return nil
		}
		a.out.say("%s has no record yet\nnext: ringfence scan %s", t.Name, whereOf(t, "SITE"))
		return nil
	}
	out := bufio.NewWriter(a.Stdout) // thousands of lines
	defer out.Flush()
	for e, err := range p.ledger.Log(ctx, p.head, limit) {
		if err != nil {
			return ledgerError(t.Name, err)
		}
		a.logLine(out, e)
	}
	return nil
}

func (a *app) logLine(out io.Writer, e branch.LogEntry) {
	if a.json {
		a.out.emit("record", e.Subject, event{"seq": e.Seq, "commit": e.Commit, "when": e.When, "trailers": e.Trailers})
		return
	}
	fmt.Fprintf(out, "%4d  %s  %s  %s\n", e.Seq, short(e.Commit), e.When.UTC().Format("2006-01-02 15:04Z"), untrusted.Line(e.Subject, 200))
}
