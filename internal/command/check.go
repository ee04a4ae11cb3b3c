package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
)

func newCheck(a *app) *cobra.Command {
	var rev, level string
	c := &cobra.Command{
		Use:   "check",
		Short: "Compile the policy and say what is wrong with it",
		Long: `Compiles every tenant of the working folder, or of a revision, and prints one diagnostic per mistake.
Nothing is written and no host is touched. Exit 0: no error; 1: the policy does not compile; 3: findings at or above --fail-level.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if level != "error" && level != "warning" {
				return usage(c, fmt.Errorf("--fail-level is error or warning, not %q", level))
			}
			return a.check(c.Context(), rev, level)
		},
	}
	c.Flags().StringVar(&rev, "rev", "", "check revision `REV` from the object database instead of the working folder")
	c.Flags().StringVar(&level, "fail-level", "error", "exit 3 also for findings of `LEVEL` warning")
	return c
}

func (a *app) check(ctx context.Context, rev, level string) error {
	w, err := a.folderOr(ctx, rev)
	if err != nil {
		return err
	}
	a.out.diagnostics(w.list, w.tree)
	if w.list.HasErrors() {
		a.out.say("%d of the tenants compile; %s", len(w.set.Tenants), tally(w.list))
		return done(ExitError)
	}
	a.summarise(w)
	if level == "warning" && len(w.list) > 0 {
		return done(ExitDenied)
	}
	return nil
}

// folderOr is the working folder, or a revision when one is named.
func (a *app) folderOr(ctx context.Context, rev string) (*workspace, error) {
	if rev == "" {
		return a.folder(ctx)
	}
	return a.at(ctx, rev)
}

func (a *app) summarise(w *workspace) {
	for _, t := range w.set.Tenants {
		a.out.emit("progress", t.Name+" compiles", event{"tenant": t.Name, "rings": len(t.Rings), "hosts": len(t.Hosts)})
		if !a.json {
			fmt.Fprintf(a.Stdout, "%s: %d %s, %d hosts, %d windows, %d rules, %d freezes\n", t.Name, len(t.Rings), plural(len(t.Rings), "ring"),
				len(t.Hosts), len(t.Windows), len(t.Rules), len(t.Freezes))
		}
	}
	if !a.json {
		fmt.Fprintf(a.Stdout, "ok: %d %s, %s\n", len(w.set.Tenants), plural(len(w.set.Tenants), "tenant"), tally(w.list))
	}
}

func tally(list diag.List) string {
	n := map[diag.Severity]int{}
	for _, d := range list {
		n[d.Severity]++
	}
	return fmt.Sprintf("%d %s, %d %s", n[diag.Error], plural(n[diag.Error], "error"), n[diag.Warning], plural(n[diag.Warning], "warning"))
}
