package read

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/check"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/read/origin"
	"github.com/ringfence/ringfence/compiler/read/silent"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// reader turns CUE values into plain Go ones and collects what is wrong with them. It reads on after a mistake, so
// that one run shows them all.
type reader struct {
	home      string        // the directory whose files are the user's own; others are shared
	program   *load.Program // that the value which is read is of
	index     *origin.Index // of it
	prefix    []string      // where the value that is read stands in its package
	diags     diag.List
	calendars []calendarRef       // files that windows and freezes take their times from
	places    check.Places        // of what the cross checks may point at
	owners    map[string][]string // what a field may stand in, for those at the wrong level
	used      map[string]bool     // parameters that the user's own files read
	lost      []silent.Lost       // fields that set nothing
	meant     check.Places        // fields that a misspelt one was meant to be: they are not missing as well
}

// node is one value and the field names that lead to it.
type node struct {
	r    *reader
	v    cue.Value
	path []string
	up   *node // nil at the root
}

// root begins reading at v, which p declares at prefix.
func (r *reader) root(v cue.Value, p *load.Program, prefix ...string) node {
	return r.rootIn(origin.NewIndex(p, r.home), v, p, prefix...)
}

// rootIn is root for one of many values of a program that was indexed before.
func (r *reader) rootIn(whole *origin.Index, v cue.Value, p *load.Program, prefix ...string) node {
	r.places, r.meant = check.Places{}, check.Places{}
	for _, l := range r.lost {
		if path := l.Path; len(path) > len(prefix) && slices.Equal(path[:len(prefix)], prefix) {
			r.meant.Set(diag.Range{}, path[len(prefix):]...)
		}
	}
	r.program, r.index, r.prefix = p, whole.Below(prefix...), prefix
	return node{r: r, v: v}
}

// place is where the node stands, or else what is around it. It is worked out only when something points there: to
// take a value apart costs more than to read it.
func (n node) place() origin.Place {
	if p := n.places(); len(p) > 0 {
		return p[0]
	}
	if n.up == nil {
		return origin.Place{}
	}
	return n.up.place()
}

// places lists where the node's value comes from, the most useful first.
func (n node) places() []origin.Place { return n.r.index.At(n.v, n.path...) }

// mark notes the node's place for the cross checks.
func (n node) mark() node {
	if n.exists() {
		n.r.places.Set(n.where(), n.path...)
	}
	return n
}

// where a reader should look: at the name of a struct or list, at the value of anything else.
func (n node) where() diag.Range {
	if k := n.v.IncompleteKind(); k == cue.StructKind || k == cue.ListKind {
		return n.place().Label
	}
	return n.place().Value
}

// get returns a field; it need not exist.
func (n node) get(name string) node {
	return n.child(n.v.LookupPath(cue.MakePath(cue.Str(name))), name)
}

func (n node) child(v cue.Value, name string) node {
	return node{r: n.r, v: v, path: n.under(name), up: &n}
}

func (n node) under(name string) []string { return append(slices.Clone(n.path), name) }

// label is the node's own field name.
func (n node) label() string { return n.path[len(n.path)-1] }

// inList reports whether the node is an element of a list.
func (n node) inList() bool { return len(n.path) > 0 && strings.HasPrefix(n.label(), "[") }

// root is the value that is read as a whole.
func (n node) root() node {
	for n.up != nil {
		n = *n.up
	}
	return n
}

// own reports whether the user's own files set the node, whatever else does.
func (n node) own() bool {
	p := n.places()
	return n.exists() && len(p) > 0 && origin.Rank(p[0].Label, n.r.home) == 0
}

// exists is true also for a value that is in error.
func (n node) exists() bool { return n.v.Exists() || isError(n.v) }

// has is exists for the field of that name, or for a misspelt one that means it.
func (n node) has(name string) bool {
	return n.get(name).exists() || n.r.meant.Has(n.under(name)...)
}

// isError tells a field whose value is a mistake from one that is not there.
func isError(v cue.Value) bool { return v.Err() != nil && v.Pos().IsValid() }

// source is the node's place as documents keep it.
func (n node) source() string { return n.mark().place().Label.String() }

// fields lists a struct's regular fields by name; parameters are none. What is no struct has none: that it should be one is for the
// structural pass to say.
func (n node) fields() []node {
	it, err := n.v.Fields()
	if err != nil {
		return nil
	}
	var out []node
	for it.Next() {
		sel := it.Selector()
		if sel.LabelType() != cue.StringLabel {
			continue // of a list that something made a struct of
		}
		if name := sel.Unquoted(); !syntax.IsParameter(name) {
			out = append(out, n.child(it.Value(), name))
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
		n.rejectWith(diag.New(diag.WrongValue, "%s must be a list [ … ], not %s", n.name(), n.text()).WithFix("%s", n.listFix()))
		return nil
	}
	it, err := v.List()
	if err != nil {
		n.wrongKind("a list [ … ]", err)
		return nil
	}
	var out []node
	for i := 0; it.Next(); i++ {
		out = append(out, n.child(it.Value(), "["+strconv.Itoa(i)+"]"))
	}
	return out
}

// listFix puts a single value in brackets.
func (n node) listFix() string {
	if n.label() == anyOf {
		return "each alternative is a struct in a list: anyOf: [{ … }, { … }]"
	}
	if v, _ := n.v.Default(); v.IsConcrete() && v.Kind() == cue.StringKind {
		return "write [" + n.text() + "]"
	}
	return ""
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
		n.undecided(v)
		return v, false
	}
	return v, true
}
