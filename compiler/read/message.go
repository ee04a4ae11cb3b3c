package read

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/token"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/read/origin"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/syntax"
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
		out += "." + syntax.WrittenName(p)
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
	n.r.diags = append(n.r.diags, d.At(n.place().Label))
}

// reject adds a diagnostic at the node's value: what it must be, and what it is.
func (n node) reject(code diag.Code, format string, args ...any) {
	n.rejectWith(diag.New(code, "%s %s", n.name(), fmt.Sprintf(format, args...)))
}

// rejectWith blames the node's value. If that is a parameter which the user set, the mistake is where it was set.
func (n node) rejectWith(d diag.Diagnostic) {
	p := n.place()
	if set := n.r.index.Parameter(p.Ref); len(set) > 0 && origin.Rank(set[0].Label, n.r.home) == 0 {
		n.r.diags = append(n.r.diags, d.At(set[0].Value).WithRelated(p.Value, "used here"))
		return
	}
	n.r.diags = append(n.r.diags, d.At(p.Value))
}

// called is what a node is called in a sentence, the root too.
func (n node) called() string {
	if n.name() == "" && len(n.r.prefix) > 0 && n.r.prefix[0] == "scenario" {
		return "the scenario"
	}
	return cmp.Or(n.name(), "the tenant")
}

// wrongKind reports a value of another type than the one that its place needs.
func (n node) wrongKind(want string, err error) {
	if v, _ := n.v.Default(); err == nil {
		err = v.Err()
	}
	if err != nil {
		n.conflict(err)
		return
	}
	d := diag.New(diag.WrongValue, "%s must be %s, not %s", n.called(), want, n.text())
	switch v, _ := n.v.Default(); {
	case v.Kind() == cue.BytesKind:
		d.Fix = "text stands in double quotes; single quotes make bytes"
	case v.Kind() == cue.StructKind && want == aName:
		d.Fix = "declare it under a name of its own, and write that name here"
	}
	n.rejectWith(d)
}

// text prints the node's value in one short line.
func (n node) text() string {
	v, _ := n.v.Default()
	src, err := format.Node(v.Syntax(cue.Final()), format.Simplify())
	if err != nil || strings.Contains(string(src), "_|_") { // a mistake in it, which is told by itself
		return "what it is"
	}
	return diag.OneLine(syntax.WrittenText(string(src)))
}

// conflict reports values that cannot both hold. CUE tells it once for every branch of a disjunction; it is one
// mistake, at the user's own value, related to the place that disagrees.
func (n node) conflict(err error) {
	e := mostTelling(errors.Errors(err))
	d := diag.New(diag.WrongValue, "%s", n.about(syntax.Message(e)))
	spots := n.r.disagreeing(e)
	if f, _ := e.Msg(); strings.HasPrefix(f, "undefined field") {
		n.undefined(d, e)
		return
	}
	slices.SortStableFunc(spots, func(a, b diag.Range) int { // who sets a field beside its parameter did not mistype that
		return cmp.Or(origin.Rank(a, n.r.home)-origin.Rank(b, n.r.home), strings.Compare(n.r.index.ParameterSet(a), n.r.index.ParameterSet(b)))
	})
	if f, args := e.Msg(); strings.HasPrefix(f, "incompatible list lengths") {
		d.Summary = n.about(fmt.Sprintf("nothing is added to a list, and lists of %v and %v elements are not the same", args...))
		spots = n.spots()
	}
	if at := origin.Embedded(load.FirstPosition(e), n.r.home); len(spots) == 0 && at.File != "" {
		spots = []diag.Range{at}
	}
	if len(spots) == 0 {
		n.rejectWith(d)
		return
	}
	if name := n.r.index.ParameterSet(spots[0]); name != "" && len(spots) > 1 {
		d.Summary = name + ": " + syntax.Message(e)
	}
	d = d.At(n.r.index.Whole(spots[0]))
	if len(spots) > 1 && n.misses(&d, spots[0], spots[1]) {
		n.r.clash(d)
		return
	}
	for _, s := range spots[1:] {
		d = d.WithRelated(s, "declared here")
		d.Code = diag.Conflict
		d.Fix = n.r.clashFix(spots[0], s)
	}
	n.r.clash(d)
}

// spots are the places of the first two values that the node is to be at once, for an error that names none.
func (n node) spots() (out []diag.Range) {
	for _, p := range n.places() {
		if len(out) < 2 {
			out = append(out, p.Value)
		}
	}
	return out
}

// misses tells of a value that is none of those which another file lets it be. That is no conflict: nobody has set the
// other value, it is only what holds as long as nobody sets one.
func (n node) misses(d *diag.Diagnostic, own, other diag.Range) bool {
	c, ok := n.r.index.Published(other)
	if mine, same := n.r.index.Published(own); !ok || same && mine == c {
		return false
	}
	name := cmp.Or(n.r.index.ParameterSet(own), n.called())
	d.Summary = fmt.Sprintf("%s: %s is not what may be set here: %s", name, n.r.index.Text(own), c.Text)
	d.Fix = "write a value of that kind, such as " + c.First
	*d = d.WithRelated(other, "declared here")
	return true
}

// clashFix is the way out of two values for one field. What another file shares can be published as a parameter.
func (r *reader) clashFix(own, other diag.Range) string {
	if name := r.index.ParameterSet(own); name != "" && name == r.index.ParameterSet(other) {
		return name + " is set twice: keep one of them"
	} else if name != "" {
		return "give " + name + " a value of the type with which it is declared"
	}
	if name := r.index.ParameterSet(other); name != "" {
		return name + " sets it, too: keep one of them"
	}
	if own.File == other.File || origin.Rank(own, r.home) == origin.Rank(other, r.home) {
		return "a value cannot be overridden: keep one of them"
	}
	return fmt.Sprintf("a value cannot be overridden: remove it here, or let %s publish it as a default that may be set, *value | type", other.File)
}

// clash adds a conflict once: what contains a clash of a value is in error as well, and the longer path says more.
func (r *reader) clash(d diag.Diagnostic) {
	for i, old := range r.diags {
		if old.Code == d.Code && slices.Equal(old.Related, d.Related) && *old.Range == *d.Range {
			if len(d.Summary) > len(old.Summary) {
				r.diags[i] = d
			}
			return
		}
	}
	r.diags = append(r.diags, d)
}

// undefined reports a reference to a field that does not exist, preferably where the user wrote it: a parameter is set
// in the tenant's file and used in the baseline's.
func (n node) undefined(d diag.Diagnostic, e errors.Error) {
	d.Code = diag.UnknownReference
	d.Fix = "correct the name, or declare it where the reference leads; names that begin with _ stay in their package"
	at := n.where()
	for _, p := range errors.Positions(e) {
		if r := syntax.Range(p, p); origin.Rank(r, n.r.home) == 0 {
			at = r
		}
	}
	d = d.At(at)
	if _, args := e.Msg(); len(args) == 1 && n.r.program != nil {
		name := syntax.WrittenName(fmt.Sprint(args[0]))
		d = syntax.WholeName(d, name)
		d.Summary += suggest.Phrase(meantDefinition(name, n.r.program.Inst))
	}
	n.r.diags = append(n.r.diags, d)
}

// disagreeing returns the places of the repository whose values clash: the first two positions of the error. The
// later ones are references that led there.
func (r *reader) disagreeing(e errors.Error) []diag.Range {
	var out []diag.Range
	for _, p := range e.InputPositions()[:min(2, len(e.InputPositions()))] {
		if at := origin.Embedded(syntax.Range(p, token.NoPos), r.home); load.OfRepository(at.File) && !slices.Contains(out, at) {
			out = append(out, at)
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
