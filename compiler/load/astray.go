package load

import (
	"io/fs"
	"path"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// Astray reports policy that lies where no tenant's compilation comes by: beside the tenants' folders, beside
// ringfence.cue, below the folder of the shared modules. What lies elsewhere may be anything.
func Astray(repo fs.FS, shared []repository.File) (list diag.List) {
	for _, f := range shared {
		base := path.Base(f.Path)
		if !f.Mode.IsRegular() || strings.ToLower(path.Ext(base)) != ".cue" || putAside(base) {
			continue
		}
		switch path.Dir(f.Path) {
		case repository.TenantsDir:
			list = append(list, strayed(f.Path).WithFix("move it into the folder of the tenant that it is about"))
		case ".":
			if at, ok := tenantAtTop(f); ok && base != repository.SettingsFile {
				list = append(list, diag.New(diag.UnreadFile, "%s is about a tenant and lies outside its folder", base).At(at).
					WithFix("a tenant's policy stands in %s/<name>", repository.TenantsDir))
			}
		}
	}
	return append(list, deepModules(repo, repository.BaselineDir, false)...)
}

func strayed(name string) diag.Diagnostic {
	start := diag.Pos{Line: 1, Column: 1}
	return diag.New(diag.UnreadFile, "%s is not read", path.Base(name)).At(diag.Range{File: name, Start: start, End: start})
}

// tenantAtTop finds a field `tenant` at the top of a file.
func tenantAtTop(f repository.File) (diag.Range, bool) {
	file, err := parser.ParseFile(f.Path, f.Data)
	if err != nil {
		return diag.Range{}, false
	}
	for _, decl := range file.Decls {
		if d, ok := decl.(*ast.Field); ok {
			if label, _, err := ast.LabelName(d.Label); err == nil && label == "tenant" {
				return syntax.Range(d.Label.Pos(), d.Label.End()), true
			}
		}
	}
	return diag.Range{}, false
}

// deepModules finds Rego in folders below dir.
func deepModules(repo fs.FS, dir string, deep bool) (list diag.List) {
	entries, _ := fs.ReadDir(repo, dir)
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch {
		case putAside(e.Name()):
		case e.IsDir() && strings.Count(name, "/") < repository.MaxDepth:
			list = append(list, deepModules(repo, name, true)...)
		case deep && path.Ext(name) == ".rego":
			list = append(list, strayed(name).WithFix("move it to %s: folders below it are not looked into", repository.BaselineDir))
		}
	}
	return list
}
