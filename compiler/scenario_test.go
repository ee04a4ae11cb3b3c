package compiler_test

import (
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/policies"
)

func TestScenariosOfTheScaffold(t *testing.T) {
	list, diags := compiler.Scenarios(t.Context(), policies.Scaffold(), compiler.Options{})
	for _, d := range diags {
		t.Error(d)
	}
	if len(list) != 4 {
		t.Fatalf("%d scenarios", len(list))
	}
	s := list[0]
	if want := time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC); !s.At.Equal(want) || s.Tenant != "acme" || s.Name != "a feature needs a signature" {
		t.Errorf("read %+v", s)
	}
	if s.Source != "tests/acme.cue:39:11" || s.Missing[0].Released != nil {
		t.Errorf("read %+v", s)
	}
	if s := list[1]; !s.Expect[0].Until.Equal(time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)) || s.Missing[0].Released == nil {
		t.Errorf("read %+v", s)
	}
}
