package compiler

import (
	"cmp"
	"slices"
	"strconv"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/check"
	"github.com/ringfence/ringfence/compiler/diag"
)

// reader turns CUE values into plain Go ones and collects what is wrong with them. It reads on after a mistake, so
// that one run shows them all.
type reader struct {
	home   string // the directory whose files are the user's own; others are shared
	diags  diag.List
	places check.Places
	used   map[string]bool // parameters that the user's own files read
	meant  check.Places    // fields that a misspelt one was meant to be: they are not missing as well
}

// node is one value and the field names that lead to it.
type node struct {
	r    *reader
	v    cue.Value
	path []string
}

// root begins reading at v, which stands where declared does: a unification has no place of its own.
func (r *reader) root(v, declared cue.Value) node {
	r.places, r.meant = check.Places{}, check.Places{}
	n := r.node(declared, nil)
	n.v = v
	return n
}

func (r *reader) node(v cue.Value, path []string) node {
	n := node{r, v, path}
	if v.Exists() {
		if p := places(v, r.home); len(p) > 0 {
			r.places.Set(spot(v, p[0]), path...)
		}
	}
	return n
}

// spot is where a reader should look for v: at the name of a struct, at the value of anything else.
func spot(v cue.Value, p place) diag.Range {
	if v.IncompleteKind() == cue.StructKind || v.IncompleteKind() == cue.ListKind {
		return p.label
	}
	return p.value
}

// get returns a field; it need not exist.
func (n node) get(name string) node {
	return n.r.node(n.v.LookupPath(cue.MakePath(cue.Str(name))), n.under(name))
}

func (n node) under(name string) []string { return append(slices.Clone(n.path), name) }

// label is the node's own field name.
func (n node) label() string { return n.path[len(n.path)-1] }

// exists is true also for a value that is in error.
func (n node) exists() bool { return n.v.Exists() || isError(n.v) }

// has is exists for the field of that name, or for a misspelt one that means it.
func (n node) has(name string) bool {
	return n.get(name).exists() || n.r.meant.Has(n.under(name)...)
}

// isError tells a field whose value is a mistake from one that is not there.
func isError(v cue.Value) bool { return v.Err() != nil && v.Source() != nil }

// source is the node's place as documents keep it.
func (n node) source() string { return n.r.places.At(n.path...).String() }

// fields lists a struct's regular fields by name; parameters are none. What is no struct has none: that it should be one is for the
// structural pass to say.
func (n node) fields() []node {
	it, err := n.v.Fields()
	if err != nil {
		return nil
	}
	var out []node
	for it.Next() {
		if name := it.Selector().Unquoted(); !isParameter(name) {
			out = append(out, n.r.node(it.Value(), n.under(name)))
		}
	}
	slices.SortFunc(out, func(a, b node) int { return cmp.Compare(a.label(), b.label()) })
	return out
}

// items lists a list's elements. A node that is no list is one diagnostic.
func (n node) items() []node {
	if !n.exists() {
		return nil
	}
	v, _ := n.v.Default()
	if v.IncompleteKind() != cue.ListKind && v.Err() == nil {
		n.wrongKind("a list [ … ]", nil)
		return nil
	}
	it, err := v.List()
	if err != nil {
		n.wrongKind("a list [ … ]", err)
		return nil
	}
	var out []node
	for i := 0; it.Next(); i++ {
		out = append(out, n.r.node(it.Value(), n.under("["+strconv.Itoa(i)+"]")))
	}
	return out
}

// concrete returns the node's value with defaults applied, or reports why there is none. A field that is absent is
// silent here: the structural pass knows which ones are required.
func (n node) concrete() (cue.Value, bool) {
	if !n.exists() {
		return cue.Value{}, false
	}
	v, _ := n.v.Default()
	if err := v.Err(); err != nil {
		n.conflict(err)
		return v, false
	}
	if !v.IsConcrete() {
		n.report(diag.New(diag.MissingField, "%s has no value yet", n.name()).
			WithFix("set it, or give it a default where it is declared"))
		return v, false
	}
	return v, true
}
