package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/worker"
	"github.com/ringfence/ringfence/internal/canonical"
)

type testFlags struct {
	rev, run, format string
	update, strict   bool
	only             *regexp.Regexp // of run
}

func newTest(a *app) *cobra.Command {
	var f testFlags
	c := &cobra.Command{
		Use:   "test",
		Short: "Run the repository's scenarios and Rego tests",
		Long: `Runs every scenario of tests/*.cue (given hosts, missing updates, evidence and an instant, expect decisions, windows
and waves) through the same decide and plan as a real run, and every Rego test (*_test.rego). At the end it names the
rules, lanes, freezes and Rego rules that no test touches.

  ringfence test -run 'security.*pilot'
  ringfence test --format junit > tests.xml
  ringfence test -update          write what the plan says into the expectations, for review

Exit 0: all pass; 3: a test failed, or, with --fail-untested, something is not touched; 1: they could not be run.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.valid(); err != nil {
				return usage(c, err)
			}
			return a.test(c.Context(), f)
		},
	}
	c.Flags().StringVar(&f.rev, "rev", "", "test revision `REV` instead of the working folder")
	c.Flags().StringVar(&f.run, "run", "", "run only tests whose name matches `REGEXP`")
	c.Flags().StringVar(&f.format, "format", "text", "`FORMAT` text, json or junit")
	c.Flags().BoolVar(&f.update, "update", false, "rewrite expectations of scenarios that differ, in their files")
	c.Flags().BoolVar(&f.strict, "fail-untested", false, "exit 3 also when a rule, lane, freeze or Rego rule is touched by no test")
	return c
}

func (f *testFlags) valid() (err error) {
	if f.only, err = regexp.Compile(f.run); err != nil {
		return fmt.Errorf("--run: %w", err)
	}
	switch {
	case testFormats[f.format] == nil:
		return fmt.Errorf("--format is text, json or junit, not %q", f.format)
	case f.update && f.rev != "":
		return errors.New("--update rewrites the working folder, not a revision: leave out --rev")
	case f.strict && f.run != "":
		return errors.New("--fail-untested needs all tests: leave out --run")
	}
	return nil
}

func (a *app) test(ctx context.Context, f testFlags) error {
	ws, err := a.soundFolder(ctx, f.rev)
	if err != nil {
		return err
	}
	options := a.compiling()
	scenarios, list := compiler.Scenarios(ctx, ws.tree, options)
	if list.HasErrors() {
		a.out.diagnostics(list, ws.tree)
		return done(ExitError)
	}
	results, rego, err := a.regoTests(ctx, ws.tree)
	if err != nil {
		return err
	}
	seen := touched{}
	for _, s := range scenarios {
		if f.only.MatchString(s.Name) {
			results = append(results, a.scenario(ctx, ws, s, seen))
		}
	}
	if f.run != "" && !slices.ContainsFunc(results, func(r testResult) bool { return f.only.MatchString(r.Name) }) {
		return diag.New(diag.Usage, "no test has a name that matches %q", f.run).WithFix("see what there is: ringfence test")
	}
	if f.update {
		if err := a.correct(ws, results); err != nil {
			return err
		}
	}
	r := reportOf(results, f)
	if f.run == "" {
		r.Untested = seen.untested(ws.set, rego)
	}
	return a.testSummary(r, f)
}

// testResult is one test's name, place, and what it found wrong; nothing wrong is a pass.
type testResult struct {
	Name    string     `json:"test"`
	Source  string     `json:"source"`
	Skipped bool       `json:"skipped,omitempty"`
	Wrong   []string   `json:"wrong"`
	differs []mismatch // what of it is an expectation
}

// reportOf leaves out the tests that were not asked for.
func reportOf(results []testResult, f testFlags) testReport {
	r := testReport{APIVersion: canonical.APIVersion, Kind: "TestReport", Tests: []testResult{}}
	for _, t := range results {
		if !f.only.MatchString(t.Name) {
			continue
		}
		t.Wrong = append([]string{}, t.Wrong...)
		for _, m := range t.differs {
			t.Wrong = append(t.Wrong, m.text)
		}
		if len(t.Wrong) > 0 {
			r.Failed++
		}
		r.Tests = append(r.Tests, t)
	}
	return r
}

func (a *app) testSummary(r testReport, f testFlags) error {
	for _, t := range r.Tests {
		a.out.emit("progress", t.Name, event{"test": t.Name, "pass": len(t.Wrong) == 0, "skipped": t.Skipped, "source": t.Source, "wrong": t.Wrong})
	}
	for _, u := range r.Untested {
		a.out.emit("progress", "no test touches "+u.Kind+" "+u.Name, event{"untested": u})
	}
	if !a.json {
		if err := testFormats[f.format](a.Stdout, r); err != nil {
			return err
		}
	}
	if r.Failed > 0 || f.strict && len(r.Untested) > 0 {
		return done(ExitDenied)
	}
	return nil
}

// regoTests runs the *_test.rego files beside the modules they test.
func (a *app) regoTests(ctx context.Context, tree fs.FS) ([]testResult, []decide.TestedRule, error) {
	var modules []policy.Module
	for _, pattern := range []string{"baseline/*.rego", "tenants/*/*.rego"} {
		paths, err := fs.Glob(tree, pattern)
		if err != nil {
			return nil, nil, err
		}
		for _, path := range paths {
			raw, err := fs.ReadFile(tree, path)
			if err != nil {
				return nil, nil, err
			}
			modules = append(modules, policy.Module{Path: path, Text: string(raw)})
		}
	}
	if len(modules) == 0 {
		return nil, nil, nil
	}
	r := a.pool().Test(ctx, modules)
	switch {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case r.Failure != "":
		d := worker.Failed("running the tests of Rego", modules[0].Path, r.Failure)
		return nil, nil, d.WithFix("look for what multiplies in the modules and in their tests")
	}
	list, rules, err := decide.UnpackTests(r.Data)
	if err != nil {
		return nil, nil, err
	}
	var out []testResult
	for _, r := range list {
		t := testResult{Name: strings.TrimPrefix(r.Name, "data."), Source: r.Source, Skipped: r.Skip}
		switch {
		case r.Error != "":
			t.Wrong = []string{r.Error}
		case !r.Pass && !r.Skip:
			t.Wrong = []string{"it is not true"}
		}
		out = append(out, t)
	}
	return out, rules, nil
}

// scenario runs one scenario; one that names what is not there is wrong, not broken.
func (a *app) scenario(ctx context.Context, ws *workspace, s policy.Scenario, seen touched) testResult {
	r := testResult{Name: s.Name, Source: s.Source}
	t := ws.set.Tenant(s.Tenant)
	if t == nil {
		r.Wrong = []string{fmt.Sprintf("there is no tenant %q%s", s.Tenant, suggest.Tail(s.Tenant, names(ws.set)))}
		return r
	}
	if err := sense(ws.set, t, s); err != nil {
		r.Wrong = []string{err.Error()}
		return r
	}
	differs, err := a.playScenario(ctx, t, s, seen)
	if err != nil {
		r.Wrong = append(r.Wrong, err.Error())
	}
	r.differs = differs
	return r
}
