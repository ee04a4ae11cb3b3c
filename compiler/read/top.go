package read

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/read/origin"
	"github.com/ringfence/ringfence/compiler/read/silent"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// top checks what stands at the top of a tenant's files: `tenant: <name>:` and nothing that looks like policy. It is
// one diagnostic a file, since a file written the wrong way round is one mistake.
func (r *reader) top(p *load.Program, name, dir string) diag.List {
	var out diag.List
	for _, f := range p.Inst.Files {
		if !strings.HasPrefix(strings.TrimPrefix(f.Filename, "/"), r.home) {
			continue
		}
		shape := shapeOf(p.Definition("#Tenant"))
		r.misplaced(f, name, shape)
		if d, ok := topOf(f, name, shape); ok {
			out = append(out, d)
		}
	}
	if len(out) > 0 {
		return out
	}
	return r.names(p, name, dir)
}

// misplaced notes the fields of a tenant that stand at the top of a file: what they were meant to be is not missing as well.
func (r *reader) misplaced(f *ast.File, name string, tenant shape) {
	for _, decl := range f.Decls {
		d, ok := decl.(*ast.Field)
		if !ok {
			continue
		}
		if label, _, err := ast.LabelName(d.Label); err == nil && tenant.has(label) {
			r.lost = append(r.lost, silent.Lost{Path: []string{"tenant", name, label}})
		}
	}
}

const embeddedAtTop = "a policy stands at the top of the file"

func topOf(f *ast.File, name string, tenant shape) (diag.Diagnostic, bool) {
	fix := fmt.Sprintf("put it under tenant: %s: … ; an embedded definition lets misspelt fields pass", quoteLabel(name))
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.EmbedDecl:
			return diag.New(diag.NotAtTopLevel, embeddedAtTop).At(syntax.Range(d.Pos(), d.End())).WithFix("%s", fix), true
		case *ast.Field:
			label, _, err := ast.LabelName(d.Label)
			at := syntax.Range(d.Label.Pos(), d.Label.End())
			if err != nil || label == "tenant" || strings.HasPrefix(label, "_") || strings.HasPrefix(label, "#") {
				continue
			}
			if _, ok := tenant.fields[label]; ok {
				return diag.New(diag.NotAtTopLevel, "%q stands at the top of the file", label).At(at).WithFix("%s", fix), true
			}
			return diag.New(diag.UnknownField, "unknown field %q%s", label, suggest.Tail(label, []string{"tenant"})).At(at).
				WithFix("a tenant's file says tenant: %s: … ; names for your own use begin with _ or #", quoteLabel(name)), true
		}
	}
	return diag.Diagnostic{}, false
}

// strays finds what stands beside `scenario` at the top of the tests.
func (r *reader) strays(p *load.Program) diag.List {
	var out diag.List
	for _, f := range p.Inst.Files {
		for _, decl := range f.Decls {
			d, ok := decl.(*ast.Field)
			if !ok {
				continue
			}
			label, _, err := ast.LabelName(d.Label)
			if err != nil || label == "scenario" || strings.HasPrefix(label, "_") || syntax.IsParameter(label) {
				continue
			}
			out = append(out, diag.New(diag.UnknownField, "unknown field %q%s", label, suggest.Tail(label, []string{"scenario"})).
				At(syntax.Range(d.Label.Pos(), d.Label.End())).WithFix("tests say scenario: \"<name>\": … ; names for your own use begin with _ or #"))
		}
	}
	return out
}

// names checks that the directory declares the tenant of its own name and no other.
func (r *reader) names(p *load.Program, name, dir string) diag.List {
	it, err := p.Value("tenant").Fields()
	if err != nil {
		if at, written := tenantField(p, r.home); written {
			return diag.List{diag.New(diag.WrongValue, "tenant must be a struct: the tenant's name, then its policy").At(at).
				WithFix("write tenant: %s: … with the fields of the tenant", quoteLabel(name))}
		}
		it = &cue.Iterator{}
	}
	var out diag.List
	found := false
	for err == nil && it.Next() {
		label := it.Selector().String()
		if it.Selector().LabelType() == cue.StringLabel {
			label = it.Selector().Unquoted()
		}
		if label == name {
			found = true
			continue
		}
		d := diag.New(diag.DuplicateTenant, "the directory %s declares the tenant %q", dir, label).
			WithFix("one directory is one tenant, and both have the same name")
		if at := origin.Of(it.Value(), r.home); len(at) > 0 {
			d = d.At(at[0].Label)
		}
		out = append(out, d)
	}
	if !found && len(out) == 0 {
		out = append(out, diag.New(diag.NoTenants, "the directory declares no tenant").At(diag.Range{File: dir}).
			WithFix("add tenant: %s: … to a file in it", quoteLabel(name)))
	}
	return out
}

// tenantField is the value of the first field `tenant` at the top of the user's files.
func tenantField(p *load.Program, home string) (diag.Range, bool) {
	for _, f := range p.Inst.Files {
		for _, decl := range f.Decls {
			d, ok := decl.(*ast.Field)
			if !ok {
				continue
			}
			if label, _, err := ast.LabelName(d.Label); err == nil && label == "tenant" && load.OfRepository(origin.OfNode(d).Label.File) && origin.Rank(origin.OfNode(d).Label, home) == 0 {
				return origin.OfNode(d).Value, true
			}
		}
	}
	return diag.Range{}, false
}

func quoteLabel(name string) string {
	if ast.IsValidIdent(name) {
		return name
	}
	return fmt.Sprintf("%q", name)
}

// parameters finds definitions that the tenant sets and nothing reads: a closed struct lets any #name through, so a
// misspelt baseline parameter would pass silently.
func (r *reader) parameters(n node) {
	it, err := n.v.Fields(cue.Definitions(true))
	if err != nil {
		return
	}
	own := map[string]diag.Range{}
	var shared []string
	for it.Next() {
		name := syntax.WrittenName(it.Selector().String())
		if !syntax.IsParameter(name) {
			continue
		}
		if at := origin.Of(it.Value(), r.home); len(at) > 0 && origin.Rank(at[len(at)-1].Label, r.home) == 0 {
			own[name] = at[0].Label
			continue
		}
		shared = append(shared, name)
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if r.used[name] {
			continue
		}
		d := diag.New(diag.UnknownField, "nothing reads the parameter %s%s", name, suggest.Tail(name, shared))
		if len(shared) > 0 {
			d.Fix = "parameters that are declared for this tenant: " + strings.Join(shared, ", ")
		}
		r.diags = append(r.diags, d.At(own[name]))
	}
}
