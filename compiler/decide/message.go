package decide

import (
	"errors"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/suggest"
)

// diagnostics turns OPA's errors into one diagnostic each. Those of the named copies of rules repeat the original's, of what
// the parser says of one place the first that has a way out counts, and rules that lead to each other are one circle.
func diagnostics(file string, err error) (list diag.List) {
	several := errorsOf(err)
	if len(several) == 0 {
		return diag.List{refuse(&ast.Location{File: file}, "%v", err).WithFix("%s", anyFix)}
	}
	for _, e := range several {
		d := diagnostic(file, e)
		i := slices.IndexFunc(list, func(o diag.Diagnostic) bool {
			return o.Error() == d.Error() || e.Code == ast.ParseErr && *o.Range == *d.Range || e.Code == ast.RecursionErr && strings.Contains(o.Summary, recursive)
		})
		switch {
		case i >= 0 && list[i].Fix == anyFix:
			list[i] = d
		case i < 0 && !strings.Contains(e.Message, reserved):
			list = append(list, d)
		}
	}
	if len(list) == 0 {
		return diag.List{diagnostic(file, several[0])}
	}
	return list
}

// errorsOf are OPA's errors, of which it returns one by itself or a list.
func errorsOf(err error) ast.Errors {
	var several ast.Errors
	var one *ast.Error
	if !errors.As(err, &several) && errors.As(err, &one) {
		return ast.Errors{one}
	}
	return several
}

func diagnostic(file string, e *ast.Error) diag.Diagnostic {
	at := e.Location
	if at == nil {
		at = &ast.Location{File: file}
	}
	if name, ok := strings.CutPrefix(e.Message, "undefined function "); ok {
		return refuse(at, "the function %s does not exist or is not allowed in rules", name).
			WithFix("rules see no clock, network, randomness or keys; compute with the fields of input.update alone")
	}
	switch x := e.Details.(type) {
	case *ast.UnificationErrDetail:
		return refuse(at, "%s and %s are never equal", kindOf(x.Left), kindOf(x.Right)).
			WithFix("compare values of one type: \"text\", 1, true, {\"a\"} for a set; `ringfence schema input` has the types of input.update")
	case *ast.ArgErrDetail:
		return refuse(at, "%s", oneLine(e.Message)).WithFix("mend what it is given; %s", oneLine(strings.Join(x.Lines(), ", ")))
	case *ast.RefErrInvalidDetail:
		return refuse(at, "%s%s", oneLine(e.Message), meant(x)).WithFix("%s", fixOf(e.Message))
	}
	return refuse(at, "%s", oneLine(e.Message)).WithFix("%s", fixOf(e.Message))
}

// kindOf names a type in short: what an object holds in it is of no help to whom compared it with a text.
func kindOf(t types.Type) string {
	switch x := t.(type) {
	case *types.Object, *types.Array, *types.Set:
		name, _, _ := strings.Cut(types.Sprint(x), "[")
		name, _, _ = strings.Cut(name, "<")
		return name
	}
	return types.Sprint(t)
}

// meant is the field that a misspelt one was meant to be.
func meant(x *ast.RefErrInvalidDetail) string {
	if x.Pos >= len(x.Ref) {
		return ""
	}
	word, _ := x.Ref[x.Pos].Value.(ast.String)
	var fields []string
	for _, v := range x.OneOf {
		if s, ok := v.(ast.String); ok {
			fields = append(fields, string(s))
		}
	}
	return suggest.Tail(string(word), fields)
}

const (
	anyFix    = "mend that line or one above it, as Rego v1 is written: https://www.openpolicyagent.org/docs/policy-language"
	recursive = " is recursive: "
)

// fixOf says what most often stands behind OPA's words.
func fixOf(message string) string {
	switch {
	case strings.HasPrefix(message, "empty module"), strings.HasPrefix(message, "package expected"):
		return "begin the file with its package, as package ringfence.custom in the baseline, package ringfence.tenant.<name> in a tenant's folder, or remove it"
	case strings.HasPrefix(message, "undefined ref: "):
		return "`ringfence schema input` lists the fields of input.update"
	case strings.Contains(message, " is unsafe"):
		return "nothing gives the name a value: it is misspelt, or text without quotes"
	case strings.Contains(message, "`if` keyword is required"), strings.Contains(message, "`contains` keyword is required"),
		strings.Contains(message, "cannot be used for rule name"):
		return "write: reject contains {\"msg\": \"…\"} if { … }"
	case strings.HasPrefix(message, "unexpected eof"), strings.Contains(message, "non-terminated"):
		return "a bracket or quote is not closed, or the last expression is cut short"
	case strings.HasPrefix(message, "illegal token"):
		return "write text in double quotes, or in backquotes on both sides"
	case strings.HasPrefix(message, "unexpected assign"), strings.Contains(message, "unexpected = token"), strings.Contains(message, "unexpected eq token"):
		return "compare with ==, give a name a value with :="
	case strings.HasPrefix(message, "unexpected if keyword"), strings.HasPrefix(message, "unexpected else keyword"):
		return "a rule is: head if { body }, with one if, and no else behind contains"
	case strings.Contains(message, recursive):
		return "take the step out that leads back: no rule may need itself"
	case strings.Contains(message, " assigned above"):
		return "a name has one value in a rule: use another name, or compare with =="
	case strings.Contains(message, " has arity "):
		return "call the function with as many arguments as it is written with"
	case strings.Contains(message, "must not shadow"):
		return "give the import another name: import … as name"
	}
	return anyFix
}
