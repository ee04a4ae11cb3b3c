package load

import (
	"io/fs"
	"maps"
	"path"
	"strings"

	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"

	"github.com/ringfence/ringfence/compiler/repository"
)

// Together loads several tenants, whose names are sorted, with one loader into one context, so that what they share is read
// and built once. Who has anything odd about it is left out, and is to be loaded alone. None of the programs is built yet.
func Together(repo fs.FS, overlay *Overlay, names []string) (out map[string]*Program) {
	defer func() {
		if recover() != nil {
			out = nil // each alone will show whose fault it is
		}
	}()
	files := maps.Clone(overlay.strict)
	var args, plain []string
	for _, name := range names {
		t := New(repo, overlay, name)
		dir := repository.TenantDir(name)
		if !repository.IsTenantName(name) || len(t.inspect(dir)) > 0 {
			continue
		}
		if guard := t.guard(dir); guard != nil {
			files[path.Join(dir, guardFile)] = guard
			args, plain = append(args, "./"+dir), append(plain, name)
		}
	}
	if len(plain) < 2 {
		return nil
	}
	t := &Tree{repo: repo, batch: plain, overlay: overlay, files: files}
	insts := load.Instances(args, &load.Config{FS: t, Registry: noRegistry{}})
	if len(t.refused) > 0 || len(insts) != len(plain) {
		return nil
	}
	ctx := cuecontext.New()
	out = map[string]*Program{}
	for i, inst := range insts {
		if inst.Err == nil && !seesTenants(inst, map[*build.Instance]bool{}) {
			out[plain[i]] = &Program{ctx: ctx, Inst: inst}
		}
	}
	return out
}

// seesTenants reports whether a package imports from some tenant's directory: alone, it would find nothing there.
func seesTenants(inst *build.Instance, seen map[*build.Instance]bool) bool {
	for _, imp := range inst.Imports {
		if seen[imp] {
			continue
		}
		seen[imp] = true
		if strings.HasPrefix(strings.TrimPrefix(imp.Dir, "/"), repository.TenantsDir+"/") || seesTenants(imp, seen) {
			return true
		}
	}
	return false
}
