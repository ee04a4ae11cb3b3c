package compiler

import (
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/load"

	"github.com/ringfence/ringfence/compiler/syntax"
	"github.com/ringfence/ringfence/policies"
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

// value is the subject as a program has it.
func (s subject) value(p *program) cue.Value {
	var path []cue.Selector
	for _, name := range s.path {
		path = append(path, cue.Str(name))
	}
	return p.root.LookupPath(cue.MakePath(path...))
}

// diagnose explains why a value broke the schema. It loads the package once more with a schema that allows
// everything, looks at the structure, then reads every value. What that does not find, CUE's own words must explain.
func (r *reader) diagnose(c *compilation, t *tree, s subject, strict node, failure error, read func(node)) {
	loose := &tree{repo: t.repo, tenant: t.tenant, loose: true, overlay: c.permissive()}
	if p, list := loose.load(s.arg); len(list) == 0 {
		r.use(p)
		n := r.root(s.value(p), p, s.path...)
		schema := closedDefinition(p.ctx, s.definition)
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

// closedDefinition is a definition of the embedded schema, in a context whose own schema is the permissive one.
func closedDefinition(ctx *cue.Context, name string) cue.Value {
	inst := load.Instances([]string{"./policy"}, &load.Config{FS: policies.Schema(), Registry: noRegistry{}})[0]
	return ctx.BuildInstance(inst).LookupPath(cue.MakePath(cue.Def(name)))
}

// use notes which parameters the user's own files read.
func (r *reader) use(p *program) {
	r.used = map[string]bool{}
	for _, f := range p.inst.Files {
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
