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
}

func namesOf(t *policy.Tenant) names {
	n := names{map[string]*policy.Rule{}, map[string]bool{}, map[string]bool{}}
	for i := range t.Rules {
		n.rules[t.Rules[i].Name] = &t.Rules[i]
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

// fixedInput is the part of the input that is the same for every batch.
func fixedInput(t *policy.Tenant) [][2]*ast.Term {
	var rules, lanes, freezes []*ast.Term
	for _, r := range t.Rules {
		rules = append(rules, entry(r.Name, r.Match))
	}
	for _, l := range t.Lanes {
		lanes = append(lanes, entry(l.Name, &l.Match))
	}
	for _, f := range t.Freezes {
		if f.Allow != nil {
			freezes = append(freezes, entry(f.Name, f.Allow))
		}
	}
	otherwise := ast.NullTerm()
	if t.Otherwise != nil {
		otherwise = ast.StringTerm(t.Otherwise.Name)
	}
	return [][2]*ast.Term{
		field("rules", ast.ArrayTerm(rules...)), field("lanes", ast.ArrayTerm(lanes...)),
		field("freezes", ast.ArrayTerm(freezes...)), field("otherwise", otherwise),
	}
}

// entry is a name and its match, with only those fields that the policy names.
func entry(name string, m *policy.Match) *ast.Term {
	var named [][2]*ast.Term
	if m != nil && m.Exploited != nil {
		named = append(named, field("exploited", ast.BooleanTerm(*m.Exploited)))
	}
	if m != nil && len(m.Classification) > 0 {
		named = append(named, field("classification", stringsTerm(m.Classification)))
	}
	return ast.ObjectTerm(field("name", ast.StringTerm(name)), field("match", ast.ObjectTerm(named...)))
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
	lanes, lErr := list(object["lanes"], func(name string) bool { return v.known.lanes[name] })
	freezes, fErr := list(object["freezes"], func(name string) bool { return v.known.freezes[name] })
	if err := cmp.Or(gErr, lErr, fErr); err != nil {
		return failed(builtinRule, err)
	}
	return decision.Answer{Grants: v.grants(granted), Blocks: []decision.Block{}, Lanes: lanes, Freezes: freezes}
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

func (v *Evaluator) grants(rules []string) []decision.Grant {
	out := make([]decision.Grant, len(rules))
	for i, name := range rules {
		r := v.known.rules[name]
		out[i] = decision.Grant{Rule: name, Approve: r.Approve, Require: r.Require, Source: r.Source}
	}
	return out
}
