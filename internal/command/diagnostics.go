package command

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// printDiagnostic writes one diagnostic for a person: what is wrong and where, the source line, what to do.
func printDiagnostic(w io.Writer, d diag.Diagnostic, src fs.FS) {
	at := ""
	if d.Range != nil {
		at = d.Range.String() + ": "
	}
	fmt.Fprintf(w, "%s[%s]: %s%s\n", heading(d), d.Code, untrusted.Line(at, 300), untrusted.Line(d.Summary, 500))
	if d.Range != nil && !mayHoldSecrets(d) {
		printSnippet(w, *d.Range, src)
	}
	for _, r := range d.Related {
		fmt.Fprintf(w, "  %s: %s\n", untrusted.Line(r.Range.String(), 300), untrusted.Line(r.Msg, 300))
	}
	if d.Detail != "" {
		fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(untrusted.Block(d.Detail, 2000), "\n", "\n  "))
	}
	if d.Accepted != nil {
		fmt.Fprintf(w, "  until %s: %s (%s)\n", d.Accepted.Expires, untrusted.Line(d.Accepted.Reason, 500), untrusted.Line(d.Accepted.Source, 300))
		return
	}
	if d.Fix != "" {
		fmt.Fprintf(w, "  %s: %s\n", wayOut(d.Severity), untrusted.Line(d.Fix, 500))
	}
}

// mayHoldSecrets says of which diagnostics the source line stays in its file: the log of a CI job has more readers, and
// inventories, which are JSON, hold passwords.
func mayHoldSecrets(d diag.Diagnostic) bool {
	return d.Code == diag.SecretInHosts || strings.HasSuffix(d.Range.File, ".json")
}

// heading is the severity of what counts.
func heading(d diag.Diagnostic) string {
	if d.Accepted != nil {
		return "accepted"
	}
	return string(d.Severity)
}

// level is that of an event about a diagnostic.
func level(d diag.Diagnostic) string {
	if d.Accepted != nil {
		return string(diag.Info)
	}
	return string(d.Severity)
}

// wayOut names the last line: what is no mistake needs no fix.
func wayOut(s diag.Severity) string {
	if s == diag.Info {
		return "next"
	}
	return "fix"
}

// printSnippet shows the line with its mistake underlined. A file that cannot be read is simply not shown.
func printSnippet(w io.Writer, r diag.Range, src fs.FS) {
	line, ok := sourceLine(r, src)
	if !ok {
		return
	}
	before, at, after := cut(line, r)
	before, at, after = lastRunes(before, maxBefore), untrusted.Line(at, maxMarked), untrusted.Line(after, maxAfter)
	number := fmt.Sprint(r.Start.Line)
	gutter := strings.Repeat(" ", len(number))
	mark := strings.Repeat("^", max(1, columns(at)))
	fmt.Fprintf(w, "  %s |\n  %s | %s%s%s\n  %s | %s%s\n", gutter, number, before, at, after, gutter, strings.Repeat(" ", columns(before)), mark)
}

// A line that is longer than these together is shown around its mistake.
const maxBefore, maxMarked, maxAfter = 100, 100, 60

// cut parts a line into what is before, in and behind a range; what continues on later lines is marked to its end.
func cut(line string, r diag.Range) (before, at, after string) {
	start := min(max(r.Start.Column-1, 0), len(line))
	end := start
	switch {
	case r.End.Line > r.Start.Line:
		end = len(line)
	case r.End.Line == r.Start.Line:
		end = min(max(r.End.Column-1, start), len(line))
	}
	return line[:start], line[start:end], line[end:]
}

// lastRunes neutralises text and keeps the end of it.
func lastRunes(s string, limit int) string {
	r := []rune(s)
	if len(r) <= limit {
		return untrusted.Line(s, limit)
	}
	return "…" + untrusted.Line(string(r[len(r)-limit+1:]), limit)
}

// columns is how many cells of a terminal text takes: letters of East Asian scripts and emoji take two, marks none.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

func sourceLine(r diag.Range, src fs.FS) (string, bool) {
	if src == nil || r.Start.Line == 0 || !fs.ValidPath(r.File) {
		return "", false
	}
	raw, err := fs.ReadFile(src, r.File)
	if err != nil {
		return "", false
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	lines := strings.Split(string(raw), "\n")
	if r.Start.Line > len(lines) {
		return "", false
	}
	return strings.TrimSuffix(lines[r.Start.Line-1], "\r"), true
}
