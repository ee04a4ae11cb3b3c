package silent

import (
	"testing"

	"cuelang.org/go/cue/parser"
)

// TestSays: what a definition may leave to its users is a type; what sets nothing though it looks set is a value.
func TestSays(t *testing.T) {
	for src, want := range map[string]bool{
		`"24h"`: true, `-1`: true, `["mon", "tue"]`: true, `{starts: "2026-12-20T00:00"}`: true, `string & "a"`: true, `{a: {b: 1}}`: true,
		`string`: false, `>=1`: false, `"a" | "b"`: false, `[...string]`: false, `{starts: string}`: false, `{starts: "a", ends: string}`: false,
		`#window`: false, `{}`: false, `{a: 1, ...}`: false,
	} {
		e, err := parser.ParseExpr("test", src)
		if err != nil {
			t.Fatal(err)
		}
		if says(e) != want {
			t.Errorf("%s: %t, want %t", src, !want, want)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{`"yearend"`, "yearend", true},
		{`"yearend"`, "yearEnd", false},
		{`string`, "yearEnd", true},
		{`=~"^year"`, "yearEnd", true},
		{`!~"^year"`, "yearEnd", false},
		{`!="yearEnd"`, "yearEnd", false},
		{`=~"^year" & =~"End$"`, "yearStart", false},
		{`("a" | "b")`, "b", true},
		{`"a" | "b"`, "c", false},
		{`=~"("`, "c", true}, // CUE's own error
		{`#names`, "c", true},
	} {
		e, err := parser.ParseExpr("test", c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if matches(e, c.name) != c.want {
			t.Errorf("[%s] and %s: %t, want %t", c.pattern, c.name, !c.want, c.want)
		}
	}
}
