package load

import (
	"path"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/parser"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// Unread reports policy that CUE passes over without a word: a file without a package clause or of another package, one
// whose name or attribute keeps it out, one in a folder below. A freeze in such a file would freeze nothing. It looks at
// the package's own directory and all below it, and at those of the packages that it imports. Names that begin with a
// dot or _ are nobody's: that is how a file is put aside.
func (t *Tree) Unread(p *Program, dir string) diag.List {
	read := filesOf(p.Inst, map[*build.Instance]bool{}, map[string]bool{})
	list := t.unreadBelow(dir, dir, p.Inst.PkgName, read)
	for _, imp := range imported(p.Inst, map[*build.Instance]bool{}) {
		if home := strings.TrimPrefix(imp.Dir, "/"); !within(home, dir) {
			list = append(list, t.unreadIn(home, home, imp.PkgName, read)...)
		}
	}
	return list
}

// filesOf adds the files that a package and all that it imports are made of.
func filesOf(inst *build.Instance, seen map[*build.Instance]bool, read map[string]bool) map[string]bool {
	seen[inst] = true
	for _, f := range inst.Files {
		read[strings.TrimPrefix(f.Filename, "/")] = true
	}
	for _, imp := range inst.Imports {
		if !seen[imp] {
			filesOf(imp, seen, read)
		}
	}
	return read
}

// imported lists the packages of the repository that inst imports, also by way of others.
func imported(inst *build.Instance, seen map[*build.Instance]bool) (out []*build.Instance) {
	for _, imp := range inst.Imports {
		if seen[imp] || len(imp.Files) == 0 || !OfRepository(strings.TrimPrefix(imp.Files[0].Filename, "/")) {
			continue
		}
		seen[imp] = true
		out = append(append(out, imp), imported(imp, seen)...)
	}
	return out
}

func within(name, dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") }

func (t *Tree) unreadBelow(dir, home, pkg string, read map[string]bool) diag.List {
	list := t.unreadIn(dir, home, pkg, read)
	entries, _ := t.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() && !putAside(e.Name()) {
			list = append(list, t.unreadBelow(path.Join(dir, e.Name()), home, pkg, read)...)
		}
	}
	return list
}

func (t *Tree) unreadIn(dir, home, pkg string, read map[string]bool) (list diag.List) {
	entries, _ := t.ReadDir(dir)
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.Type().IsRegular() && !read[name] && e.Name() != guardFile && looksLikePolicy(e.Name(), dir != home) {
			list = append(list, t.notRead(name, home, pkg))
		}
	}
	return list
}

// looksLikePolicy also takes modules where they lie too deep: those of the folder itself are read.
func looksLikePolicy(name string, deep bool) bool {
	ext := strings.ToLower(path.Ext(name))
	return !putAside(name) && (ext == ".cue" || deep && ext == ".rego")
}

func putAside(name string) bool { return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") }

// notRead says why a file is not read, and what makes that it is.
func (t *Tree) notRead(name, home, pkg string) diag.Diagnostic {
	d := strayed(name)
	stem, ext := strings.TrimSuffix(path.Base(name), ".cue"), path.Ext(name)
	switch {
	case path.Dir(name) != home:
		return d.WithFix("move it to %s: folders below it are not looked into", home)
	case ext != ".cue":
		return d.WithFix("let its name end in .cue")
	case strings.HasSuffix(stem, "_test"), strings.HasSuffix(stem, "_tool"):
		return d.WithFix("rename it: CUE keeps names that end in _test.cue or _tool.cue for other uses")
	}
	data, _ := t.ReadFile(name)
	f, err := parser.ParseFile(name, data, parser.PackageClauseOnly)
	if err != nil {
		return d.WithFix("begin it with the line: package %s", pkg)
	}
	return otherPackage(d, f, pkg)
}

// otherPackage says what in a file that parses keeps it out of its folder's package.
func otherPackage(d diag.Diagnostic, f *ast.File, pkg string) diag.Diagnostic {
	for _, decl := range f.Decls {
		switch x := decl.(type) {
		case *ast.Package:
			if x.Name.Name == pkg {
				continue
			}
			d.Summary += ": it says package " + x.Name.Name + ", and its folder is package " + pkg
			return d.At(syntax.Range(x.Name.Pos(), x.Name.End())).WithFix("write package %s, or give it a folder of its own", pkg)
		case *ast.Attribute:
			return d.At(syntax.Range(x.Pos(), x.End())).WithFix("take %s away; to put a file aside, let its name begin with _", x.Text)
		}
	}
	return d.WithFix("begin it with the line: package %s", pkg)
}
