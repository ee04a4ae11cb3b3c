package read

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/errors"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// shape is what the schema says of one struct: its fields, and what stands under names that users choose.
type shape struct {
	fields   map[string]cue.Value
	required []string
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
			s.entry, s.chosen = it.Value(), true
			continue
		}
		s.fields[sel.Unquoted()] = it.Value()
		if sel.ConstraintType() == cue.RequiredConstraint {
			s.required = append(s.required, sel.Unquoted())
		}
	}
	return s
}

// structure reports fields that the schema does not have and required ones that are missing. It needs no value to
// be right, so that a misspelt field is found beside a wrong value; n must come from the permissive schema.
func (n node) structure(schema cue.Value) {
	if schema.IncompleteKind() == cue.ListKind {
		n.elements(schema)
		return
	}
	s := shapeOf(schema)
	if len(s.fields) == 0 && !s.chosen || !n.exists() {
		return
	}
	if err := n.ownError(); err != nil {
		n.conflict(err)
		return
	}
	if n.v.IncompleteKind() == cue.TopKind {
		return // the permissive schema's definition, or _: it says nothing of its own
	}
	if !n.isStruct() {
		n.noStruct(s)
		return
	}
	for _, f := range n.fields() {
		switch sub, ok := s.fields[f.label()]; {
		case ok:
			f.structure(sub)
		case s.chosen && f.meansAnyOf(s):
			f.unnamedAlternatives()
		case s.chosen && schema.Allows(cue.Str(f.label())):
			f.structure(s.entry)
		case s.chosen:
			f.badName()
		default:
			f.unknown(s, n)
		}
	}
	for _, name := range s.required {
		if !n.has(name) {
			n.missing(name)
		}
	}
}

// noStruct reports what stands where fields must, with those that can.
func (n node) noStruct(s shape) {
	before := len(n.r.diags)
	n.wrongKind("a struct { … }", nil)
	if len(n.r.diags) == before || n.r.diags[before].Fix != "" {
		return
	}
	d := &n.r.diags[before]
	if n.inList() && s.chosen {
		*d = d.WithFix("every entry has a name: {<name>: { … }}")
		return
	}
	if s.chosen && s.entry.IncompleteKind() != cue.StructKind {
		*d = d.WithFix("every entry has a name: %s: <name>: …", n.label())
		return
	}
	if s.chosen {
		*d = d.WithFix("every entry has a name: %s: <name>: { … }", n.label())
		return
	}
	*d = d.WithFix("fields that can stand in it: %s", strings.Join(slices.Sorted(maps.Keys(s.fields)), ", "))
}

// ownError is an error of the node itself, not of one below it: nothing can be said of its fields then.
func (n node) ownError() error {
	err := n.v.Err()
	for _, e := range errors.Errors(err) {
		if len(e.Path()) == len(n.r.prefix)+len(n.path) {
			return err
		}
	}
	return nil
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

// unknown reports a field that parent cannot have. What it may have meant is sought among the fields that the user did
// not write there already; the baseline may have. One of those is meant only if a single slip lies between.
func (n node) unknown(s shape, parent node) {
	if x, ok := insteadOf(n.label(), s); ok {
		n.rewritten(x, parent)
		return
	}
	all := slices.Sorted(maps.Keys(s.fields))
	free := slices.DeleteFunc(slices.Clone(all), func(f string) bool { return parent.get(f).own() })
	meant := suggest.Word(n.label(), free)
	if meant != "" {
		n.r.meant.Set(diag.Range{}, parent.under(meant)...)
	}
	phrase := suggest.Phrase(cmp.Or(n.parameterMeant(), meant, suggest.Slip(n.label(), all)))
	n.reportName(diag.New(diag.UnknownField, "unknown field %q%s", n.label(), phrase).
		WithFix("%sfields that can stand here: %s", n.elsewhere(), strings.Join(all, ", ")))
}

// parameterMeant is the parameter of that name that the baseline publishes: its # is easily forgotten.
func (n node) parameterMeant() string {
	for _, name := range []string{"#" + n.label(), string(syntax.PlainMark) + n.label()} {
		if len(n.path) == 1 && len(n.r.index.Parameter(name)) > 0 {
			return "#" + n.label()
		}
	}
	return ""
}

// elsewhere says of what a field is one that stands at the wrong level.
func (n node) elsewhere() string {
	owners := n.r.owners[n.label()]
	if len(owners) == 0 || len(owners) > maxOwners {
		return ""
	}
	return fmt.Sprintf("%q is a field of %s; ", n.label(), strings.Join(owners, ", "))
}

// maxOwners is up to how many places a field belongs to that are worth naming.
const maxOwners = 3

// ownersOf lists for each field of the schema what can have it: "the tenant", "rings.<name>".
func ownersOf(schema cue.Value, root string) map[string][]string {
	out := map[string][]string{}
	var walk func(v cue.Value, path string, depth int)
	walk = func(v cue.Value, path string, depth int) {
		if v.IncompleteKind() != cue.StructKind || depth > maxShapes {
			return
		}
		s := shapeOf(v)
		for _, name := range slices.Sorted(maps.Keys(s.fields)) {
			out[name] = append(out[name], cmp.Or(path, root))
			walk(s.fields[name], strings.TrimPrefix(path+"."+name, "."), depth+1)
		}
		if s.chosen {
			walk(s.entry, path+".<name>", depth+1)
		}
	}
	walk(schema, "", 0)
	return out
}

const maxShapes = 5 // levels, more than the schema has

func (n node) badName() {
	if fix := n.reserved(); fix != "" {
		n.reportName(diag.New(diag.WrongValue, "%q cannot be a name", n.label()).WithFix("%s", fix))
		return
	}
	if n.up != nil && len(n.path) == 2 && n.up.label() == "exploited" {
		n.reportName(diag.New(diag.WrongValue, "%q is no CVE number", n.label()).WithFix("write it like \"CVE-2026-1234\""))
		return
	}
	n.reportName(diag.New(diag.WrongValue, "%q cannot be a name", n.label()).
		WithFix("%s", nameRule))
}

// reserved says what a name that no ring can have stands for, "" of any other.
func (n node) reserved() string {
	switch {
	case n.label() == policy.PoolRing:
		return "pool is what all tenants that share their evidence saw together: choose another name"
	case n.label() == anyOf && n.up.inList():
		return "an alternative has none of its own: make each way an alternative by itself"
	case n.label() == anyOf:
		return "anyOf is what alternatives that a ring requires stand under: choose another name"
	}
	return ""
}

func (n node) missing(field string) {
	n.report(diag.New(diag.MissingField, "%s needs a field %q", n.called(), field).WithFix("add %s: …", field))
}
