// Package policies carries the content that is no code: the CUE schema, the decision rules and the tree that init
// writes. Everything is embedded, so the binary works without a network and its schema wins over any copy.
package policies

import (
	"bytes"
	"embed"
	"io/fs"
	"regexp"
	"testing/fstest"
)

//go:embed all:schema
var schema embed.FS

// Decide holds the built-in decision rules, decide/*.rego.
//
//go:embed decide/*.rego
var Decide embed.FS

//go:embed all:scaffold
var scaffold embed.FS

// SchemaModule is the CUE module path of the schema; policies import SchemaModule + "/policy".
const SchemaModule = "ringfence.dev"

// SchemaDir is where init puts the repository's copy of the schema.
const SchemaDir = "schema"

// Schema returns the root of the schema's CUE module.
func Schema() fs.FS {
	return must(fs.Sub(schema, "schema"))
}

// Scaffold returns the tree that init writes into an empty folder: a policy repository that compiles as it stands.
// Paths are slash-separated and relative; every file is a regular one.
func Scaffold() fs.FS {
	out := fstest.MapFS{}
	add(out, must(fs.Sub(scaffold, "scaffold")), "")
	add(out, Schema(), SchemaDir+"/")
	return out
}

// workflow installs one release, and until somebody names one it is this.
const (
	workflow  = ".github/workflows/ringfence.yml"
	noRelease = "@SET-A-RELEASE"
)

var released = regexp.MustCompile(`^v\d+\.\d+\.\d+(-(alpha|beta|rc)[.\d]*)?$`)

// IsRelease reports whether a version is one that others can install.
func IsRelease(version string) bool { return released.MatchString(version) }

// ScaffoldOf is Scaffold as a release of the program writes it: its workflow judges pull requests by that release, until
// somebody changes it. Any other version is left out, and the workflow's installation fails until one is set.
func ScaffoldOf(version string) fs.FS {
	out := Scaffold().(fstest.MapFS)
	if IsRelease(version) {
		out[workflow].Data = bytes.ReplaceAll(out[workflow].Data, []byte(noRelease), []byte("@"+version))
	}
	return out
}

func add(out fstest.MapFS, from fs.FS, prefix string) {
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(from, name)
		out[prefix+name] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		panic(err) // an embedded tree cannot fail to read
	}
}

func must(f fs.FS, err error) fs.FS {
	if err != nil {
		panic(err) // the folder's name is a constant
	}
	return f
}
