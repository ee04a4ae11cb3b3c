package decide

import (
	"context"
	"errors"
	"io/fs"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

var (
	errTooLong   = errors.New("the evaluation took too long")
	errUndefined = errors.New("the result is undefined")
	errNoForm    = errors.New("its text is not UTF-8")
	errWrongType = errors.New("the result has the wrong type")
)

// Evaluator answers for one tenant's rules. It is safe for concurrent use and keeps nothing between calls.
type Evaluator struct {
	Rules
	engine *Engine
	known  names
	fixed  [][2]*ast.Term // input of the built-in rules without the updates
	custom *custom
}

// New compiles the built-in rules and a tenant's modules. Use Load and Engine.Evaluator for many tenants. An error of
// the user's modules is a diag.List.
func New(ctx context.Context, t *policy.Tenant, builtin fs.FS) (*Evaluator, error) {
	e, err := Load(ctx, builtin)
	if err != nil {
		return nil, err
	}
	return e.Evaluator(ctx, t)
}

// Evaluator prepares a tenant's rules and modules. The tenant must not change while the evaluator is in use.
func (e *Engine) Evaluator(ctx context.Context, t *policy.Tenant) (*Evaluator, error) {
	c, err := e.customFor(ctx, t)
	if err != nil {
		return nil, err
	}
	fixed, err := fixedInput(t)
	if err != nil {
		return nil, err
	}
	return &Evaluator{Rules: Rules{t, e.modules}, engine: e, known: namesOf(t), fixed: fixed, custom: c}, nil
}

// Answers returns one answer per update, in the same order, and the digest of each update's class. It never fails as a
// whole: a class that cannot be evaluated is answered with a block of kind decision.Failed. Updates of one class share
// the lists of their answer, which callers must not change.
func (v *Evaluator) Answers(ctx context.Context, updates []inventory.Update) (answers []decision.Answer, digests []string) {
	classes, ids, index := intern(updates)
	return spread(v.classes(ctx, classes, func() {}), ids, index)
}

// spread gives each update the answer of its class.
func spread(byClass []decision.Answer, ids []string, index []int) (answers []decision.Answer, digests []string) {
	answers, digests = make([]decision.Answer, len(index)), make([]string, len(index))
	for i, at := range index {
		if at < 0 {
			answers[i] = failed(builtinRule, errNoForm)
			continue
		}
		answers[i], digests[i] = byClass[at], ids[at]
		answers[i].Class = ids[at]
	}
	return answers, digests
}

// perMark is how many classes a user's modules are asked about between two marks of progress: limits of time hold from
// one to the next.
const perMark = 64

// classes answers for distinct classes: the built-in rules in batches, the user's one class at a time, since only they
// can fail and must not do so for another class.
func (v *Evaluator) classes(ctx context.Context, classes []Class, mark func()) []decision.Answer {
	out := make([]decision.Answer, 0, len(classes))
	for start := 0; start < len(classes); start += batchSize {
		out = append(out, v.batch(ctx, classes[start:min(start+batchSize, len(classes))])...)
		mark()
	}
	for i := range out {
		v.custom.add(ctx, classes[i], &out[i])
		if (i+1)%perMark == 0 {
			mark()
		}
	}
	return out
}
