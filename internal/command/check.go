package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/check"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

func newCheck(a *app) *cobra.Command {
	var rev, level string
	var all bool
	var at instant
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
			return a.check(c.Context(), rev, level, a.reading(at), all)
		},
	}
	c.Flags().StringVar(&rev, "rev", "", "check revision `REV` from the object database instead of the working folder")
	c.Flags().StringVar(&level, "fail-level", "error", "exit 3 also for findings of `LEVEL` warning")
	c.Flags().BoolVar(&all, "all", false, "show accepted findings, too")
	at.flag(c, "look ahead from `TIME` instead of now")
	return c
}

func (a *app) check(ctx context.Context, rev, level string, at time.Time, all bool) error {
	w, err := a.folderOr(ctx, rev)
	if err != nil {
		return err
	}
	w.list = append(w.list, controlFindings(w)...)
	ahead := check.NewAhead(at)
	for _, t := range w.set.Tenants {
		w.list = append(w.list, ahead.Tenant(t)...)
	}
	var accepted diag.List
	w.list, accepted = check.Accept(w.set.Tenants, w.list, at)
	if all {
		a.out.diagnostics(accepted, w.tree)
	}
	a.out.diagnostics(w.list, w.tree)
	if w.list.HasErrors() {
		a.out.say("%s; %s", tally(w.list), compiling(w.set))
		return done(ExitError)
	}
	a.summarise(w, len(accepted))
	if level == "warning" && slices.ContainsFunc(w.list, func(d diag.Diagnostic) bool { return d.Severity != diag.Info }) {
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

func (a *app) summarise(w *workspace, accepted int) {
	for _, t := range w.set.Tenants {
		a.out.emit("progress", t.Name+" compiles", event{"tenant": t.Name, "rings": len(t.Rings), "hosts": len(t.Hosts)})
		if !a.json {
			fmt.Fprintf(a.Stdout, "%s: %s%s, %s, %s, %s, %s\n", t.Name, off(t), count(len(t.Rings), "ring"), count(len(t.Hosts), "host"),
				count(len(t.Windows), "window"), count(len(t.Rules), "rule"), count(len(t.Freezes), "freeze"))
		}
	}
	if !a.json {
		fmt.Fprintf(a.Stdout, "ok: %s, %s%s\n", count(len(w.set.Tenants), "tenant"), tally(w.list), besides(accepted))
	}
}

// off marks a tenant that is switched off.
func off(t *policy.Tenant) string {
	if t.Disabled {
		return "switched off; "
	}
	return ""
}

// compiling says which tenants may still be planned: one tenant's mistake stops no other.
func compiling(set *policy.Set) string {
	if len(set.Tenants) == 0 {
		return "no tenant compiles"
	}
	return "these tenants compile: " + strings.Join(names(set), ", ")
}

// besides counts the findings that somebody accepted; --all shows them.
func besides(accepted int) string {
	if accepted == 0 {
		return ""
	}
	return fmt.Sprintf(", %d accepted", accepted)
}

func tally(list diag.List) string {
	n := map[diag.Severity]int{}
	for _, d := range list {
		n[d.Severity]++
	}
	return count(n[diag.Error], "error") + ", " + count(n[diag.Warning], "warning")
}
