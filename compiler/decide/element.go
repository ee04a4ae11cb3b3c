package decide

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/diag"
)

// An element without msg makes a rule that denies its class whenever it speaks. OPA infers the type of every rule, so
// most such rules are known before anything is decided: an example of the type is read as an answer would be.

// elements reports acting rules of which every element would be refused. What has no type that says so is left to
// decisions, which refuse it then.
func (c *compiled) elements() (list diag.List) {
	for _, r := range c.rules {
		set, ok := c.compiler.TypeEnv.GetByRef(r.ref).(*types.Set)
		if !ok {
			continue
		}
		if why := r.fault(set.Of()); why != "" {
			list = append(list, refuse(r.at(), "%s", why).WithFix("write: %s", example(r.kind)))
		}
	}
	return list
}

// fault says what is wrong with each element of a type, "" if one may be right.
func (r actingRule) fault(t types.Type) (why string) {
	kinds := []types.Type{t}
	if several, ok := t.(types.Any); ok {
		kinds = several
	}
	for _, k := range kinds {
		element, known := r.exampleOf(k)
		if !known {
			return ""
		}
		if why = r.told(element); why == "" {
			return ""
		}
	}
	return why
}

// exampleOf is an element of a type, with the constants that the rule writes down. What is not known of it is as it
// should be.
func (r actingRule) exampleOf(t types.Type) (element any, known bool) {
	o, ok := t.(*types.Object)
	if !ok {
		return simple(t)
	}
	if o.DynamicProperties() != nil {
		return nil, false
	}
	out := map[string]any{}
	for _, p := range o.StaticProperties() {
		key := fmt.Sprint(p.Key)
		if out[key], known = simple(p.Value); !known {
			out[key] = right[key]
		}
	}
	for key, value := range r.constants() {
		out[key] = value
	}
	return out, true
}

// right are values that elements may have.
var right = map[string]any{"msg": "x", "role": "x", "approvers": json.Number("1")}

// simple is a value of a type that is no union.
func simple(t types.Type) (value any, known bool) {
	switch t.(type) {
	case types.String:
		return "x", true
	case types.Number:
		return json.Number("1"), true
	case types.Boolean:
		return true, true
	case types.Null:
		return nil, true
	case *types.Array, *types.Set:
		return []any{}, true
	case *types.Object:
		return map[string]any{}, true
	}
	return nil, false
}

// constants are the texts and numbers that the rule's own object has.
func (r actingRule) constants() map[string]any {
	out := map[string]any{}
	o, ok := r.rule.Head.Key.Value.(ast.Object)
	if !ok {
		return out
	}
	o.Foreach(func(k, v *ast.Term) {
		key, ok := k.Value.(ast.String)
		if !ok {
			return
		}
		switch x := v.Value.(type) {
		case ast.String:
			out[string(key)] = string(x)
		case ast.Number:
			out[string(key)] = json.Number(x)
		}
	})
	return out
}

// told says what is wrong with an element, in the words of who wrote the rule.
func (r actingRule) told(element any) string {
	object, ok := element.(map[string]any)
	if !ok {
		return fmt.Sprintf("%q must be a set of objects", r.kind)
	}
	missing := slices.DeleteFunc(slices.Clone(keys[r.kind]), func(k string) bool { return has(object, k) })
	unread := slices.DeleteFunc(slices.Sorted(maps.Keys(object)), func(k string) bool { return slices.Contains(keys[r.kind], k) })
	_, why := r.read(element)
	switch {
	case len(missing) > 0 && len(unread) > 0:
		why = "has no " + quoted(missing) + ", and nothing reads its " + quoted(unread)
	case len(missing) > 0:
		why = "has no " + quoted(missing)
	case len(unread) > 0:
		why = "has " + quoted(unread) + ", which nothing reads"
	case why == "":
		return ""
	default:
		why = "is wrong: " + why
	}
	return fmt.Sprintf("an element of %q %s", r.kind, why)
}

// keys are those of elements.
var keys = map[decision.BlockKind][]string{
	decision.Reject: {"msg"}, decision.Hold: {"msg"}, decision.RequireKind: {"approvers", "msg", "role"},
}

func has(object map[string]any, key string) bool {
	_, ok := object[key]
	return ok
}

func quoted(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }

// at is where the element is written, if the rule writes it down, or else where the rule begins.
func (r actingRule) at() *ast.Location {
	if _, ok := r.rule.Head.Key.Value.(ast.Object); ok && r.rule.Head.Key.Location != nil {
		return r.rule.Head.Key.Location
	}
	return r.rule.Head.Location
}

// example is a rule of a kind that is right.
func example(kind decision.BlockKind) string {
	if kind == decision.RequireKind {
		return `require contains {"msg": "…", "approvers": 1, "role": "…"} if { … }`
	}
	return string(kind) + ` contains {"msg": "…"} if { … }`
}
