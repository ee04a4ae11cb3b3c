package command

import (
	"context"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/internal/phrase"
)

// load compiles, on both sides, the tenants whose files the edit touches, and finds out whose plans may differ: theirs,
// and those of tenants that go by something of them which the edit changes. To know who that is every tenant is compiled,
// but only then. Of one tenant alone, the compiler knows by itself on whom it rests.
func (d *diffSides) load(ctx context.Context, touched []string, only string) {
	asked, among := touched, d.everybody
	if only != "" {
		asked, among = []string{only}, []string{only}
	}
	d.compile(ctx, asked)
	far := only != ""
	if turned := d.turned(touched); !far && len(touched) < len(d.everybody) && len(turned) > 0 {
		d.out.say("what other tenants may go by of %s changes: all %d tenants were read", phrase.Some(turned), len(d.everybody))
		d.compile(ctx, d.everybody)
		far = true
	}
	for _, name := range among {
		if slices.Contains(touched, name) || far && d.moved(name) {
			d.tenants = append(d.tenants, name)
		}
	}
	d.untouched = len(among) - len(d.tenants)
	d.sayBroken(d.base)
	d.sayBroken(d.head)
}

// turned are the tenants of which others may go by something else at head than at base.
func (d *diffSides) turned(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return d.base.face(name) == d.head.face(name) })
}

// compile compiles tenants on both sides, and those on whom they rest.
func (d *diffSides) compile(ctx context.Context, names []string) {
	for _, w := range []*workspace{d.base, d.head} {
		here := compiler.Tenants(w.tree)
		options := d.compiling()
		options.Only = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(here, name) })
		if len(options.Only) == 0 {
			continue
		}
		w.set, w.list = compiler.Compile(ctx, w.tree, options)
		w.list.Sort()
	}
}

// face is all that other tenants' policies and plans can go by of a tenant, but for its ledger: whether it is there and
// compiles, whether it counts in their pools, and its rings. What its rings wait for is part of it if that leads abroad,
// for then others may wait for themselves.
func (w *workspace) face(name string) string {
	t := w.set.Tenant(name)
	switch {
	case t == nil && slices.Contains(compiler.Tenants(w.tree), name):
		return "in error"
	case t == nil:
		return "not there"
	}
	var b strings.Builder
	if t.SharesEvidence {
		b.WriteString("shares ")
	}
	for _, r := range t.Rings {
		b.WriteString(r.Name + " ")
		for _, q := range r.Gates() {
			if len(t.Abroad()) > 0 && !q.Pooled() {
				b.WriteString("after:" + q.Key() + " ")
			}
		}
	}
	return b.String()
}

// moved reports whether the plan of a tenant that was compiled on both sides may differ, although its own files and what
// all tenants share are the same: on one side only its requirements lead somewhere, or others count in its pool.
func (d *diffSides) moved(name string) bool {
	was, is := d.base.set.Tenant(name), d.head.set.Tenant(name)
	if was == nil || is == nil {
		return was != nil || is != nil
	}
	joined, left := d.pools(was, is)
	return len(joined)+len(left) > 0
}

// pools are the tenants that count in a tenant's pool on one side alone: at head, and at base.
func (d *diffSides) pools(was, is *policy.Tenant) (joined, left []string) {
	if !was.Pooled() || !is.Pooled() {
		return nil, nil
	}
	before, after := d.pipeline(d.base, was, scanned{}).pool(), d.pipeline(d.head, is, scanned{}).pool()
	return missing(after, before), missing(before, after)
}

// missing are those of a list that another lacks.
func missing(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return slices.Contains(other, name) })
}

// sayBroken says what keeps tenants in question from compiling on one side. Of those that only they require, the
// diagnostics are for check.
func (d *diffSides) sayBroken(w *workspace) {
	here := compiler.Tenants(w.tree)
	broken := slices.DeleteFunc(slices.Clone(d.tenants), func(name string) bool { return !slices.Contains(here, name) || w.set.Tenant(name) != nil })
	if len(broken) == 0 {
		return
	}
	elsewhere := func(x diag.Diagnostic) bool {
		if x.Range == nil || !strings.HasPrefix(x.Range.File, repository.TenantsDir+"/") {
			return false
		}
		return !slices.ContainsFunc(broken, func(name string) bool { return strings.HasPrefix(x.Range.File, repository.TenantDir(name)+"/") })
	}
	d.out.say("at commit %.12s, this does not compile:", w.commit)
	d.out.diagnostics(slices.DeleteFunc(slices.Clone(w.list), func(x diag.Diagnostic) bool { return x.Severity != diag.Error || elsewhere(x) }), w.tree)
}
