package read

import (
	"path"
	"slices"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/repository"
)

// Flawless reads the tenant that a tree shows out of a program that was loaded together with others. Only what CUE finds
// flawless counts: ok is false for anything else, and whatever there is to say of it is for Tenant to say, which loads the
// tenant alone, so that no neighbour can colour it.
func Flawless(t *load.Tree, p *load.Program, checks Checks) (out Compiled, ok bool) {
	defer func() {
		if recover() != nil {
			out, ok = Compiled{}, false
		}
	}()
	name := t.Tenant()
	dir := repository.TenantDir(name)
	if !p.Build() {
		return Compiled{}, false
	}
	r := &reader{home: dir + "/"}
	if len(r.top(p, name, dir)) > 0 || len(t.Unread(p, dir)) > 0 {
		return Compiled{}, false
	}
	strict := r.root(p.Value("tenant", name), p, "tenant", name)
	if strict.v.Validate(cue.Concrete(true)) != nil {
		return Compiled{}, false
	}
	r.use(p)
	out = join(t, strict, checks)
	return out, !blames(out.Diags)
}

// blames reports whether something is wrong that CUE has to explain; hosts files and modules speak for themselves.
func blames(list diag.List) bool {
	return slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.Range == nil || path.Ext(d.Range.File) == ".cue" })
}
