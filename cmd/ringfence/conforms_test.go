package main_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// conforms FILE… wants every JSON document of the files to be what ringfence schema says of its kind. Lines of a
// snapshot have no kind of their own; they are told by their fields.
func conforms(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: conforms file…")
	}
	var docs []map[string]any
	for _, file := range args {
		docs = append(docs, documentsOf(ts, file)...)
	}
	schemas := map[string]*jsonschema.Schema{}
	for _, doc := range docs {
		kind := kindOf(doc)
		if schemas[kind] == nil {
			schemas[kind] = compiledSchema(ts, kind)
		}
		if err := schemas[kind].Validate(doc); err != nil {
			ts.Fatalf("%s: %v", kind, err)
		}
	}
}

func documentsOf(ts *testscript.TestScript, file string) []map[string]any {
	var out []map[string]any
	for in := json.NewDecoder(strings.NewReader(ts.ReadFile(file))); ; {
		var doc map[string]any
		err := in.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		ts.Check(err)
		out = append(out, doc)
	}
	if len(out) == 0 {
		ts.Fatalf("%s holds no document", file)
	}
	return out
}

func kindOf(doc map[string]any) string {
	if kind, ok := doc["kind"].(string); ok {
		return kind
	}
	if _, ok := doc["purl"]; ok {
		return "SnapshotUpdate"
	}
	return "SnapshotHost"
}

func compiledSchema(ts *testscript.TestScript, kind string) *jsonschema.Schema {
	ts.Check(ts.Exec("ringfence", "schema", kind))
	raw, err := jsonschema.UnmarshalJSON(strings.NewReader(ts.ReadFile("stdout")))
	ts.Check(err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	ts.Check(c.AddResource("schema.json", raw))
	s, err := c.Compile("schema.json")
	ts.Check(err)
	return s
}
