package syntax

import (
	"strings"
	"testing"
)

const rewritable = `package tests

_p: "pkg:deb/x@1"
scenario: one: expect: [{ring: "a", update: _p, outcome: "approved", window: "w", opens: "2026-01-01T00:00:00Z"}]
scenario: two: {
	expect: [
		{
			ring: "b" // the big one
			update: _p
			// why
			outcome: "pending", until: "2026-01-01T00:00:00Z" // then
			hosts: ["x", "y"]
			wave: _n
		},
	]
}
`

func TestRewrite(t *testing.T) {
	cases := []struct {
		name        string
		corrections []Correction
		left        int
		want        [2]string // what becomes of what
	}{
		{"a value", []Correction{{"t.cue:4:25", "outcome", "rejected"}}, 0, [2]string{`outcome: "approved"`, `outcome: "rejected"`}},
		{"away on one line", []Correction{{"t.cue:4:25", "window", nil}, {"t.cue:4:25", "opens", nil}}, 0, [2]string{`, window: "w", opens: "2026-01-01T00:00:00Z"}`, `}`}},
		{"away with its line", []Correction{{"t.cue:7:3", "hosts", nil}}, 0, [2]string{"\n\t\t\thosts: [\"x\", \"y\"]", ""}},
		{"a list", []Correction{{"t.cue:7:3", "hosts", []string{"z"}}}, 0, [2]string{`["x", "y"]`, `["z"]`}},
		{"beside comments", []Correction{{"t.cue:7:3", "until", nil}}, 0, [2]string{`, until: "2026-01-01T00:00:00Z" //`, ` //`}},
		{"a reference stays", []Correction{{"t.cue:7:3", "wave", 2}, {"t.cue:7:3", "update", "q"}, {"t.cue:1:1", "ring", "q"}}, 3, [2]string{"", ""}},
		{"said twice", []Correction{{"t.cue:4:25", "window", "v"}, {"t.cue:4:25", "window", "u"}}, 1, [2]string{`"w"`, `"v"`}},
		{"hostile text is quoted", []Correction{{"t.cue:4:25", "window", "\"\n\\(x)"}}, 0, [2]string{`"w"`, `"\"\n\\(x)"`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, left, err := Rewrite("t.cue", []byte(rewritable), c.corrections)
			if err != nil || len(left) != c.left {
				t.Fatalf("%v, left %v", err, left)
			}
			if want := replaceOnce(t, rewritable, c.want[0], c.want[1]); string(out) != want {
				t.Errorf("got\n%s\nwant\n%s", out, want)
			}
		})
	}
	if _, _, err := Rewrite("t.cue", []byte("scenario: {"), nil); err == nil {
		t.Error("a broken file was rewritten")
	}
}

func replaceOnce(t *testing.T, text, old, new string) string {
	t.Helper()
	if old == "" {
		return text
	}
	before, after, ok := strings.Cut(text, old)
	if !ok {
		t.Fatalf("%q is not there", old)
	}
	return before + new + after
}
