// Package diag holds diagnostics as values: a stable code, one primary position in the user's file and a way out.
// Nothing here prints; internal/command renders.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a diagnostic stops the command.
type Severity string

// The severities, from worst to mildest.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Pos is a place in a file; both count from 1, columns in bytes.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Range is a stretch of a file; File is relative to the repository's root.
type Range struct {
	File  string `json:"file"`
	Start Pos    `json:"start"`
	End   Pos    `json:"end"`
}

// String renders path:line:column, or the path alone where no position is known.
func (r Range) String() string {
	if r.Start.Line == 0 {
		return r.File
	}
	return fmt.Sprintf("%s:%d:%d", r.File, r.Start.Line, r.Start.Column)
}

// Holds reports whether a position of a file lies in the range.
func (r Range) Holds(p Pos, file string) bool {
	after := func(a, b Pos) bool { return a.Line > b.Line || a.Line == b.Line && a.Column > b.Column }
	return file == r.File && !after(r.Start, p) && !after(p, r.End)
}

// Related points at a second place that explains the first ("declared here").
type Related struct {
	Range Range  `json:"range"`
	Msg   string `json:"msg"`
}

// Diagnostic is one mistake of the user's. Summary is one line; Fix says what to do next. Findings of check name the field
// that they are about ("rings.broad.select") and the tenants that have them: one mistake in a baseline is one diagnostic.
type Diagnostic struct {
	Code     Code      `json:"code"`
	Severity Severity  `json:"severity"`
	Summary  string    `json:"summary"`
	Detail   string    `json:"detail,omitempty"`
	Range    *Range    `json:"range,omitempty"`
	Related  []Related `json:"related,omitempty"`
	Fix      string    `json:"fix,omitempty"`
	Path     string    `json:"path,omitempty"`
	Tenants  []string  `json:"tenants,omitempty"` // sorted
	Accepted *Accepted `json:"accepted,omitempty"`
}

// Accepted says why a finding does not count, as the policy words it.
type Accepted struct {
	Reason  string `json:"reason"`
	Expires string `json:"expires"`
	Source  string `json:"source"` // path:line:column
}

// Error lets a single diagnostic travel as an error.
func (d Diagnostic) Error() string {
	at := ""
	if d.Range != nil {
		at = d.Range.String() + ": "
	}
	return fmt.Sprintf("%s[%s]: %s%s", d.Severity, d.Code, at, d.Summary)
}

// New makes an error diagnostic without a position.
func New(code Code, format string, args ...any) Diagnostic {
	return Diagnostic{Code: code, Severity: Error, Summary: fmt.Sprintf(format, args...)}
}

// Note makes a diagnostic that complains of nothing: it says why something does not happen now.
func Note(code Code, format string, args ...any) Diagnostic {
	d := New(code, format, args...)
	d.Severity = Info
	return d
}

// At returns d with its primary position.
func (d Diagnostic) At(r Range) Diagnostic { d.Range = &r; return d }

// About returns d with the field that it is about.
func (d Diagnostic) About(path ...string) Diagnostic {
	d.Path = strings.Join(path, ".")
	return d
}

// WithFix returns d with a way out.
func (d Diagnostic) WithFix(format string, args ...any) Diagnostic {
	d.Fix = fmt.Sprintf(format, args...)
	return d
}

// WithDetail returns d with a longer explanation.
func (d Diagnostic) WithDetail(format string, args ...any) Diagnostic {
	d.Detail = fmt.Sprintf(format, args...)
	return d
}

// WithRelated returns d with a second place.
func (d Diagnostic) WithRelated(r Range, msg string) Diagnostic {
	d.Related = append(slices.Clone(d.Related), Related{Range: r, Msg: msg})
	return d
}

// List is what a stage returns beside what it could build. A List is an error as soon as it holds one.
type List []Diagnostic

// Err returns the list as an error when it holds at least one of severity error, else nil.
func (l List) Err() error {
	if l.HasErrors() {
		return l
	}
	return nil
}

// Error joins nothing: it names the first error and how many follow, since renderers print the whole list.
func (l List) Error() string {
	for _, d := range l {
		if d.Severity == Error {
			return d.Error()
		}
	}
	return "no errors"
}

// HasErrors reports whether any diagnostic stops the command.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders by file, position, code and summary so that the same input prints the same list.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		ra, rb := a.place(), b.place()
		return cmp.Or(
			cmp.Compare(ra.File, rb.File), cmp.Compare(ra.Start.Line, rb.Start.Line),
			cmp.Compare(ra.Start.Column, rb.Start.Column), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Summary, b.Summary))
	})
}

// Tidy sorts, and makes one of what several tenants say of one place.
func (l List) Tidy() List {
	l.Sort()
	var out List
	for _, d := range l {
		if n := len(out) - 1; n >= 0 && same(out[n], d) {
			tenants := slices.Concat(out[n].Tenants, d.Tenants)
			slices.Sort(tenants)
			out[n].Tenants = slices.Compact(tenants)
			continue
		}
		out = append(out, d)
	}
	return out
}

func same(a, b Diagnostic) bool {
	return a.Code == b.Code && a.Summary == b.Summary && a.Range != nil && b.Range != nil && *a.Range == *b.Range
}

func (d Diagnostic) place() Range {
	if d.Range == nil {
		return Range{}
	}
	return *d.Range
}
