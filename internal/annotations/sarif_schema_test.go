package annotations_test

import (
	"bytes"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	_ "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif" // has OASIS's schema of SARIF 2.1.0 in a constant
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/annotations"
)

// TestSARIFSchema holds documents against the published JSON schema of SARIF 2.1.0.
func TestSARIFSchema(t *testing.T) {
	schema := sarifSchema(t)
	all, src := list()
	accepted := diag.New(diag.EmptyRing, "no host").At(at("a.cue", 1, 1, 1, 8))
	accepted.Accepted = &diag.Accepted{Reason: "it is new", Expires: "2027-01-01", Source: "a.cue:1:1"}
	for name, diags := range map[string]diag.List{"one of each": append(all, accepted), "none": nil, "no place": {diag.New(diag.NoTenants, "none")}} {
		if document := written(t, diags, src); check(t, schema, document) != nil {
			t.Errorf("%s: %v\n%s", name, check(t, schema, document), document)
		}
	}
}

// TestSchemaRefuses: the check above can fail.
func TestSchemaRefuses(t *testing.T) {
	schema := sarifSchema(t)
	all, src := list()
	document := written(t, all, src)
	for _, edit := range [][2]string{
		{`"level": "note"`, `"level": "info"`},
		{`"startLine": 2`, `"startLine": 0`},
		{`"version": "2.1.0"`, `"version": "2.0.0"`},
		{`"columnKind"`, `"columnSort"`},
	} {
		broken := bytes.Replace(document, []byte(edit[0]), []byte(edit[1]), 1)
		if bytes.Equal(broken, document) || check(t, schema, broken) == nil {
			t.Errorf("%s is accepted", edit[1])
		}
	}
}

func written(t *testing.T, diags diag.List, src *annotations.Source) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := annotations.SARIF(&b, diags, src, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func check(t *testing.T, schema *jsonschema.Schema, document []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(v)
}

// sarifSchema reads the schema where a module keeps it. The module's own validator would see only what its types hold.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	pkg, err := build.Import("github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(pkg.Dir, "schema.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	literal, ok := f.Scope.Lookup("schema").Decl.(*ast.ValueSpec).Values[0].(*ast.BasicLit)
	if !ok {
		t.Fatal("the constant is no literal any more")
	}
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	const url = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(url, v); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile(url)
}
