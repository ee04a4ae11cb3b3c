package compiler

import (
	"maps"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// unknownName says what a name that leads nowhere may have been meant to be: a package that nobody imports, a truth
// value in another language's words, text without quotes.
func (t *tree) unknownName(d diag.Diagnostic, name string) diag.Diagnostic {
	if data, err := t.ReadFile(d.Range.File); err == nil {
		if c, ok := syntax.MergeMarker(d.Range.File, data); ok {
			return c
		}
	}
	d = syntax.WholeName(d, name)
	if value, ok := t.compared(d.Range.Start, d.Range.File, name); ok {
		return d.WithFix("write %s: %s", name, value)
	}
	switch strings.ToLower(name) {
	case "true", "yes", "on":
		return d.WithFix("write true")
	case "false", "no", "off":
		return d.WithFix("write false")
	case "none", "nil", "undefined":
		return d.WithFix("leave the field out: what is absent has its default")
	}
	if name == "policy" {
		return d.WithFix("add import %q", schemaPackage)
	}
	if info, err := t.Stat(name); err == nil && info.IsDir() {
		return d.WithFix("add import %q", t.module()+"/"+name)
	}
	return d.WithFix("text stands in quotes: %q; a name without quotes must be a field of the file or an imported package", name)
}

// compared finds a value behind a name and ==, which says no more than whether they are equal.
func (t *tree) compared(at diag.Pos, file, name string) (string, bool) {
	data, _ := t.ReadFile(file)
	lines := strings.Split(string(data), "\n")
	if at.Line > len(lines) || at.Column-1+len(name) > len(lines[at.Line-1]) {
		return "", false
	}
	value, ok := strings.CutPrefix(strings.TrimSpace(lines[at.Line-1][at.Column-1+len(name):]), "==")
	return strings.TrimSpace(value), ok
}

// module is the path that imports of this repository begin with.
func (t *tree) module() string {
	m, err := readModule(t)
	if err != nil {
		return strings.TrimSuffix(fallbackModule, "@v0")
	}
	name, _, _ := strings.Cut(m.Module, "@")
	return name
}

// packages lists the import paths of the folders that hold CUE and that tenants share.
func (t *tree) packages() (out []string) {
	module := t.module()
	var walk func(dir string, depth int)
	walk = func(dir string, depth int) {
		entries, _ := t.ReadDir(dir)
		holds := false
		for _, e := range entries {
			name := path.Join(dir, e.Name())
			holds = holds || path.Ext(name) == ".cue"
			if e.IsDir() && depth < 3 && !putAside(e.Name()) && name != repository.TenantsDir && name != "cue.mod" && name != repository.ScenariosDir {
				walk(name, depth+1)
			}
		}
		if holds && dir != "." {
			out = append(out, module+"/"+dir)
		}
	}
	walk(".", 0)
	return append(out, schemaPackage)
}

// meantPackage is the folder that a misspelt import path means: the same one of another module, or a similar name.
func (t *tree) meantPackage(wanted string) string {
	byBase := map[string]string{}
	for _, p := range t.packages() {
		byBase[path.Base(p)] = p
	}
	if p := byBase[path.Base(wanted)]; p != "" {
		return p
	}
	return byBase[suggest.Word(path.Base(wanted), slices.Sorted(maps.Keys(byBase)))]
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
		if imp.ImportPath == schemaPackage {
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
