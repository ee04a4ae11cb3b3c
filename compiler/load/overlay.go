package load

import (
	"errors"
	"io/fs"
	"maps"
	"strings"
	"sync"
	"testing/fstest"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/mod/modfile"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/syntax"
	"github.com/ringfence/ringfence/policies"
)

const (
	schemaMount    = ".ringfence-schema" // where a tree shows the embedded schema
	schemaModule   = policies.SchemaModule + "@v0"
	schemaVersion  = "v0.1.0"
	languageLevel  = "v0.17.0" // the first CUE release whose modules can be replaced by a folder
	moduleFile     = "cue.mod/module.cue"
	localFile      = "cue.mod/local-module.cue"
	fallbackModule = "ringfence.local@v0" // of a repository without cue.mod
)

// SchemaPackage is the import path of the schema.
const SchemaPackage = policies.SchemaModule + "/policy"

// Overlay holds the files that compilations see in place of the repository's: the embedded schema, and a module file by
// which it answers every import of ringfence.dev, whatever the repository says. It may be shared by any number of Trees.
type Overlay struct {
	strict fstest.MapFS
	once   sync.Once
	loose  fstest.MapFS // with the permissive schema, made when the first tree needs it
}

// NewOverlay makes the overlay of one repository. Where its module files cannot be used there is none, and one diagnostic:
// no tenant can compile.
func NewOverlay(repo fs.FS) (*Overlay, diag.List) {
	files, err := overlayOf(repo)
	if err != nil {
		return nil, diag.List{moduleError(err)}
	}
	return &Overlay{strict: files}, nil
}

func overlayOf(repo fs.FS) (fstest.MapFS, error) {
	out := fstest.MapFS{}
	mountSchema(out, func(data []byte) ([]byte, error) { return data, nil })
	bare := &Tree{repo: repo}
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

func readModule(t *Tree) (*modfile.File, error) {
	data, err := t.ReadFile(moduleFile)
	if errors.Is(err, fs.ErrNotExist) {
		return &modfile.File{Module: fallbackModule, Language: &modfile.Language{Version: languageLevel}}, nil
	}
	if err != nil {
		return nil, err
	}
	return modfile.ParseNonStrict(data, moduleFile)
}

func readLocal(t *Tree, base *modfile.File) (*modfile.File, error) {
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

func moduleError(err error) diag.Diagnostic {
	return diag.New(diag.ImportFailed, "the CUE module files cannot be read: %s", diag.OneLine(err.Error())).
		At(diag.Range{File: moduleFile}).
		WithFix("see the files that `ringfence init` writes; language.version must be %s or newer", languageLevel)
}

// permissive are the files whose schema has the same definitions and no demands.
func (o *Overlay) permissive() fstest.MapFS {
	o.once.Do(func() { o.loose = withoutDemands(o.strict) })
	return o.loose
}

func withoutDemands(overlay fstest.MapFS) fstest.MapFS {
	out := maps.Clone(overlay)
	mountSchema(out, func(src []byte) ([]byte, error) {
		f, err := parser.ParseFile("schema", src)
		if err != nil {
			return nil, err
		}
		text := "package policy\n"
		for _, decl := range f.Decls {
			if field, ok := decl.(*ast.Field); ok {
				name, _, err := ast.LabelName(field.Label)
				if err != nil {
					return nil, err
				}
				text += name + ": _\n"
			}
		}
		return syntax.Plain([]byte(text)), nil
	})
	return out
}
