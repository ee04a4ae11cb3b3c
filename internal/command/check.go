package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/check"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/annotations"
	"github.com/ringfence/ringfence/internal/phrase"
)

func newCheck(a *app) *cobra.Command {
	var f checkFlags
	var at instant
	c := &cobra.Command{
		Use:   "check",
		Short: "Compile the policy and say what is wrong with it",
		Long: `Compiles every tenant of the working folder, or of a revision, and prints one diagnostic per mistake.
Nothing is written and no host is touched. Exit 0: no error; 1: a tenant or ringfence.cue does not compile; 3: all of them
do, and there are findings at or above --fail-level.

With --format json, sarif (2.1.0) or github (workflow commands) the findings are one document on stdout, also when there
are none; what is said to people stays on stderr.`,
		Example: "  ringfence check\n  ringfence check --format sarif > ringfence.sarif\n  ringfence check --rev main --fail-level warning",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.valid(); err != nil {
				return usage(c, err)
			}
			f.at = a.reading(at)
			return a.check(c.Context(), f)
		},
	}
	c.Flags().StringVar(&f.rev, "rev", "", "check revision `REV` from the object database instead of the working folder")
	c.Flags().StringVar(&f.level, "fail-level", "error", "exit 3 for findings of `LEVEL` or above: error, warning or info")
	c.Flags().StringVar(&f.format, "format", "text", "print findings as `FORMAT`: text, json, sarif or github")
	c.Flags().BoolVar(&f.all, "all", false, "show accepted findings, too")
	at.flag(c, "look ahead from `TIME` instead of now")
	return c
}

type checkFlags struct {
	rev, level, format string
	all                bool
	at                 time.Time
}

var (
	checkFormats = []string{"text", "json", "sarif", "github"}
	failLevels   = []string{string(diag.Error), string(diag.Warning), string(diag.Info)} // from worst to mildest
)

func (f checkFlags) valid() error {
	switch {
	case !slices.Contains(failLevels, f.level):
		return fmt.Errorf("--fail-level is error, warning or info, not %q", f.level)
	case !slices.Contains(checkFormats, f.format):
		return fmt.Errorf("--format is text, json, sarif or github, not %q", f.format)
	}
	return nil
}

// fails reports whether a finding is as bad as --fail-level says, or worse.
func (f checkFlags) fails(d diag.Diagnostic) bool {
	return slices.Index(failLevels, string(d.Severity)) <= slices.Index(failLevels, f.level)
}

func (a *app) check(ctx context.Context, f checkFlags) error {
	w, err := a.folderOr(ctx, f.rev)
	if err != nil {
		return err
	}
	w.list = append(w.list, controlFindings(ctx, w)...)
	ahead := check.NewAhead(f.at)
	for _, t := range w.set.Tenants {
		w.list = append(w.list, ahead.Tenant(t)...)
	}
	var accepted diag.List
	w.list, accepted = check.Accept(w.set.Tenants, w.list, f.at)
	shown := diag.List{}
	if f.all {
		shown = accepted
	}
	if err := a.findings(w, f.format, shown); err != nil {
		return err
	}
	if w.list.HasErrors() {
		a.out.say("%s; %s", tally(w.list), compiling(w.set))
		if w.compiles() {
			return done(ExitDenied)
		}
		return done(ExitError)
	}
	if f.format == "text" {
		a.summarise(w, len(accepted))
	} else {
		a.out.say("%s%s; %s", tally(w.list), besides(len(accepted)), compiling(w.set))
	}
	if slices.ContainsFunc(w.list, f.fails) {
		return done(ExitDenied)
	}
	return nil
}

// findings prints the list, and what was accepted as far as it is asked for: for people, or as one document.
func (a *app) findings(w *workspace, format string, accepted diag.List) error {
	src := annotations.NewSource(w.tree)
	switch format {
	case "json":
		return annotations.JSON(a.Stdout, slices.Concat(accepted, w.list), names(w.set))
	case "sarif":
		return annotations.SARIF(a.Stdout, slices.Concat(accepted, w.list), src, version())
	case "github":
		return annotations.GitHub(a.Stdout, slices.Concat(accepted, w.list), src)
	}
	a.out.diagnostics(accepted, w.tree)
	a.out.diagnostics(w.list, w.tree)
	return nil
}

// folderOr is the working folder, or a revision when one is named.
func (a *app) folderOr(ctx context.Context, rev string) (*workspace, error) {
	if rev == "" {
		return a.folder(ctx)
	}
	return a.at(ctx, rev)
}

// soundFolder is folderOr for verbs that can say nothing of a repository with errors: it prints them instead.
func (a *app) soundFolder(ctx context.Context, rev string) (*workspace, error) {
	ws, err := a.folderOr(ctx, rev)
	if err != nil {
		return nil, err
	}
	if ws.list.HasErrors() {
		a.out.diagnostics(ws.list, ws.tree)
		return nil, done(ExitError)
	}
	return ws, nil
}

func (a *app) summarise(w *workspace, accepted int) {
	for _, t := range w.set.Tenants {
		a.out.emit("progress", t.Name+" compiles", event{"tenant": t.Name, "rings": len(t.Rings), "hosts": len(t.Hosts)})
		if !a.json {
			fmt.Fprintf(a.Stdout, "%s: %s%s, %s, %s, %s, %s\n", t.Name, off(t), phrase.Count(len(t.Rings), "ring"), phrase.Count(len(t.Hosts), "host"),
				phrase.Count(len(t.Windows), "window"), phrase.Count(len(t.Rules), "rule"), phrase.Count(len(t.Freezes), "freeze"))
		}
	}
	if !a.json {
		fmt.Fprintf(a.Stdout, "ok: %s, %s%s\n", phrase.Count(len(w.set.Tenants), "tenant"), tally(w.list), besides(accepted))
	}
}

// off marks a tenant that is switched off.
func off(t *policy.Tenant) string {
	if t.Disabled {
		return "switched off; "
	}
	return ""
}

// compiles reports whether every tenant and the settings compile, whatever else is wrong with them.
func (w *workspace) compiles() bool {
	_, settled := w.known()
	return settled && len(w.set.Tenants) > 0 && !slices.ContainsFunc(compiler.Tenants(w.tree), func(name string) bool { return w.set.Tenant(name) == nil })
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
	return phrase.Count(n[diag.Error], "error") + ", " + phrase.Count(n[diag.Warning], "warning")
}
