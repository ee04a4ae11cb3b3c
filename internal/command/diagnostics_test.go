package command

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ringfence/ringfence/compiler/diag"
)

// TestSnippet: the mark stands below the mistake whatever is before it: tabs, wide letters, marks, what hostile files hold.
func TestSnippet(t *testing.T) {
	for name, c := range map[string]struct{ line, word, shown, mark string }{
		"plain":   {`window: "weekend", windw: 1`, "windw", `window: "weekend", windw: 1`, `                   ^^^^^`},
		"tabs":    {"\t\twindw: 1", "windw", "  windw: 1", "  ^^^^^"},
		"wide":    {`reason: "年末 🎄", raeson: 1`, "raeson", `reason: "年末 🎄", raeson: 1`, `                   ^^^^^^`},
		"marks":   {"é: \"e\u0301\", raeson: 1", "raeson", "é: \"e\u0301\", raeson: 1", "        ^^^^^^"},
		"hostile": {"\x1b[2J windw: 1", "windw", "�[2J windw: 1", "     ^^^^^"},
		"long":    {strings.Repeat("x", 500) + "windw: 1", "windw", "…" + strings.Repeat("x", 99) + "windw: 1", strings.Repeat(" ", 100) + "^^^^^"},
	} {
		t.Run(name, func(t *testing.T) {
			src := fstest.MapFS{"a.cue": {Data: []byte("package a\r\n" + c.line + "\r\n")}}
			column := strings.Index(c.line, c.word) + 1
			r := diag.Range{File: "a.cue", Start: diag.Pos{Line: 2, Column: column}, End: diag.Pos{Line: 2, Column: column + len(c.word)}}
			var b strings.Builder
			printSnippet(&b, r, src)
			if want := "    |\n  2 | " + c.shown + "\n    | " + c.mark + "\n"; b.String() != want {
				t.Errorf("got\n%s\nwant\n%s", b.String(), want)
			}
		})
	}
}

// TestSnippetOfNothing: places that are not there are not shown, and cost nothing else.
func TestSnippetOfNothing(t *testing.T) {
	src := fstest.MapFS{"a.cue": {Data: []byte("package a\n")}}
	for _, r := range []diag.Range{
		{File: "a.cue"},
		{File: "b.cue", Start: diag.Pos{Line: 1, Column: 1}},
		{File: "../a.cue", Start: diag.Pos{Line: 1, Column: 1}},
		{File: "a.cue", Start: diag.Pos{Line: 9, Column: 1}},
	} {
		var b strings.Builder
		if printSnippet(&b, r, src); b.Len() > 0 {
			t.Errorf("%v: %s", r, b.String())
		}
	}
	var b strings.Builder
	printSnippet(&b, diag.Range{File: "a.cue", Start: diag.Pos{Line: 1, Column: 99}}, src)
	if !strings.HasSuffix(b.String(), "| package a\n    |          ^\n") {
		t.Errorf("behind the end: %q", b.String())
	}
}
