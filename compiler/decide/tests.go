package decide

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/ringfence/ringfence/compiler/policy"
)

// TestResult is the outcome of one test of a user's _test.rego file.
type TestResult struct {
	Name   string // ringfence.custom_test.test_x
	Source string // path:line:column
	Pass   bool
	Skip   bool   // its name begins with todo_
	Error  string // why it could not be evaluated
}

// Test runs the tests among modules, in order of file and line. Modules that break the contract are a diag.List, and
// nothing runs.
func Test(ctx context.Context, modules []policy.Module) ([]TestResult, error) {
	c, list := compileModules(modules, true)
	if err := list.Err(); err != nil {
		return nil, err
	}
	return runTests(ctx, newCompiler(forTests()).WithSchemas(inputSchema()), c.parsed())
}

func runTests(ctx context.Context, c *ast.Compiler, modules map[string]*ast.Module) ([]TestResult, error) {
	results, err := tester.NewRunner().SetCompiler(c).SetModules(modules).RaiseBuiltinErrors(true).RunTests(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("run the tests of modules: %w", err)
	}
	var out []*tester.Result
	for r := range results {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *tester.Result) int { return a.Location.Compare(b.Location) })
	return testResults(out), nil
}

func testResults(list []*tester.Result) []TestResult {
	out := make([]TestResult, len(list))
	for i, r := range list {
		out[i] = TestResult{Name: strings.TrimPrefix(r.Package, "data.") + "." + r.Name, Source: place(r.Location), Pass: r.Pass(), Skip: r.Skip}
		if r.Error != nil {
			out[i].Error = oneLine(r.Error.Error())
		}
	}
	return out
}
