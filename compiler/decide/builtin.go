package decide

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
)

const (
	batchSize   = 256
	builtinRule = "ringfence.decide"
)

// names are the entries that the built-in rules may name. Any other name in a result is a fault of the rules.
type names struct {
	rules   map[string]*policy.Rule
	lanes   map[string]bool
	freezes map[string]bool
	blocks  bool // some rule, beside otherwise, blocks
}

func namesOf(t *policy.Tenant) names {
	n := names{map[string]*policy.Rule{}, map[string]bool{}, map[string]bool{}, false}
	for i := range t.Rules {
		n.rules[t.Rules[i].Name] = &t.Rules[i]
		n.blocks = n.blocks || !t.Rules[i].Grants()
	}
	if t.Otherwise != nil {
		n.rules[t.Otherwise.Name] = t.Otherwise
	}
	for _, l := range t.Lanes {
		n.lanes[l.Name] = true
	}
	for _, f := range t.Freezes {
		n.freezes[f.Name] = f.Allow != nil
	}
	return n
}

// batch answers for classes in one evaluation. A batch that fails is asked again one class at a time, so that the class
// at fault is the only one that is denied.
func (v *Evaluator) batch(ctx context.Context, classes []Class) []decision.Answer {
	raw, err := evaluate(ctx, v.engine.query, v.input(classes), stepsPerClass*len(classes))
	if err != nil && len(classes) > 1 && ctx.Err() == nil {
		var out []decision.Answer
		for _, c := range classes {
			out = append(out, v.batch(ctx, []Class{c})...)
		}
		return out
	}
	byIndex, isObject := raw.(map[string]any)
	if err == nil && !isObject {
		err = errWrongType
	}
	out := make([]decision.Answer, len(classes))
	for i := range classes {
		out[i] = v.answer(byIndex[strconv.Itoa(i)], err)
	}
	return out
}

func (v *Evaluator) input(classes []Class) ast.Value {
	updates := make([]*ast.Term, len(classes))
	for i, c := range classes {
		updates[i] = c.value()
	}
	return ast.NewObject(append(slices.Clone(v.fixed), field("updates", ast.ArrayTerm(updates...)))...)
}

// answer reads what the built-in rules said of one class. Only a whole, well-formed answer can grant anything.
func (v *Evaluator) answer(raw any, err error) decision.Answer {
	if err != nil {
		return failed(builtinRule, err)
	}
	object, ok := raw.(map[string]any)
	if !ok {
		return failed(builtinRule, errUndefined)
	}
	granted, gErr := list(object["granted"], func(name string) bool { return v.known.rules[name] != nil })
	blocked, bErr := v.blocked(object)
	lanes, lErr := list(object["lanes"], func(name string) bool { return v.known.lanes[name] })
	freezes, fErr := list(object["freezes"], func(name string) bool { return v.known.freezes[name] })
	if err := cmp.Or(gErr, bErr, lErr, fErr); err != nil {
		return failed(builtinRule, err)
	}
	a := decision.Answer{Grants: []decision.Grant{}, Blocks: []decision.Block{}, Lanes: lanes, Freezes: freezes}
	for _, name := range append(granted, blocked...) { // otherwise may be either
		if r := v.known.rules[name]; r.Grants() {
			a.Grants = append(a.Grants, decision.Grant{Rule: name, Approve: r.Approve, Require: r.Require, Source: r.Source})
		} else {
			a.Blocks = append(a.Blocks, decision.BlockOf(*r))
		}
	}
	sortBlocks(a.Blocks)
	return a
}

// blocked reads which rules block. Rules of a release that knew none are not asked.
func (v *Evaluator) blocked(object map[string]any) ([]string, error) {
	if !v.known.blocks {
		return nil, nil
	}
	return list(object["blocked"], func(name string) bool { return v.known.rules[name] != nil && !v.known.rules[name].Grants() })
}

// list reads a list of known names, sorted.
func list(raw any, known func(string) bool) ([]string, error) {
	items, ok := raw.([]any)
	if !ok {
		return nil, errWrongType
	}
	out := make([]string, len(items))
	for i, item := range items {
		name, ok := item.(string)
		if !ok || !known(name) {
			return nil, fmt.Errorf("%w: %v is not the name of a rule, lane or freeze", errWrongType, item)
		}
		out[i] = name
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
