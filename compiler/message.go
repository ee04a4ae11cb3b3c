package compiler

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/token"

	"github.com/ringfence/ringfence/compiler/diag"
)

// name is how messages call the node: rings.broad.requires."msp-lab/test".soak.
func (n node) name() string {
	var out string
	for _, p := range n.path {
		switch {
		case strings.HasPrefix(p, "["):
			out += p
			continue
		case !ast.IsValidIdent(p):
			p = fmt.Sprintf("%q", p)
		}
		out += "." + written(p)
	}
	return strings.TrimPrefix(out, ".")
}

// about says which value a message is of.
func (n node) about(message string) string {
	if len(n.path) == 0 {
		return message
	}
	return n.name() + ": " + message
}

// report adds a diagnostic where the node stands.
func (n node) report(d diag.Diagnostic) {
	n.r.diags = append(n.r.diags, d.At(n.where()))
}

// reportName adds a diagnostic at the node's field name.
func (n node) reportName(d diag.Diagnostic) {
	n.r.diags = append(n.r.diags, d.At(n.place().label))
}

// reject adds a diagnostic at the node's value: what it must be, and what it is.
func (n node) reject(code diag.Code, format string, args ...any) {
	n.rejectWith(diag.New(code, "%s %s", n.name(), fmt.Sprintf(format, args...)))
}

func (n node) rejectWith(d diag.Diagnostic) {
	n.r.diags = append(n.r.diags, d.At(n.place().value))
}

// wrongKind reports a value of another type than the one that its place needs.
func (n node) wrongKind(want string, err error) {
	if err != nil && len(disagreeing(mostTelling(errors.Errors(err)))) > 1 {
		n.conflict(err)
		return
	}
	n.reject(diag.WrongValue, "must be %s, not %s", want, n.text())
}

// text prints the node's value in one short line.
func (n node) text() string {
	v, _ := n.v.Default()
	src, err := format.Node(v.Syntax(cue.Final()), format.Simplify())
	if err != nil {
		return "what it is"
	}
	return oneLine(definitions.ReplaceAllString(string(src), "#$1"))
}

const maxShown = 100

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return s
}

// conflict reports values that cannot both hold. CUE tells it once for every branch of a disjunction; it is one
// mistake, at the user's own value, related to the place that disagrees.
func (n node) conflict(err error) {
	e := mostTelling(errors.Errors(err))
	d := diag.New(diag.WrongValue, "%s", n.about(plainMessage(e)))
	spots := disagreeing(e)
	if f, _ := e.Msg(); strings.HasPrefix(f, "undefined field") {
		n.undefined(d, e)
		return
	}
	slices.SortStableFunc(spots, func(a, b diag.Range) int { return rank(a, n.r.home) - rank(b, n.r.home) })
	if len(spots) == 0 {
		n.rejectWith(d)
		return
	}
	d = d.At(spots[0])
	for _, s := range spots[1:] {
		d = d.WithRelated(s, "declared here")
		d.Code = diag.Conflict
		d.Fix = "a value cannot be overridden; keep one of them, or make the shared one a default: *value | type"
	}
	n.r.diags = append(n.r.diags, d)
}

// undefined reports a reference to a field that does not exist, preferably where the user wrote it: a parameter is set
// in the tenant's file and used in the baseline's.
func (n node) undefined(d diag.Diagnostic, e errors.Error) {
	d.Code = diag.UnknownReference
	at := n.where()
	for _, p := range errors.Positions(e) {
		if r := rangeOf(p, p); rank(r, n.r.home) == 0 {
			at = r
		}
	}
	n.r.diags = append(n.r.diags, d.At(at))
}

// disagreeing returns the places of the repository whose values clash: the first two positions of the error. The
// later ones are references that led there.
func disagreeing(e errors.Error) []diag.Range {
	var out []diag.Range
	for _, p := range e.InputPositions()[:min(2, len(e.InputPositions()))] {
		if r := rangeOf(p, token.NoPos); ofRepository(r.File) && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// mostTelling picks the error that says what clashes, not that a disjunction is empty.
func mostTelling(list []errors.Error) errors.Error {
	for _, e := range list {
		if f, _ := e.Msg(); strings.HasPrefix(f, "conflicting values") {
			return e
		}
	}
	for _, e := range list {
		if f, _ := e.Msg(); !strings.Contains(f, "empty disjunction") {
			return e
		}
	}
	return list[0]
}

// definitions are shown as they are written, also from a permissive view.
var definitions = regexp.MustCompile(`\$([A-Za-z_][A-Za-z0-9_]*)`)

var mismatch = regexp.MustCompile(` \(mismatched types .*\)$`)

func plainMessage(e errors.Error) string {
	f, args := e.Msg()
	return oneLine(definitions.ReplaceAllString(mismatch.ReplaceAllString(fmt.Sprintf(f, args...), ""), "#$1"))
}
