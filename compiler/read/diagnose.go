package read

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
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

// diagnose explains why a value broke the schema. It loads the package once more with a schema that allows
// everything, looks at the structure, then reads every value. What that does not find, CUE's own words must explain.
func (r *reader) diagnose(t *load.Tree, s subject, strict node, failure error, read func(node)) {
	if p, list := t.Permissive().Load(s.arg); len(list) == 0 {
		r.use(p)
		n := r.root(p.Value(s.path...), p, s.path...)
		schema := p.Closed(s.definition)
		r.owners = ownersOf(schema, s.noun())
		n.structure(schema)
		if n.ownError() == nil {
			read(n)
			r.parameters(n)
		}
	}
	if !r.diags.HasErrors() {
		r.leftover(strict, failure)
	}
}

// use notes which parameters the user's own files read.
func (r *reader) use(p *load.Program) {
	r.used = map[string]bool{}
	for _, f := range p.Inst.Files {
		if !strings.HasPrefix(strings.TrimPrefix(f.Filename, "/"), r.home) {
			continue
		}
		labels := map[ast.Node]bool{}
		ast.Walk(f, func(n ast.Node) bool {
			if field, ok := n.(*ast.Field); ok {
				labels[field.Label] = true
			}
			if id, ok := n.(*ast.Ident); ok && !labels[id] {
				r.used[syntax.WrittenName(id.Name)] = true
			}
			return true
		}, nil)
	}
}

// leftover turns errors of the schema that no reader recognised into diagnostics: one for each value.
func (r *reader) leftover(root node, err error) {
	seen := map[string]bool{}
	for _, e := range errors.Errors(err) {
		path := e.Path()
		if len(path) >= 2 && (path[0] == "tenant" || path[0] == "scenario") {
			path = path[2:]
		}
		if seen[strings.Join(path, ".")] {
			continue
		}
		seen[strings.Join(path, ".")] = true
		n := root
		for _, p := range path {
			n = n.get(unquote(p))
		}
		d := diag.New(diag.WrongValue, "%s", n.about(syntax.Message(e)))
		if at := load.FirstPosition(e); at.File != "" {
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
