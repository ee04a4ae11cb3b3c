// Package silent finds what CUE takes without a word and makes nothing of, though it reads like policy: a field with a mark
// that makes it a condition (freezes: yearEnd?: …), a hidden field or definition that nothing refers to, a pattern that no
// field has. In goes a load.Program; out come diagnostics. A freeze that is written so would freeze nothing.
package silent

import (
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/read/origin"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// Place says where policy stands in a program.
type Place struct {
	Home  string              // the directory or file of whose policy it is
	Under []string            // the fields that lead to it; "" is a name that users choose
	Known func(n string) bool // whether a tenant can have such a field
}

// Lost is a field of which nothing comes. Path leads to it from the top of its file. What CUE says of places within Echo
// says the same once more.
type Lost struct {
	Path []string
	Diag diag.Diagnostic
	Echo diag.Range
}

// Find lists what is lost in the files of a program and of the packages that it imports.
func Find(p *load.Program, place Place) (out []Lost) {
	files := slices.DeleteFunc(p.Files(), func(f *ast.File) bool { return !load.OfRepository(strings.TrimPrefix(f.Filename, "/")) })
	if !contains(files, worthALook) {
		return nil
	}
	read := references(files)
	for _, f := range files {
		w := &walk{program: p, place: place, read: read, own: strings.HasPrefix(strings.TrimPrefix(f.Filename, "/"), place.Home)}
		ast.Walk(f, w.enter, w.leave)
		out = append(out, w.lost...)
	}
	return out
}

func contains(files []*ast.File, is func(ast.Node) bool) (found bool) {
	for _, f := range files {
		ast.Walk(f, func(n ast.Node) bool {
			found = found || is(n)
			return !found
		}, nil)
	}
	return found
}

// worthALook finds what can be lost at all. Most policies have none of it, or only parameters.
func worthALook(n ast.Node) bool {
	f, ok := n.(*ast.Field)
	if !ok {
		return false
	}
	_, pattern := f.Label.(*ast.ListLit)
	return pattern || f.Constraint != token.ILLEGAL || labelOf(f).kept
}

// references are the names that some expression refers to.
func references(files []*ast.File) map[string]bool {
	out := map[string]bool{}
	for _, f := range files {
		labels := map[ast.Node]bool{}
		ast.Walk(f, func(n ast.Node) bool {
			if field, ok := n.(*ast.Field); ok {
				labels[field.Label] = true
			}
			if id, ok := n.(*ast.Ident); ok && !labels[id] {
				out[id.Name] = true
			}
			return true
		}, nil)
	}
	return out
}

// walk goes through one file and knows the fields around where it is.
type walk struct {
	program *load.Program
	place   Place
	own     bool // the file is of who reads the diagnostics; others share it
	read    map[string]bool
	path    []label
	lost    []Lost
}

// label is the name of a field as it is written, or an element of a list, which has none.
type label struct {
	name string
	kept bool // hidden or a definition: CUE keeps it from what comes out
}

func labelOf(f *ast.Field) label {
	name, ident, err := ast.LabelName(f.Label)
	if err != nil {
		return label{name: "…"}
	}
	return label{name, ident && (strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#"))}
}

func isKept(l label) bool { return l.kept }

func (w *walk) enter(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.Field:
		if d, ok := w.judge(x); ok {
			w.lost = append(w.lost, Lost{append(names(w.path), labelOf(x).name), d, echo(x)})
			return false
		}
		w.path = append(w.path, labelOf(x))
	case *ast.ListLit:
		w.path = append(w.path, label{})
	}
	return true
}

func (w *walk) leave(n ast.Node) {
	switch n.(type) {
	case *ast.Field, *ast.ListLit:
		w.path = w.path[:len(w.path)-1]
	}
}

// echo is all of a field that CUE demands in vain; it says so, and what is in the field is half there.
func echo(f *ast.Field) diag.Range {
	if f.Constraint != token.NOT {
		return diag.Range{}
	}
	return syntax.Range(f.Pos(), f.End())
}

// judge looks at a field; the path leads to what it stands in.
func (w *walk) judge(f *ast.Field) (diag.Diagnostic, bool) {
	_, pattern := f.Label.(*ast.ListLit)
	l := labelOf(f)
	switch {
	case f.Constraint != token.ILLEGAL && (w.policy(l) || says(f.Value)):
		return w.marked(f), true
	case pattern && w.policy(l):
		return w.matchesNone(f)
	case l.kept && !w.read[l.name] && w.withinPolicy(l):
		return diag.New(diag.SaysNothing, "nothing reads %s, so it says nothing", w.called(l)).At(origin.OfNode(f).Label).
			WithFix("write it without %s if it is policy; names that begin with _ or # are for values that others refer to", l.name[:1]), true
	}
	return diag.Diagnostic{}, false
}

// marked tells of a field that CUE takes for a condition: were it set, this is what it would have to be.
func (w *walk) marked(f *ast.Field) diag.Diagnostic {
	l := labelOf(f)
	at := origin.OfNode(f).Label
	at.End.Column++ // the mark
	d := diag.New(diag.SaysNothing, "the mark %s makes a condition of %s, which sets nothing", f.Constraint, w.called(l)).At(at)
	if w.policy(l) || l.kept {
		return d.WithFix("write it without %s", f.Constraint)
	}
	return d.WithFix("write it without %s; what is for tenants alone that have the field stands in brackets: [%q]: …", f.Constraint, l.name)
}

// policy reports whether a field at the path is one of the user's own policy, not of something that it may refer to.
func (w *walk) policy(l label) bool {
	path := append(w.path[:len(w.path):len(w.path)], l)
	return w.own && !slices.ContainsFunc(path, isKept) && (len(w.place.Under) == 0 || path[0].name == w.place.Under[0])
}

// withinPolicy reports whether a hidden field or definition stands among the fields of a policy, or of a definition that is
// one. The parameters of a policy are for others to judge.
func (w *walk) withinPolicy(l label) bool {
	if len(w.path) == 0 {
		return len(w.place.Under) == 0
	}
	if w.path[0].kept {
		return len(w.path) > 1 && w.place.Known(w.path[1].name) && !slices.ContainsFunc(w.path[1:], isKept)
	}
	parameter := strings.HasPrefix(l.name, "#") && len(w.place.Under) > 0 && len(w.path) == len(w.place.Under)
	return w.policy(label{}) && len(w.path) >= len(w.place.Under) && !parameter
}

// called is what messages call a field at the path: by what leads to it below what holds the policy.
func (w *walk) called(l label) string {
	path := append(w.path[:len(w.path):len(w.path)], l)
	above := 0
	switch {
	case path[0].kept:
		above = 1
	case len(w.place.Under) > 0 && path[0].name == w.place.Under[0]:
		above = len(w.place.Under)
	}
	if above < len(path) {
		path = path[above:]
	}
	var out []string
	for _, p := range path {
		switch {
		case p.name == "":
		case p.kept || ast.IsValidIdent(p.name):
			out = append(out, p.name)
		default:
			out = append(out, strconv.Quote(p.name))
		}
	}
	return strings.Join(out, ".")
}

func names(path []label) (out []string) {
	for _, l := range path {
		out = append(out, l.name)
	}
	return out
}
