package compiler

import (
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/suggest"
)

// shape is what the schema says of one struct: its fields, and the pattern of the names that users choose.
type shape struct {
	fields   map[string]cue.Value
	required []string
	name     cue.Value // what a chosen name must look like
	entry    cue.Value // what stands under a chosen name
	chosen   bool      // the struct has such entries
}

func shapeOf(schema cue.Value) shape {
	s := shape{fields: map[string]cue.Value{}}
	it, err := schema.Fields(cue.Optional(true), cue.Patterns(true))
	if err != nil {
		return s
	}
	for it.Next() {
		sel := it.Selector()
		if sel.ConstraintType() == cue.PatternConstraint {
			s.name, s.entry, s.chosen = sel.Pattern(), it.Value(), true
			continue
		}
		s.fields[sel.Unquoted()] = it.Value()
		if sel.ConstraintType() == cue.RequiredConstraint {
			s.required = append(s.required, sel.Unquoted())
		}
	}
	return s
}

// names lists the fields that n does not use yet: what a misspelt one may have meant.
func (s shape) names(n node) []string {
	var out []string
	for name := range s.fields {
		if !n.get(name).exists() {
			out = append(out, name)
		}
	}
	return out
}

// structure reports fields that the schema does not have and required ones that are missing. It needs no value to
// be right, so that a misspelt field is found beside a wrong value; n must come from the permissive schema.
func (n node) structure(schema cue.Value) {
	if schema.IncompleteKind() == cue.ListKind {
		n.elements(schema)
		return
	}
	s := shapeOf(schema)
	if len(s.fields) == 0 && !s.chosen || !n.isStruct() {
		return
	}
	for _, f := range n.fields() {
		switch sub, ok := s.fields[f.label()]; {
		case ok:
			f.structure(sub)
		case s.chosen && accepts(s.name, f.label()):
			f.structure(s.entry)
		case s.chosen:
			f.badName()
		default:
			f.unknown(s.names(n))
		}
	}
	for _, name := range s.required {
		if !n.has(name) {
			n.missing(name)
		}
	}
}

func (n node) isStruct() bool {
	_, err := n.v.Fields()
	return err == nil && (n.v.IncompleteKind() == cue.StructKind || n.v.Err() != nil)
}

func (n node) elements(schema cue.Value) {
	entry := schema.LookupPath(cue.MakePath(cue.AnyIndex))
	if v, _ := n.v.Default(); v.IncompleteKind() != cue.ListKind || !entry.Exists() {
		return
	}
	for _, item := range n.items() {
		item.structure(entry)
	}
}

func accepts(pattern cue.Value, name string) bool {
	return pattern.Unify(pattern.Context().Encode(name)).Err() == nil
}

func (n node) unknown(candidates []string) {
	slices.Sort(candidates)
	if s := suggest.Word(n.label(), candidates); s != "" {
		n.r.meant.Set(diag.Range{}, append(slices.Clone(n.path[:len(n.path)-1]), s)...)
	}
	d := diag.New(diag.UnknownField, "unknown field %q%s", n.label(), suggest.Tail(n.label(), candidates))
	if len(candidates) > 0 {
		d.Fix = "fields that can stand here: " + strings.Join(candidates, ", ")
	}
	n.report(d)
}

func (n node) badName() {
	n.report(diag.New(diag.WrongValue, "%q cannot be a name", n.label()).
		WithFix("names are letters, digits, - and _, and begin with a letter or digit; at most 63"))
}

func (n node) missing(field string) {
	what := "the tenant"
	if len(n.path) > 0 {
		what = n.name()
	}
	n.report(diag.New(diag.MissingField, "%s needs a field %q", what, field).WithFix("add %s: …", field))
}
