package decide

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"

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

// TestedRule is one reject, hold or require rule of a user's modules.
type TestedRule struct {
	Name    string // ringfence.custom.reject
	Source  string // path:line:column, as in the blocks that it makes
	Touched bool   // some test made it true
}

// Test runs the tests among modules, in order of file and line, and says which acting rules they touch. Modules that
// break the contract are a diag.List, and nothing runs.
func Test(ctx context.Context, modules []policy.Module) ([]TestResult, []TestedRule, error) {
	c, list := compileModules(modules, true)
	if err := list.Err(); err != nil {
		return nil, nil, err
	}
	touched := &heads{true: map[string]bool{}}
	results, err := runTests(ctx, newCompiler(forTests()).WithSchemas(inputSchema()), c.parsed(), touched)
	if err != nil {
		return nil, nil, err
	}
	return results, touched.tested(c.rules), nil
}

// testTime is how long one test may take by the clock. Where tests run apart, limits of memory and processor time end
// them long before; OPA's own five seconds pass on a busy machine while a test waits for its turn.
const testTime = 2 * time.Minute

func runTests(ctx context.Context, c *ast.Compiler, modules map[string]*ast.Module, touched topdown.QueryTracer) ([]TestResult, error) {
	results, err := tester.NewRunner().SetTimeout(testTime).SetCompiler(c).SetModules(modules).SetCoverageQueryTracer(touched).RaiseBuiltinErrors(true).RunTests(ctx, nil)
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

// heads are the places of rules that came true, as a tracer of the evaluator.
type heads struct {
	mu   sync.Mutex
	true map[string]bool
}

var _ topdown.QueryTracer = (*heads)(nil)

// Enabled says yes.
func (*heads) Enabled() bool { return true }

// Config asks for nothing more.
func (*heads) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent notes a rule that the evaluator leaves with a result.
func (h *heads) TraceEvent(e topdown.Event) {
	if r, ok := e.Node.(*ast.Rule); ok && e.Op == topdown.ExitOp {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.true[place(r.Head.Location)] = true
	}
}

func (h *heads) tested(rules []actingRule) []TestedRule {
	var out []TestedRule
	for _, r := range rules {
		out = append(out, TestedRule{Name: r.pkg + "." + string(r.kind), Source: r.source, Touched: h.true[r.source]})
	}
	return out
}
