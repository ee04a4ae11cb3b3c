package worker

import (
	"reflect"
	"slices"
	"testing"

	"github.com/ringfence/ringfence/compiler/check"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/repository"
)

// TestAnswersAreWhole: an answer carries every field of a policy. A field that its encoding leaves out would be lost
// between the process that compiles and this one; those that are known travel beside it.
func TestAnswersAreWhole(t *testing.T) {
	var lost []string
	var walk func(reflect.Type, string, map[reflect.Type]bool)
	walk = func(at reflect.Type, path string, above map[reflect.Type]bool) {
		for at.Kind() == reflect.Pointer || at.Kind() == reflect.Slice || at.Kind() == reflect.Map {
			at = at.Elem()
		}
		if at.Kind() != reflect.Struct || above[at] || at.PkgPath() == "time" {
			return
		}
		above[at] = true
		for i := range at.NumField() {
			f := at.Field(i)
			if !f.IsExported() || f.Tag.Get("json") == "-" {
				lost = append(lost, path+"."+f.Name)
				continue
			}
			walk(f.Type, path+"."+f.Name, above)
		}
	}
	for _, root := range []any{policy.Tenant{}, policy.Settings{}, policy.Scenario{}, diag.Diagnostic{}} {
		walk(reflect.TypeOf(root), reflect.TypeOf(root).Name(), map[reflect.Type]bool{})
	}
	if !slices.Equal(lost, []string{"Tenant.Hosts.Source", "Tenant.Lines"}) {
		t.Errorf("answers lose %v", lost)
	}
}

func TestPlacesArePacked(t *testing.T) {
	places := check.Places{}
	places.Set(diag.Range{File: "a.cue", Start: diag.Pos{Line: 1, Column: 2}, End: diag.Pos{Line: 3, Column: 4}}, "rings", "pilot")
	places.Set(diag.Range{File: "b.cue", Start: diag.Pos{Line: 5, Column: 6}, End: diag.Pos{Line: 5, Column: 9}})
	if got := pack(places).Unpack(); !reflect.DeepEqual(got, places) {
		t.Errorf("%v became %v", places, got)
	}
}

// FuzzAnswer: whatever a child or a cache says, reading it ends in an answer or an error.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"policy":{"tenant":"a","hosts":[{"name":"h"}],"modules":[{"path":"baseline/x.rego"}]},"hostSources":["h:1:1"],"places":{"files":["a"],"paths":["x","y"],"at":[0,1,1,1,1,7]}}`))
	f.Add([]byte(`{"places":{"paths":["x"],"at":[-1,1,1,1,1]}}`))
	f.Add([]byte(`{"policy":{"hosts":[{}]}}`))
	f.Add([]byte(`null`))
	shared := map[string]*repository.File{"baseline/x.rego": {Data: []byte("package x")}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := Decode(raw, shared)
		if err != nil {
			return
		}
		a.Places.Unpack()
		data := a.Encode()
		again, err := Decode(data, shared)
		if err != nil || !slices.Equal(again.Encode(), data) {
			t.Errorf("%s became %s: %v", raw, data, err)
		}
	})
}
