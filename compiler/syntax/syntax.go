// Package syntax is about CUE as text, before anything of it is loaded or means something: it says in plain words what a
// parser complains of (Explain), lays files out (Format), rewrites values in them (Rewrite), and turns definitions into
// plain fields and their names back (Plain). In go bytes of one file and errors of CUE; out come bytes, texts and
// diagnostics. It reads no file and evaluates nothing.
package syntax

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// Range turns CUE's positions into a range of the repository; End is Start if CUE does not know it.
func Range(start, end token.Pos) diag.Range {
	if !start.IsValid() {
		return diag.Range{}
	}
	p := start.Position()
	r := diag.Range{File: strings.TrimPrefix(p.Filename, "/"), Start: diag.Pos{Line: p.Line, Column: p.Column}}
	r.End = r.Start
	if e := end.Position(); end.IsValid() && e.Filename == p.Filename {
		r.End = diag.Pos{Line: e.Line, Column: e.Column}
	}
	return r
}

var mismatch = lazyregexp.New(` \(mismatched types .*\)$`)

// unprintable is what fmt makes of a value of CUE's whose own method fails.
var unprintable = lazyregexp.New(`%!.\(PANIC=[^)]*\)`)

// Message is what an error of CUE's says in one line, without its path and place, and with names as the file has them.
func Message(e errors.Error) string {
	f, args := e.Msg()
	if strings.HasPrefix(f, "explicit error") {
		return "an error is written here where a value belongs"
	}
	text := unprintable.ReplaceAllString(fmt.Sprintf(f, args...), "this")
	return diag.OneLine(WrittenText(mismatch.ReplaceAllString(text, "")))
}

// WholeName lets a diagnostic that points at the beginning of a name mark all of it.
func WholeName(d diag.Diagnostic, name string) diag.Diagnostic {
	if r := *d.Range; r.Start == r.End && r.Start.Line > 0 {
		r.End.Column += len(name)
		d.Range = &r
	}
	return d
}
