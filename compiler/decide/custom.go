package decide

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
)

// custom is a tenant's own modules, prepared. Nil evaluates nothing.
type custom struct {
	query rego.PreparedEvalQuery
	rules []actingRule // the query's result has one set for each

	modules []userModule
}

// actingRule is one reject, hold or require rule, and the reference by which it alone is asked.
type actingRule struct {
	kind   decision.BlockKind
	pkg    string
	source string
	ref    ast.Ref
	rule   *ast.Rule
}

// addNamed adds to each module a copy of every acting rule under a name of its own: a set tells what was rejected, but
// not by which of several rules of the same name.
func (c *compiled) addNamed() {
	for _, m := range c.modules {
		for _, r := range slices.Clone(m.module.Rules) {
			kind, acts := acting[ruleName(r)]
			if !acts || isTest(m.path) {
				continue
			}
			name := reserved + strconv.Itoa(len(c.rules))
			named := r.Copy()
			named.Head.Name = ast.Var(name)
			named.Head.SetRef(ast.Ref{ast.VarTerm(name)})
			m.module.Rules = append(m.module.Rules, named)
			ref := m.module.Package.Path.Append(ast.StringTerm(name))
			c.rules = append(c.rules, actingRule{kind, m.pkg, place(r.Head.Location), ref, r})
		}
	}
}

// customFor returns the prepared modules of a tenant, nil if none of them acts. Errors are a diag.List.
func (e *Engine) customFor(ctx context.Context, t *policy.Tenant) (*custom, error) {
	if len(t.Modules) == 0 {
		return nil, nil
	}
	key, err := canonical.Digest(t.Modules)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := e.custom[key]
	if !ok {
		if c, err = compileCustom(ctx, t.Modules); err != nil {
			return nil, err
		}
		e.custom[key] = c
	}
	if err := c.foreign(t.Name).Err(); err != nil {
		return nil, err
	}
	if len(c.rules) == 0 {
		return nil, nil
	}
	return c, nil
}

func compileCustom(ctx context.Context, modules []policy.Module) (*custom, error) {
	c, list := compileModules(modules, false)
	if err := list.Err(); err != nil {
		return nil, err
	}
	refs := make([]string, len(c.rules))
	for i, r := range c.rules {
		refs[i] = r.ref.String()
	}
	q, err := prepare(ctx, c.compiler, "x := ["+strings.Join(refs, ", ")+"]")
	if err != nil {
		return nil, fmt.Errorf("prepare modules: %w", err)
	}
	return &custom{query: q, rules: c.rules, modules: c.modules}, nil
}

// foreign reports modules of other tenants. Leaving them out would also leave out what their author wants refused.
func (c *custom) foreign(tenant string) (list diag.List) {
	for _, m := range c.modules {
		if !belongs(m, tenant) {
			list = append(list, foreignTo(m, tenant))
		}
	}
	return list
}

// add evaluates the modules for one class and adds their blocks. One that fails takes the class's grants with it.
func (c *custom) add(ctx context.Context, class Class, a *decision.Answer) {
	if c == nil {
		return
	}
	input := ast.NewObject(field("update", class.value()))
	raw, err := evaluate(ctx, c.query, input, stepsPerClass)
	if err == nil {
		err = c.blocks(raw, a)
	}
	if err != nil {
		*a = failed(c.blame(err), err)
		if b := &a.Blocks[0]; b.Source == "" {
			b.Source = c.modules[len(c.modules)-1].path // sorted: the tenant's own come last
		}
	}
}

// blame names the package in whose file an error happened.
func (c *custom) blame(err error) string {
	var e *topdown.Error
	if errors.As(err, &e) && e.Location != nil {
		for _, m := range c.modules {
			if m.path == e.Location.File {
				return m.pkg
			}
		}
	}
	return customPackage
}

// blocks reads one set of objects for each acting rule.
func (c *custom) blocks(raw any, a *decision.Answer) error {
	sets, ok := raw.([]any)
	if !ok || len(sets) != len(c.rules) {
		return errWrongType
	}
	before := len(a.Blocks)
	for i, set := range sets {
		elements, ok := set.([]any)
		if !ok {
			return c.rules[i].wrong("not a set")
		}
		for _, e := range elements {
			b, err := c.rules[i].block(e)
			if err != nil {
				return err
			}
			a.Blocks = append(a.Blocks, b)
		}
	}
	if n := len(a.Blocks) - before; n > maxBlocks {
		return fmt.Errorf("%w: %d blocks for one update, at most %d are read", errWrongType, n, maxBlocks)
	}
	sortBlocks(a.Blocks)
	return nil
}
