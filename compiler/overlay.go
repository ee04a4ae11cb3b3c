package compiler

import (
	"errors"
	"io/fs"
	"strings"
	"testing/fstest"

	"cuelang.org/go/mod/modfile"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/policies"
)

const (
	schemaMount    = ".ringfence-schema" // where a tree shows the embedded schema
	schemaPackage  = policies.SchemaModule + "/policy"
	schemaModule   = policies.SchemaModule + "@v0"
	schemaVersion  = "v0.1.0"
	languageLevel  = "v0.17.0" // the first CUE release whose modules can be replaced by a folder
	moduleFile     = "cue.mod/module.cue"
	localFile      = "cue.mod/local-module.cue"
	fallbackModule = "ringfence.local@v0" // of a repository without cue.mod
)

// newOverlay returns the files that a compilation sees in place of the repository's: the embedded schema, and a
// module file by which it answers every import of ringfence.dev, whatever the repository says.
func newOverlay(repo fs.FS) (fstest.MapFS, error) {
	out := fstest.MapFS{}
	mountSchema(out, func(data []byte) ([]byte, error) { return data, nil })
	bare := &tree{repo: repo}
	base, err := readModule(bare)
	if err != nil {
		return nil, err
	}
	local, err := readLocal(bare, base)
	if err != nil {
		return nil, err
	}
	local.Deps[schemaModule] = &modfile.Dep{Version: schemaVersion, Default: true, ReplaceWith: "./" + schemaMount}
	data, err := modfile.FormatLocal(local, base)
	if err != nil {
		return nil, err
	}
	out[localFile] = memFile(data)
	if _, err := bare.Stat(moduleFile); errors.Is(err, fs.ErrNotExist) {
		if data, err = modfile.Format(base); err != nil {
			return nil, err
		}
		out[moduleFile] = memFile(data)
	}
	return out, nil
}

func memFile(data []byte) *fstest.MapFile { return &fstest.MapFile{Data: data, Mode: 0o444} }

func readModule(t *tree) (*modfile.File, error) {
	data, err := t.ReadFile(moduleFile)
	if errors.Is(err, fs.ErrNotExist) {
		return &modfile.File{Module: fallbackModule, Language: &modfile.Language{Version: languageLevel}}, nil
	}
	if err != nil {
		return nil, err
	}
	return modfile.ParseNonStrict(data, moduleFile)
}

func readLocal(t *tree, base *modfile.File) (*modfile.File, error) {
	local := &modfile.File{Deps: map[string]*modfile.Dep{}}
	data, err := t.ReadFile(localFile)
	if errors.Is(err, fs.ErrNotExist) {
		for name, dep := range base.Deps {
			local.Deps[name] = dep
		}
		return local, nil
	}
	if err != nil {
		return nil, err
	}
	if local, err = modfile.ParseLocal(data, localFile, base); err != nil {
		return nil, err
	}
	if local.Deps == nil {
		local.Deps = map[string]*modfile.Dep{}
	}
	return local, nil
}

func mountSchema(into fstest.MapFS, edit func([]byte) ([]byte, error)) {
	from := policies.Schema()
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(from, name)
		if err == nil && strings.HasPrefix(name, "policy/") {
			data, err = edit(data)
		}
		into[schemaMount+"/"+name] = memFile(data)
		return err
	})
	if err != nil {
		panic(err) // the schema is embedded and its tests parse it
	}
}

// moduleError is the one diagnostic of a repository whose module files cannot be used: no tenant can compile.
func moduleError(err error) diag.Diagnostic {
	return diag.New(diag.ImportFailed, "the CUE module files cannot be read: %s", diag.OneLine(err.Error())).
		At(diag.Range{File: moduleFile}).
		WithFix("see the files that `ringfence init` writes; language.version must be %s or newer", languageLevel)
}
