package command

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/deviation"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/effect"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/words"
	"github.com/ringfence/ringfence/internal/annotations"
	"github.com/ringfence/ringfence/internal/fleet"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/verify"
	"github.com/ringfence/ringfence/runner/report"
)

// documents are the kinds whose shape is contract. The schemas are reflected from the Go types, so they cannot drift.
var documents = map[string]any{
	"Plan": plan.Plan{}, "Diff": effect.DiffDocument{}, "Preview": plan.Preview{}, "SealedPlan": plan.Sealed{}, "Decision": decision.Decision{},
	"Record": ledger.Record{}, "State": ledger.State{}, "Report": report.Report{}, "Diagnostic": diag.Diagnostic{}, "Diagnostics": annotations.Document{},
	"Policy": policy.Tenant{}, "Lock": fleet.Lock{}, "Snapshot": inventory.Header{}, "SnapshotUpdate": inventory.UpdateLine{}, "SnapshotHost": inventory.Host{},
	"Windows": timetable{}, "Deviations": deviation.Report{}, "PolicyWords": words.Document{}, "TestReport": testReport{}, "Verification": verify.Report{},
}

// inputKind is the input of users' Rego modules, whose schema is the one that their compiler goes by.
const inputKind = "input"

func newSchema(a *app) *cobra.Command {
	kinds := append(slices.Sorted(maps.Keys(documents)), inputKind)
	return &cobra.Command{
		Use:       "schema KIND",
		Short:     "Print the JSON Schema of a document",
		Long:      "Prints the JSON Schema of one kind of document: " + strings.Join(kinds, ", ") + " (what Rego modules see).",
		Args:      cobra.ExactArgs(1),
		ValidArgs: kinds,
		RunE: func(c *cobra.Command, args []string) error {
			s, ok := schemaOf(args[0])
			if !ok {
				return usage(c, fmt.Errorf("there is no kind %q; known are %s", args[0], strings.Join(kinds, ", ")))
			}
			if a.json {
				a.out.emit("progress", args[0], event{"schema": s})
				return nil
			}
			raw, err := json.MarshalIndent(s, "", "  ")
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Stdout, "%s\n", raw)
			return nil
		},
	}
}

func schemaOf(kind string) (any, bool) {
	if kind == inputKind {
		return decide.PublishedSchema(), true
	}
	v, ok := documents[kind]
	if !ok {
		return nil, false
	}
	s := (&jsonschema.Reflector{Anonymous: true, Mapper: textual, AdditionalFields: nullable}).Reflect(v)
	s.ID = jsonschema.ID("https://ringfence.dev/schema/v1/" + kind)
	return s, true
}

var textType = reflect.TypeFor[encoding.TextMarshaler]()

// textual is the schema of types that are written as text whatever they are in Go, such as durations.
func textual(t reflect.Type) *jsonschema.Schema {
	if t == reflect.TypeFor[time.Time]() || !t.Implements(textType) {
		return nil
	}
	return &jsonschema.Schema{Type: "string"}
}

// nullable are the fields of t that are written also when there is nothing to write, as null. The reflector takes
// these in place of the fields of the same names.
func nullable(t reflect.Type) []reflect.StructField {
	var out []reflect.StructField
	for i := range t.NumField() {
		f := t.Field(i)
		_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Type.Kind() == reflect.Pointer && !f.Anonymous && !strings.Contains(options, "omit") {
			f.Tag += ` jsonschema:"nullable"`
			out = append(out, f)
		}
	}
	return out
}
