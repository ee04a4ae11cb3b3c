package load

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// names that CUE cannot resolve keep it from building anything.
var unresolved = []string{"reference %q not found", "imported and not used"}

// buildErrors explains names that lead nowhere or are used by nothing, and what else keeps a package from being built.
func (t *Tree) buildErrors(inst *build.Instance, root cue.Value) diag.List {
	if root.Err() == nil {
		return nil
	}
	var out diag.List
	for _, e := range errors.Errors(root.Err()) {
		f, _ := e.Msg()
		if slices.ContainsFunc(unresolved, func(s string) bool { return strings.HasPrefix(f, s) }) {
			out = append(out, t.unresolvedName(e))
		}
	}
	if len(out) > 0 || inst.Err == nil {
		return out
	}
	e := errors.Errors(inst.Err)[0]
	if list, ok := t.embedError(e); ok {
		return list
	}
	d := diag.New(diag.UnknownReference, "%s", syntax.Message(e)).At(FirstPosition(e))
	if f, args := e.Msg(); strings.HasPrefix(f, "builtin package") {
		d.Code = diag.ImportFailed
		d.Summary += suggest.Tail(fmt.Sprint(args...), builtins)
		d.Fix = "CUE has packages such as strings, list, math and time; this repository's own begin with its module"
	}
	if f, _ := e.Msg(); strings.HasPrefix(f, "unreferenced") {
		d.Fix = "remove it, or refer to it; what is written in it sets nothing"
	}
	return diag.List{d}
}

func (t *Tree) unresolvedName(e errors.Error) diag.Diagnostic {
	d := diag.New(diag.UnknownReference, "%s", syntax.Message(e)).At(FirstPosition(e))
	f, args := e.Msg()
	if f != unresolved[0] || len(args) != 1 {
		return d.WithFix("remove the import, or use what it brings")
	}
	return t.unknownName(d, fmt.Sprint(args[0]))
}

// builtins are the packages of CUE that a policy has use for.
var builtins = []string{"list", "math", "net", "regexp", "strconv", "strings", "struct", "text/template", "time"}

// unknownName says what a name that leads nowhere may have been meant to be: a package that nobody imports, a truth
// value in another language's words, text without quotes.
func (t *Tree) unknownName(d diag.Diagnostic, name string) diag.Diagnostic {
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
		return d.WithFix("add import %q", SchemaPackage)
	}
	if info, err := t.Stat(name); err == nil && info.IsDir() {
		return d.WithFix("add import %q", t.module()+"/"+name)
	}
	return d.WithFix("text stands in quotes: %q; a name without quotes must be a field of the file or an imported package", name)
}

// compared finds a value behind a name and ==, which says no more than whether they are equal.
func (t *Tree) compared(at diag.Pos, file, name string) (string, bool) {
	data, _ := t.ReadFile(file)
	lines := strings.Split(string(data), "\n")
	if at.Line > len(lines) || at.Column-1+len(name) > len(lines[at.Line-1]) {
		return "", false
	}
	value, ok := strings.CutPrefix(strings.TrimSpace(lines[at.Line-1][at.Column-1+len(name):]), "==")
	return strings.TrimSpace(value), ok
}

// module is the path that imports of this repository begin with.
func (t *Tree) module() string {
	m, err := readModule(t)
	if err != nil {
		return strings.TrimSuffix(fallbackModule, "@v0")
	}
	name, _, _ := strings.Cut(m.Module, "@")
	return name
}

// packages lists the import paths of the folders that hold CUE and that tenants share.
func (t *Tree) packages() (out []string) {
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
	return append(out, SchemaPackage)
}

// meantPackage is the folder that a misspelt import path means: the same one of another module, or a similar name.
func (t *Tree) meantPackage(wanted string) string {
	byBase := map[string]string{}
	for _, p := range t.packages() {
		byBase[path.Base(p)] = p
	}
	if p := byBase[path.Base(wanted)]; p != "" {
		return p
	}
	return byBase[suggest.Word(path.Base(wanted), slices.Sorted(maps.Keys(byBase)))]
}
