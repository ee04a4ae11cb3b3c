package read

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/format"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/read/origin"
	"github.com/ringfence/ringfence/compiler/repository"
)

// Traits are what one tenant takes from definitions of the repository, such as baseline.#Tenant.
type Traits struct {
	Tenant string
	Uses   []Use // sorted by definition
	Ring   policy.Ring
}

// Use is a definition that a tenant is made of. Base is what it says by itself, with every default: a policy of which
// only named parts are there. Open names the parts that take something of the tenant before they say anything.
type Use struct {
	Definition string // "msp.example/patching/baseline.#Tenant"
	Parameters []Parameter
	Base       *policy.Tenant
	Open       []string // "windows.weeknight"
}

// Parameter is a value that a definition publishes for tenants to set.
type Parameter struct {
	Name    string // "#securityWait"
	Type    string // as the definition writes it
	Default string // as CUE; "" if a tenant must set it
	Value   string // of this tenant, as CUE
	Source  string // of the declaration, path:line:column
	SetAt   string // where the tenant sets it; "" if it does not
}

// TraitsOf loads the tenant that a tree shows and takes it apart. It is for tenants that compile.
func TraitsOf(t *load.Tree) (out *Traits, diags diag.List) {
	name := t.Tenant()
	dir := repository.TenantDir(name)
	defer func() {
		if p := recover(); p != nil {
			out, diags = nil, diag.List{gaveUp(dir, p)}
		}
	}()
	p, list := t.LoadTenant()
	if len(list) > 0 {
		return nil, list
	}
	v := p.Value("tenant", name)
	r := &reader{home: dir + "/"}
	ring := r.root(p.Definition("#Ring"), p)
	out = &Traits{Tenant: name, Ring: ring.child(ring.v, "ring").ring()}
	for definition, d := range unified(p, v, 0) {
		out.Uses = append(out.Uses, r.useOf(p, definition, d, v))
	}
	slices.SortFunc(out.Uses, func(a, b Use) int { return cmp.Compare(a.Definition, b.Definition) })
	return out, nil
}

// maxDetour is by way of how many definitions a value may be another.
const maxDetour = 16

// unified are those definitions of imported packages, but for the schema, that a value of the package is unified with,
// also by way of fields and definitions of its own.
func unified(p *load.Program, v cue.Value, depth int) map[string]cue.Value {
	out := map[string]cue.Value{}
	if depth > maxDetour {
		return out
	}
	if op, list := v.Expr(); op == cue.AndOp {
		for _, x := range list {
			maps.Copy(out, unified(p, x, depth+1))
		}
		return out
	}
	root, at := v.ReferencePath()
	inst := root.BuildInstance()
	switch {
	case inst == nil || inst.ImportPath == load.SchemaPackage || len(at.Selectors()) == 0:
	case inst == p.Inst:
		maps.Copy(out, unified(p, root.LookupPath(at), depth+1))
	case at.Selectors()[0].IsDefinition():
		out[inst.ImportPath+"."+at.String()] = root.LookupPath(at)
	}
	return out
}

// useOf reads one definition by itself, and what the tenant makes of its parameters.
func (r *reader) useOf(p *load.Program, definition string, d, tenant cue.Value) Use {
	u := Use{Definition: definition, Parameters: r.published(d, tenant)}
	n := r.root(d, p)
	u.Base = &policy.Tenant{TestClock: n.says("testClock"), Breaker: n.says("breaker"), SharesEvidence: n.says("sharesEvidence"), Disabled: n.off()}
	u.Base.Exploited = sound(n.get("exploited"), u.add, node.declared)
	u.Base.Accepts = n.get("accept").acceptances()
	u.Base.Groups = n.get("groups").groups()
	r.diags = nil // what is wrong here is wrong with the tenant, whose compilation has said so
	u.Base.Rings = sound(n.get("rings"), u.add, node.ring)
	u.Base.Windows = sound(n.get("windows"), u.add, node.window)
	u.Base.Lanes = sound(n.get("lanes"), u.add, node.lane)
	u.Base.Freezes = sound(n.get("freezes"), u.add, node.freeze)
	u.Base.Rules = sound(n.get("approval"), u.add, func(n node) policy.Rule {
		rule := n.rule()
		if n.label() != otherwise {
			m := n.get("match").match()
			rule.Match = &m
		}
		return rule
	})
	return u
}

// says reports whether a switch is on, without a word about one that is wrong.
func (n node) says(name string) bool {
	v, _ := n.get(name).v.Default()
	b, err := v.Bool()
	return err == nil && b
}

func (u *Use) add(name string, off bool) {
	if off {
		u.Base.Off = append(u.Base.Off, name)
		return
	}
	u.Open = append(u.Open, name)
}

// sound reads the entries that are complete and not switched off; other is told of the rest.
func sound[T any](n node, other func(name string, off bool), read func(node) T) []T {
	var out []T
	for _, f := range n.fields() {
		before := len(n.r.diags)
		x := read(f)
		off := f.off()
		switch {
		case off || len(n.r.diags) > before:
			other(n.label()+"."+f.label(), off)
		default:
			out = append(out, x)
		}
		n.r.diags = n.r.diags[:before]
	}
	return out
}

// published lists the parameters of a definition.
func (r *reader) published(d, tenant cue.Value) []Parameter {
	it, err := d.Fields(cue.Definitions(true), cue.Optional(true))
	if err != nil {
		return nil
	}
	var out []Parameter
	for it.Next() {
		sel := it.Selector()
		if !sel.IsDefinition() {
			continue
		}
		x := Parameter{Name: strings.TrimRight(sel.String(), "?!"), Type: syntaxOf(it.Value()), Default: concreteOf(it.Value())}
		if at := origin.Of(it.Value(), r.home); len(at) > 0 {
			x.Source = at[0].Label.String()
		}
		own := tenant.LookupPath(cue.MakePath(sel))
		x.Value = concreteOf(own)
		for _, at := range origin.Of(own, r.home) {
			if origin.Rank(at.Label, r.home) == 0 {
				x.SetAt = at.Label.String()
				break
			}
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b Parameter) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// concreteOf writes a value with its default applied, or "".
func concreteOf(v cue.Value) string {
	if v, _ := v.Default(); v.Exists() && v.Validate(cue.Concrete(true)) == nil {
		return fmt.Sprint(v)
	}
	return ""
}

// syntaxOf writes what a definition says of a parameter.
func syntaxOf(v cue.Value) string {
	raw, err := format.Node(v.Syntax(cue.Raw()))
	if err != nil {
		return v.IncompleteKind().String()
	}
	return diag.OneLine(string(raw))
}
