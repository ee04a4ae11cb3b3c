package decide

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/ringfence/ringfence/compiler/policy"
)

// Engine is the built-in rules, compiled once for all tenants. It is safe for concurrent use.
type Engine struct {
	query   rego.PreparedEvalQuery
	modules []policy.Module

	mu     sync.Mutex
	custom map[string]*custom // by digest of the modules: tenants of one baseline share theirs
}

// Load compiles the built-in rules: every .rego file below the root that is not a test.
func Load(ctx context.Context, files fs.FS) (*Engine, error) {
	modules, err := read(files)
	if err != nil {
		return nil, fmt.Errorf("read the built-in rules: %w", err)
	}
	return newEngine(ctx, modules)
}

func newEngine(ctx context.Context, modules []policy.Module) (*Engine, error) {
	if len(modules) == 0 {
		return nil, fmt.Errorf("no built-in rules: %w", fs.ErrNotExist)
	}
	parsed := map[string]*ast.Module{}
	for _, m := range modules {
		p, err := parse(m, forRules())
		if err != nil {
			return nil, fmt.Errorf("built-in rules: %w", err)
		}
		parsed[m.Path] = p
	}
	c := newCompiler(forRules())
	if c.Compile(parsed); c.Failed() {
		return nil, fmt.Errorf("built-in rules: %w", c.Errors)
	}
	q, err := prepare(ctx, c, "x := data.ringfence.decide.answers")
	if err != nil {
		return nil, fmt.Errorf("built-in rules: %w", err)
	}
	return &Engine{query: q, modules: modules, custom: map[string]*custom{}}, nil
}

func read(files fs.FS) (modules []policy.Module, err error) {
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".rego" || isTest(name) {
			return err
		}
		text, err := fs.ReadFile(files, name)
		modules = append(modules, policy.Module{Path: path.Base(name), Text: string(text)})
		return err
	})
	return modules, err
}

func isTest(name string) bool { return strings.HasSuffix(name, "_test.rego") }

// parse reads a module as Rego v1, whatever a later OPA takes as its default.
func parse(m policy.Module, may *ast.Capabilities) (*ast.Module, error) {
	return ast.ParseModuleWithOpts(m.Path, m.Text, ast.ParserOptions{RegoVersion: ast.RegoV1, Capabilities: may})
}

func newCompiler(may *ast.Capabilities) *ast.Compiler {
	return ast.NewCompiler().WithCapabilities(may).WithDefaultRegoVersion(ast.RegoV1).
		WithEnablePrintStatements(true) // else a call of print would be dropped in silence instead of refused
}

// prepare makes a query that binds x. Errors of built-in functions are errors of the evaluation: the usual "undefined"
// would let a reject with a malformed date pass.
func prepare(ctx context.Context, c *ast.Compiler, query string) (rego.PreparedEvalQuery, error) {
	return rego.New(
		rego.Compiler(c), rego.Query(query), rego.SetRegoVersion(ast.RegoV1), rego.Capabilities(forRules()),
		rego.StrictBuiltinErrors(true),
	).PrepareForEval(ctx)
}

// evaluate runs a prepared query within a number of steps and returns what x is bound to. Undefined is an error.
func evaluate(ctx context.Context, q rego.PreparedEvalQuery, input ast.Value, steps int) (any, error) {
	b := newBudget(ctx, steps)
	rs, err := q.Eval(ctx, rego.EvalParsedInput(input), rego.EvalEarlyExit(false), rego.EvalExternalCancel(b))
	switch {
	case b.spent():
		return nil, fmt.Errorf("%w: more than %d steps", errTooLong, steps)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, err
	case len(rs) != 1:
		return nil, errUndefined
	}
	return rs[0].Bindings["x"], nil
}
