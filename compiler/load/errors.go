package load

import (
	"cmp"
	stderrors "errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/cue/parser"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/syntax"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// loadErrors explains why a package could not be read. A refused file explains all that follows from it, and of the
// syntax errors of one file only the first is a mistake, the others are its echo.
func (t *Tree) loadErrors(arg string, inst *build.Instance) diag.List {
	if len(t.refused) > 0 {
		return t.refused
	}
	if inst.Err == nil {
		return nil
	}
	if t.holdsNone(arg) {
		return diag.List{diag.New(diag.NoTenants, "%s holds no CUE file", arg).At(diag.Range{File: arg}).
			WithFix("write the policy there, as in tenants/<name>/tenant.cue, or remove the folder; what a Git submodule brings does not count")}
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

// holdsNone reports whether a directory has no CUE file of its own.
func (t *Tree) holdsNone(dir string) bool {
	if info, err := t.vet(dir); err != nil || !info.IsDir() {
		return false
	}
	entries, err := t.ReadDir(dir)
	return err == nil && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return path.Ext(e.Name()) == ".cue" && e.Name() != guardFile })
}

// innermost is the error of an imported package that made the import fail: its place is where to mend.
func innermost(e errors.Error) errors.Error {
	var inner errors.Error
	for u := stderrors.Unwrap(e); u != nil; u = stderrors.Unwrap(u) {
		if x, ok := u.(errors.Error); ok {
			inner = errors.Errors(x)[0]
		}
	}
	if inner != nil && FirstPosition(inner).File != "" {
		return inner
	}
	return e
}

func (t *Tree) loadError(arg string, e errors.Error) diag.Diagnostic {
	at := diag.Range{File: arg}
	if p := FirstPosition(e); p.File != "" {
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
		meant, wanted := "", strings.Trim(quotedPath.FindString(what), `"`)
		if i := slices.IndexFunc(strings.Split(wanted, "/"), repository.IsDevice); i >= 0 {
			name := strings.Split(wanted, "/")[i]
			return diag.New(diag.ImportFailed, "%s: CUE takes no package in a folder called %s, which Windows keeps for a device", what, name).At(at).
				WithFix("rename the folder")
		}
		if wanted != "" {
			meant = suggest.Phrase(t.meantPackage(wanted))
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
func (t *Tree) twoPackages(arg string) diag.Diagnostic {
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
func (t *Tree) packageClause(name string) *ast.Package {
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
func (t *Tree) firstCUE(dir string, or diag.Range) diag.Range {
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
func (t *Tree) clamp(r *diag.Range) {
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

// FirstPosition is the first place of the repository that an error names.
func FirstPosition(e errors.Error) diag.Range {
	for _, p := range errors.Positions(e) {
		if r := syntax.Range(p, p); OfRepository(r.File) {
			return r
		}
	}
	return diag.Range{}
}

var quotedPath = lazyregexp.New(`"[^"]+"`)

// importPath finds what the loader stumbles over without a word or a place: an import path that is no plain text.
func (t *Tree) importPath(file string) (diag.Diagnostic, bool) {
	if path.Ext(file) != ".cue" {
		return diag.Diagnostic{}, false
	}
	data, _ := t.ReadFile(file)
	f, err := parser.ParseFile(file, data, parser.ImportsOnly)
	if err != nil {
		return diag.Diagnostic{}, false
	}
	for spec := range f.ImportSpecs() {
		if text := spec.Path.Value; !strings.HasPrefix(text, `"`) || strings.HasPrefix(text, `"""`) {
			return diag.New(diag.SyntaxError, "an import path is a text in double quotes on one line").
				At(syntax.Range(spec.Path.Pos(), spec.Path.End())).WithFix(`write: import "ringfence.dev/policy"`), true
		}
	}
	return diag.Diagnostic{}, false
}
