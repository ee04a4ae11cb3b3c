package origin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/diag"
)

const home = "tenants/acme/"

func place(file string, line int, pattern bool) Place {
	return Place{Label: diag.Range{File: file, Start: diag.Pos{Line: line, Column: 1}}, pattern: pattern}
}

// TestInOrder: whoever reads a message looks into the own file first; a pattern stands for many fields and helps least.
func TestInOrder(t *testing.T) {
	list := []Place{
		place("baseline/baseline.cue", 9, true), place("baseline/baseline.cue", 3, false), place(home+"x.cue", 7, false),
		place(home+"tenant.cue", 2, true), place(home+"x.cue", 7, false), place(home+"tenant.cue", 8, false),
	}
	var got []string
	for _, p := range inOrder(list, home) {
		got = append(got, fmt.Sprintf("%s:%d", p.Label.File, p.Label.Start.Line))
	}
	want := "tenants/acme/tenant.cue:8 tenants/acme/x.cue:7 baseline/baseline.cue:3 baseline/baseline.cue:9 tenants/acme/tenant.cue:2"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
	if list[0].Label.Start.Line != 9 {
		t.Error("the list of the index was sorted")
	}
}

func TestEmbedded(t *testing.T) {
	for _, c := range []struct{ file, home, want string }{
		{"hosts.yaml", home, home + "hosts.yaml"},
		{home + "hosts.yaml", home, home + "hosts.yaml"},
		{"baseline/baseline.cue", home, "baseline/baseline.cue"},
		{"", home, ""},
		{"data.json", "ringfence.cue", "data.json"},
	} {
		if got := Embedded(diag.Range{File: c.file}, c.home).File; got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.file, c.home, got, c.want)
		}
	}
}
