package load

import (
	"maps"
	"path"
	"strings"
	"testing/fstest"

	"cuelang.org/go/cue/parser"

	"github.com/ringfence/ringfence/compiler/diag"
)

// inspect refuses symlinks and the like before the loader passes over them.
func (t *Tree) inspect(dir string) diag.List {
	entries, err := t.ReadDir(dir)
	if err == nil {
		for _, e := range entries {
			if !e.IsDir() && !e.Type().IsRegular() {
				_, _ = t.vet(path.Join(dir, e.Name())) // remembers the refusal
			}
		}
	}
	return t.refused
}

// guardFile joins a tenant's package: it unifies every tenant with the closed definition, so that a forgotten import
// or an embedded definition changes nothing.
const guardFile = "guard.ringfence-schema.cue"

// guarded returns the tree's files with the guard of one tenant. Files without a package clause get none; the loader says
// what they lack.
func (t *Tree) guarded(dir string) fstest.MapFS {
	guard := t.guard(dir)
	if guard == nil {
		return t.files
	}
	out := maps.Clone(t.files)
	out[path.Join(dir, guardFile)] = guard
	return out
}

// guard is the guard of the package in a directory, nil if no file names the package.
func (t *Tree) guard(dir string) *fstest.MapFile {
	entries, err := t.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if name := e.Name(); path.Ext(name) == ".cue" && name[0] != '_' && name[0] != '.' {
			data, err := t.ReadFile(path.Join(dir, name))
			f, parseErr := parser.ParseFile(name, data, parser.PackageClauseOnly)
			if err != nil || parseErr != nil || f.PackageName() == "" {
				continue
			}
			return memFile([]byte("package " + f.PackageName() + "\n\nimport \"" + SchemaPackage + "\"\n\ntenant: [string]: policy.#Tenant\n"))
		}
	}
	return nil
}

// OfRepository reports whether the file is the user's, not one that the compiler added.
func OfRepository(file string) bool {
	return file != "" && !strings.HasPrefix(file, schemaMount) && path.Base(file) != guardFile
}
