package compiler

import (
	"cmp"
	stderrors "errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/cue/parser"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/syntax"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// loadErrors explains why a package could not be read. A refused file explains all that follows from it, and of the
// syntax errors of one file only the first is a mistake, the others are its echo.
func (t *tree) loadErrors(arg string, inst *build.Instance) diag.List {
	if len(t.refused) > 0 {
		return t.refused
	}
	if inst.Err == nil {
		return nil
	}
	var out diag.List
	seen := map[string]bool{}
	for _, e := range errors.Errors(inst.Err) {
		d := t.loadError(arg, innermost(e))
		t.clamp(d.Range)
		if !seen[d.Range.File] {
			seen[d.Range.File] = true
			out = append(out, d)
		}
	}
	return out
}

// innermost is the error of an imported package that made the import fail: its place is where to mend.
func innermost(e errors.Error) errors.Error {
	var inner errors.Error
	for u := stderrors.Unwrap(e); u != nil; u = stderrors.Unwrap(u) {
		if x, ok := u.(errors.Error); ok {
			inner = errors.Errors(x)[0]
		}
	}
	if inner != nil && firstPosition(inner).File != "" {
		return inner
	}
	return e
}

func (t *tree) loadError(arg string, e errors.Error) diag.Diagnostic {
	at := diag.Range{File: arg}
	if p := firstPosition(e); p.File != "" {
		at = p
	}
	var (
		none    *load.NoFilesError
		several *load.MultiplePackageError
		pkg     *load.PackageError
	)
	switch {
	case stderrors.As(e, &none):
		return diag.New(diag.NoTenants, "%s holds no CUE file with a package clause", arg).At(t.firstCUE(arg, at)).
			WithFix("begin the file with a line such as: package %s", packageName(arg))
	case stderrors.As(e, &several):
		return t.twoPackages(arg)
	case stderrors.As(e, &pkg):
		what, _, _ := strings.Cut(syntax.Message(pkg), ": ")
		if strings.Contains(what, "import cycle") {
			return diag.New(diag.ImportFailed, "packages import each other in a circle").At(at).
				WithFix("move what both need into a package that imports neither")
		}
		meant := ""
		if wanted := quotedPath.FindString(what); wanted != "" {
			meant = suggest.Phrase(t.meantPackage(unquote(wanted)))
		}
		return diag.New(diag.ImportFailed, "%s%s", what, meant).At(at).
			WithFix("import paths begin with the module of %s; other tenants are out of sight, and nothing is fetched", moduleFile)
	}
	if d, found := t.importPath(arg); found {
		return d
	}
	data, _ := t.ReadFile(at.File) // what cannot be read was refused
	return syntax.Explain(diag.New(diag.SyntaxError, "%s", cmp.Or(syntax.Message(e), diag.OneLine(e.Error()))).At(at), data)
}

// twoPackages blames the file whose package clause is the odd one out: of two, the one that is not called as its folder.
func (t *tree) twoPackages(arg string) diag.Diagnostic {
	var odd, usual *ast.Package
	entries, _ := t.ReadDir(arg)
	for _, e := range entries {
		switch c := t.packageClause(path.Join(arg, e.Name())); {
		case c == nil:
		case usual == nil, c.Name.Name == packageName(arg) && usual.Name.Name != c.Name.Name:
			odd, usual = usual, c
		case c.Name.Name != usual.Name.Name:
			odd = c
		}
	}
	if odd == nil {
		return diag.New(diag.ImportFailed, "%s holds several packages", arg).At(diag.Range{File: arg})
	}
	at, other := syntax.Range(odd.Name.Pos(), odd.Name.End()), syntax.Range(usual.Name.Pos(), usual.Name.End())
	return diag.New(diag.ImportFailed, "%s is package %s, and its folder is package %s", path.Base(at.File), odd.Name.Name, usual.Name.Name).
		At(at).WithRelated(other, "declared here").WithFix("write package %s: all files of a folder are one package", usual.Name.Name)
}

// packageClause is where one of the user's files names its package.
func (t *tree) packageClause(name string) *ast.Package {
	if base := path.Base(name); path.Ext(base) != ".cue" || base == guardFile || putAside(base) {
		return nil
	}
	data, _ := t.ReadFile(name)
	f, err := parser.ParseFile(name, data, parser.PackageClauseOnly)
	if err != nil {
		return nil
	}
	for _, decl := range f.Decls {
		if p, ok := decl.(*ast.Package); ok {
			return p
		}
	}
	return nil
}

// firstCUE is the beginning of the first CUE file of a directory, since that is where a package clause goes.
func (t *tree) firstCUE(dir string, or diag.Range) diag.Range {
	entries, err := t.ReadDir(dir)
	for _, e := range entries {
		if err == nil && path.Ext(e.Name()) == ".cue" && e.Type().IsRegular() {
			start := diag.Pos{Line: 1, Column: 1}
			return diag.Range{File: path.Join(dir, e.Name()), Start: start, End: start}
		}
	}
	return or
}

// clamp moves a position to the end of its file if it lies behind it, where CUE sees the end.
func (t *tree) clamp(r *diag.Range) {
	data, err := t.ReadFile(r.File)
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	if err != nil || r.Start.Line < len(lines) {
		return
	}
	if last := (diag.Pos{Line: len(lines), Column: len(lines[len(lines)-1]) + 1}); r.Start.Line > last.Line || r.Start.Column > last.Column {
		r.Start, r.End = last, last
	}
}

func packageName(arg string) string {
	name := strings.Map(func(r rune) rune {
		if r == '-' {
			return -1
		}
		return r
	}, arg[strings.LastIndexByte(arg, '/')+1:])
	if !ast.IsValidIdent(name) {
		return "policy"
	}
	return name
}

// names that CUE cannot resolve keep it from building anything.
var unresolved = []string{"reference %q not found", "imported and not used"}

// buildErrors explains names that lead nowhere or are used by nothing, and what else keeps a package from being built.
func (t *tree) buildErrors(inst *build.Instance, root cue.Value) diag.List {
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
	d := diag.New(diag.UnknownReference, "%s", syntax.Message(e)).At(firstPosition(e))
	if f, args := e.Msg(); strings.HasPrefix(f, "builtin package") {
		d.Code = diag.ImportFailed
		d.Summary += suggest.Tail(fmt.Sprint(args...), builtins)
		d.Fix = "CUE has packages such as strings, list, math and time; this repository's own begin with its module"
	}
	return diag.List{d}
}

func (t *tree) unresolvedName(e errors.Error) diag.Diagnostic {
	d := diag.New(diag.UnknownReference, "%s", syntax.Message(e)).At(firstPosition(e))
	f, args := e.Msg()
	if f != unresolved[0] || len(args) != 1 {
		return d.WithFix("remove the import, or use what it brings")
	}
	return t.unknownName(d, fmt.Sprint(args[0]))
}

// builtins are the packages of CUE that a policy has use for.
var builtins = []string{"list", "math", "net", "regexp", "strconv", "strings", "struct", "text/template", "time"}

// firstPosition is the first place of the repository that an error names.
func firstPosition(e errors.Error) diag.Range {
	for _, p := range errors.Positions(e) {
		if r := syntax.Range(p, p); ofRepository(r.File) {
			return r
		}
	}
	return diag.Range{}
}

// leftover turns errors of the schema that no reader recognised into diagnostics: one for each value.
func (r *reader) leftover(root node, err error) {
	seen := map[string]bool{}
	for _, e := range errors.Errors(err) {
		path := e.Path()
		if len(path) >= 2 && (path[0] == "tenant" || path[0] == "scenario") {
			path = path[2:]
		}
		if seen[strings.Join(path, ".")] {
			continue
		}
		seen[strings.Join(path, ".")] = true
		n := root
		for _, p := range path {
			n = n.get(unquote(p))
		}
		d := diag.New(diag.WrongValue, "%s", n.about(syntax.Message(e)))
		if at := firstPosition(e); at.File != "" {
			r.diags = append(r.diags, d.At(at))
			continue
		}
		n.rejectWith(d)
	}
}

var quotedPath = lazyregexp.New(`"[^"]+"`)

func unquote(s string) string {
	var out string
	if _, err := fmt.Sscanf(s, "%q", &out); err == nil {
		return out
	}
	return s
}
