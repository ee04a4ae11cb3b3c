package read

import (
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"

	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/syntax"
)

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
	known := definitionsOf(inst, map[*build.Instance]bool{})
	for _, k := range known {
		if k == "#"+name {
			return k
		}
	}
	return suggest.Word(name, known)
}
