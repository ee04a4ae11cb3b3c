package command

import (
	"fmt"
	"io"
	"io/fs"
	"strings"

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

// printSnippet shows the line and a caret below the column. A file that cannot be read is simply not shown.
func printSnippet(w io.Writer, r diag.Range, src fs.FS) {
	line, ok := sourceLine(r, src)
	if !ok {
		return
	}
	column := min(max(r.Start.Column, 1), len(line)+1)
	shown := untrusted.Line(strings.ReplaceAll(line, "\t", " "), 200)
	number := fmt.Sprint(r.Start.Line)
	gutter := strings.Repeat(" ", len(number))
	fmt.Fprintf(w, "  %s |\n  %s | %s\n  %s | %s^\n", gutter, number, shown, gutter, strings.Repeat(" ", column-1))
}

func sourceLine(r diag.Range, src fs.FS) (string, bool) {
	if src == nil || r.Start.Line == 0 || !fs.ValidPath(r.File) {
		return "", false
	}
	raw, err := fs.ReadFile(src, r.File)
	if err != nil {
		return "", false
	}
	lines := strings.Split(string(raw), "\n")
	if r.Start.Line > len(lines) {
		return "", false
	}
	return strings.TrimSuffix(lines[r.Start.Line-1], "\r"), true
}
