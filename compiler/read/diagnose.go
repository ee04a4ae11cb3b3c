package read

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/read/origin"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// subject is what a definition of the schema describes: a value of some package.
type subject struct {
	arg        string // directory or file to load
	definition string
	path       []string // of the value in its package
}

// noun is what messages call the subject.
func (s subject) noun() string {
	return map[string]string{"#Tenant": "the tenant", "#Scenario": "the scenario"}[s.definition]
}

// loosened is a package that was loaded once more, with a schema that allows everything. One serves for all of its values.
type loosened struct {
	program *load.Program // nil if it cannot be loaded
	index   *origin.Index
	schema  cue.Value       // the definition that its values should meet
	used    map[string]bool // see usedIn
}

func loosen(t *load.Tree, s subject, home string) loosened {
	p, list := t.Permissive().Load(s.arg)
	if len(list) > 0 {
		return loosened{}
	}
	return loosened{p, origin.NewIndex(p, home), p.Closed(s.definition), usedIn(p, home)}
}

// diagnose explains why a value broke the schema. In its loosened package it looks at the structure, then reads every
// value. What that does not find, CUE's own words must explain.
func (r *reader) diagnose(l loosened, s subject, strict node, failure error, read func(node)) {
	if p := l.program; p != nil {
		r.used = l.used
		n := r.rootIn(l.index, p.Value(s.path...), p, s.path...)
		r.owners = ownersOf(l.schema, s.noun())
		n.structure(l.schema)
		if n.ownError() == nil {
			read(n)
			r.parameters(n)
		}
	}
	if !r.diags.HasErrors() {
		r.leftover(strict, failure)
	}
}

// usedIn lists the parameters that the user's own files of a program, those under home, read.
func usedIn(p *load.Program, home string) map[string]bool {
	used := map[string]bool{}
	for _, f := range p.Inst.Files {
		if !strings.HasPrefix(strings.TrimPrefix(f.Filename, "/"), home) {
			continue
		}
		labels := map[ast.Node]bool{}
		ast.Walk(f, func(n ast.Node) bool {
			if field, ok := n.(*ast.Field); ok {
				labels[field.Label] = true
			}
			if id, ok := n.(*ast.Ident); ok && !labels[id] {
				used[syntax.WrittenName(id.Name)] = true
			}
			return true
		}, nil)
	}
	return used
}

// leftover turns errors of the schema that no reader recognised into diagnostics: one for each value.
func (r *reader) leftover(root node, err error) {
	seen := map[string]bool{}
	for _, e := range errors.Errors(err) {
		path := e.Path()
		if len(path) >= 2 && (path[0] == "tenant" || path[0] == "scenario") {
			path = path[2:]
		}
		if seen[strings.Join(path, ".")] || r.meant.Has(path...) {
			continue
		}
		seen[strings.Join(path, ".")] = true
		n := root
		for _, p := range path {
			n = n.get(unquote(p))
		}
		d := diag.New(diag.WrongValue, "%s", n.about(syntax.Message(e)))
		if at := origin.Embedded(load.FirstPosition(e), r.home); at.File != "" {
			r.diags = append(r.diags, d.At(at))
			continue
		}
		n.rejectWith(d)
	}
}

func unquote(s string) string {
	var out string
	if _, err := fmt.Sscanf(s, "%q", &out); err == nil {
		return out
	}
	return s
}
