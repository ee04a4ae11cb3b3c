package command

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

func newTest(a *app) *cobra.Command {
	var rev string
	c := &cobra.Command{
		Use:   "test",
		Short: "Run the repository's scenarios and Rego tests",
		Long: `Runs every scenario of tests/*.cue (given hosts, missing updates, evidence and an instant, expect decisions and
windows) through the same decide and plan as a real run, and every Rego test (*_test.rego). Exit 0: all pass; 3: a test
failed; 1: they could not be run.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.test(c.Context(), rev) },
	}
	c.Flags().StringVar(&rev, "rev", "", "test revision `REV` instead of the working folder")
	return c
}

func (a *app) test(ctx context.Context, rev string) error {
	ws, err := a.folderOr(ctx, rev)
	if err != nil {
		return err
	}
	if ws.list.HasErrors() {
		a.out.diagnostics(ws.list, ws.tree)
		return done(ExitError)
	}
	options, closeAll := a.compiling()
	defer closeAll()
	scenarios, list := compiler.Scenarios(ctx, ws.tree, options)
	if list.HasErrors() {
		a.out.diagnostics(list, ws.tree)
		return done(ExitError)
	}
	results, err := a.regoTests(ctx, ws.tree)
	if err != nil {
		return err
	}
	for _, s := range scenarios {
		results = append(results, a.scenario(ctx, ws, s))
	}
	return a.testSummary(results)
}

// testResult is one test's name, place, and what it found wrong; nothing wrong is a pass.
type testResult struct {
	name, source string
	wrong        []string
}

func (a *app) testSummary(results []testResult) error {
	failed := 0
	for _, r := range results {
		word := "ok  "
		if len(r.wrong) > 0 {
			failed++
			word = "FAIL"
		}
		a.out.emit("progress", r.name, event{"test": r.name, "pass": len(r.wrong) == 0, "source": r.source, "wrong": r.wrong})
		if a.json {
			continue
		}
		fmt.Fprintf(a.Stdout, "%s  %s (%s)\n", word, r.name, r.source)
		for _, w := range r.wrong {
			fmt.Fprintf(a.Stdout, "      %s\n", w)
		}
	}
	if !a.json {
		fmt.Fprintf(a.Stdout, "%s, %d failed\n", count(len(results), "test"), failed)
	}
	if failed > 0 {
		return done(ExitDenied)
	}
	return nil
}

// regoTests runs the *_test.rego files beside the modules they test.
func (a *app) regoTests(ctx context.Context, tree fs.FS) ([]testResult, error) {
	var modules []policy.Module
	for _, pattern := range []string{"baseline/*.rego", "tenants/*/*.rego"} {
		paths, err := fs.Glob(tree, pattern)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			raw, err := fs.ReadFile(tree, path)
			if err != nil {
				return nil, err
			}
			modules = append(modules, policy.Module{Path: path, Text: string(raw)})
		}
	}
	list, err := decide.Test(ctx, modules)
	if err != nil {
		return nil, err
	}
	var out []testResult
	for _, r := range list {
		t := testResult{name: strings.TrimPrefix(r.Name, "data."), source: r.Source}
		switch {
		case r.Error != "":
			t.wrong = []string{r.Error}
		case !r.Pass && !r.Skip:
			t.wrong = []string{"it is not true"}
		}
		out = append(out, t)
	}
	return out, nil
}

// scenario runs one scenario; one that names what is not there is wrong, not broken.
func (a *app) scenario(ctx context.Context, ws *workspace, s policy.Scenario) testResult {
	r := testResult{name: s.Name, source: s.Source}
	t := ws.set.Tenant(s.Tenant)
	if t == nil {
		r.wrong = []string{diag.New(diag.UnknownTenant, "there is no tenant %q", s.Tenant).Summary}
		return r
	}
	wrong, err := playScenario(ctx, t, s)
	if err != nil {
		wrong = append(wrong, err.Error())
	}
	r.wrong = wrong
	return r
}
