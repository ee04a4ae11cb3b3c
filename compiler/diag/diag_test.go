package diag

import (
	"reflect"
	"testing"
)

// TestTidy: what a baseline makes wrong for several tenants is one diagnostic that names them all; what stands elsewhere
// or says something else stays.
func TestTidy(t *testing.T) {
	at := func(line int, tenants ...string) Diagnostic {
		d := New(EmptyRing, "empty").At(Range{File: "baseline/baseline.cue", Start: Pos{line, 1}, End: Pos{line, 1}})
		d.Tenants = tenants
		return d
	}
	other := at(3, "d")
	other.Summary = "something else"
	got := List{at(9, "c"), at(3, "b"), other, at(3, "a", "b"), New(NoTenants, "none"), New(NoTenants, "none")}.Tidy()
	want := List{New(NoTenants, "none"), New(NoTenants, "none"), at(3, "a", "b"), other, at(9, "c")}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
