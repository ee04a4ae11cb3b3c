package read

import (
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// instead is a field of another tool or an earlier version that no single field of ours stands for, and how what it says
// is written here.
type instead struct {
	names  []string // in lower case
	beside string   // a field that can stand where it was written
	says   []string // what it says as well, so that this is not missing, too
	fix    string
}

var insteads = []instead{
	{
		names: []string{"requiresany", "requireany", "requiresanyof", "requiresoneof"}, beside: "requires",
		fix: "write requires: anyOf: [...], beside the rings that must pass in any case",
	},
	{
		names: []string{"cron", "crontab", "cronexpression", "schedule"}, beside: "rrule", says: []string{"rrule", "start", "duration"},
		fix: `a window is written days: ["sat"], start: "20:00", duration: "8h"; monthly, dates or rrule name other days`,
	},
}

// insteadOf finds what is written in place of a field, where s can stand.
func insteadOf(field string, s shape) (instead, bool) {
	i := slices.IndexFunc(insteads, func(x instead) bool { return slices.Contains(x.names, strings.ToLower(field)) && s.has(x.beside) })
	if i < 0 {
		return instead{}, false
	}
	return insteads[i], true
}

// rewritten reports a field that is written another way.
func (n node) rewritten(x instead, parent node) {
	for _, f := range x.says {
		n.r.meant.Set(diag.Range{}, parent.under(f)...)
	}
	n.reportName(diag.New(diag.UnknownField, "unknown field %q", n.label()).WithFix("%s", x.fix))
}

// meansAnyOf reports whether the node is a list of alternatives under another name, where a ring could be named.
func (n node) meansAnyOf(s shape) bool {
	v, _ := n.v.Default()
	return s.has(anyOf) && v.IncompleteKind() == cue.ListKind && suggest.Word(n.label(), []string{anyOf}) != ""
}

func (n node) unnamedAlternatives() {
	n.reportName(diag.New(diag.UnknownField, "unknown field %q%s", n.label(), suggest.Phrase(anyOf)).
		WithFix("alternatives are a list, anyOf: [...]; what one ring must have done is a struct under its name"))
}

// definitionsOf lists what a package and those that it imports from the repository declare at their top.
func definitionsOf(inst *build.Instance, seen map[*build.Instance]bool) (out []string) {
	seen[inst] = true
	for _, f := range inst.Files {
		for _, decl := range f.Decls {
			if field, ok := decl.(*ast.Field); ok {
				if name, _, err := ast.LabelName(field.Label); err == nil {
					out = append(out, syntax.WrittenName(name))
				}
			}
		}
	}
	for _, imp := range inst.Imports {
		if imp.ImportPath == load.SchemaPackage {
			out = append(out, "#Tenant", "#Scenario", "#Providers")
		} else if !seen[imp] {
			out = append(out, definitionsOf(imp, seen)...)
		}
	}
	return out
}

// meantDefinition is the definition that a misspelt one means; the missing # is the most common slip.
func meantDefinition(name string, inst *build.Instance) string {
	known := slices.DeleteFunc(definitionsOf(inst, map[*build.Instance]bool{}), func(k string) bool {
		return k == name || syntax.IsParameter(name) && !syntax.IsParameter(k) // what is of another package, or no definition
	})
	for _, k := range known {
		if k == "#"+name {
			return k
		}
	}
	return suggest.Word(name, known)
}
