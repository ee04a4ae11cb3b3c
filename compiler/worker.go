package compiler

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"testing/fstest"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/repository"
)

// BatchSize is how many tenants share one CUE context at most. A context never forgets: with 50 tenants it holds half
// a gigabyte at its worst.
const BatchSize = 32

// Worker answers tasks over one set of shared files. It is what runs in a child process.
type Worker struct {
	shared  *repository.FS
	check   func([]policy.Module) diag.List
	overlay fstest.MapFS
	broken  error // of the module files
	once    sync.Once
	loose   fstest.MapFS
}

// compilation is one batch of a worker.
type compilation struct {
	repo         fs.FS
	overlay      fstest.MapFS
	permissive   func() fstest.MapFS // the overlay with the permissive schema, made when the first tenant needs it
	checkModules func([]policy.Module) diag.List
	settings     policy.Settings
	known        []string // providers that hosts may name
}

// builtin lists the providers that need no entry in ringfence.cue.
var builtin = []string{"apt", "sim"}

// NewWorker makes a worker. Check compiles one tenant's Rego modules; nil accepts all.
func NewWorker(shared []repository.File, check func([]policy.Module) diag.List) *Worker {
	w := &Worker{shared: repository.NewFS(shared), check: check}
	w.overlay, w.broken = newOverlay(w.shared)
	return w
}

// Do answers the tasks of one batch. It calls begin before it starts on a task that may take long, so that somebody
// who watches knows whom to accuse, and reply with the encoded answer. What they share is loaded before the first begin.
func (w *Worker) Do(known []string, tasks []Task, begin func(int), reply func(int, []byte)) {
	c := w.batch(known, tasks)
	var quick map[string]*program
	if w.broken == nil && len(tasks) > 1 {
		quick = c.loadAll(tenantNames(tasks))
	}
	for i, task := range tasks {
		begin(i)
		reply(i, w.answer(c, task, quick[task.Name]).encode())
	}
}

func (w *Worker) batch(known []string, tasks []Task) *compilation {
	var own []repository.File
	for _, t := range tasks {
		own = append(own, t.Files...)
	}
	return &compilation{
		repo: w.shared.Joined(own), overlay: w.overlay, checkModules: w.check, known: known,
		permissive: func() fstest.MapFS {
			w.once.Do(func() { w.loose = permissive(w.overlay) })
			return w.loose
		},
	}
}

func tenantNames(tasks []Task) []string {
	var out []string
	for _, t := range tasks {
		if t.Kind == TenantTask {
			out = append(out, t.Name)
		}
	}
	slices.Sort(out)
	return out
}

func (w *Worker) answer(c *compilation, task Task, p *program) *answer {
	if w.broken != nil {
		return &answer{Diags: diag.List{moduleError(w.broken)}, NoModule: true}
	}
	switch task.Kind {
	case SettingsTask:
		c.known = builtin
		list := c.readSettings()
		return &answer{Diags: list, Settings: &c.settings, Known: c.known}
	case ScenariosTask:
		list, diags := c.readScenarios()
		return &answer{Scenarios: list, Diags: diags}
	case TraitsTask:
		traits, diags := c.traits(task.Name)
		return &answer{Traits: traits, Diags: diags}
	}
	out, ok := c.quick(task.Name, p)
	if !ok {
		out = c.tenant(task.Name)
	}
	return &answer{Policy: out.policy, Places: pack(out.places), Diags: out.diags}
}

// loadAll loads several tenants with one loader into one context, so that what they share is read and built once. Who
// has anything odd about it is left out, and is compiled alone.
func (c *compilation) loadAll(names []string) (out map[string]*program) {
	defer func() {
		if recover() != nil {
			out = nil // each alone will show whose fault it is
		}
	}()
	overlay := maps.Clone(c.overlay)
	var args, plain []string
	for _, name := range names {
		t := &tree{repo: c.repo, tenant: name, overlay: c.overlay}
		dir := repository.TenantDir(name)
		if !repository.IsTenantName(name) || len(t.inspect(dir)) > 0 {
			continue
		}
		if guard := t.guard(dir); guard != nil {
			overlay[path.Join(dir, guardFile)] = guard
			args, plain = append(args, "./"+dir), append(plain, name)
		}
	}
	if len(plain) < 2 {
		return nil
	}
	t := &tree{repo: c.repo, batch: plain, overlay: overlay}
	insts := load.Instances(args, &load.Config{FS: t, Registry: noRegistry{}})
	if len(t.refused) > 0 || len(insts) != len(plain) {
		return nil
	}
	ctx := cuecontext.New()
	out = map[string]*program{}
	for i, inst := range insts {
		if inst.Err == nil && !seesTenants(inst, map[*build.Instance]bool{}) {
			out[plain[i]] = &program{ctx: ctx, inst: inst}
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

// quick compiles a tenant in the context of its batch. Only what CUE finds flawless counts: whatever there is to say of
// it is said by a compilation of the tenant alone, so that no neighbour can colour it.
func (c *compilation) quick(name string, p *program) (out compiled, ok bool) {
	if p == nil {
		return compiled{}, false
	}
	defer func() {
		if recover() != nil {
			out, ok = compiled{}, false
		}
	}()
	dir := repository.TenantDir(name)
	p.root = p.ctx.BuildInstance(p.inst)
	if p.root.Err() != nil {
		return compiled{}, false
	}
	p.schema = p.ctx.BuildInstance(schemaOf(p.inst))
	t := &tree{repo: c.repo, tenant: name, overlay: c.overlay}
	r := &reader{home: dir + "/"}
	if len(r.top(p, name, dir)) > 0 || len(t.unread(p, dir)) > 0 {
		return compiled{}, false
	}
	strict := r.root(p.root.LookupPath(cue.MakePath(cue.Str("tenant"), cue.Str(name))), p, "tenant", name)
	if strict.v.Validate(cue.Concrete(true)) != nil {
		return compiled{}, false
	}
	r.use(p)
	out = c.read(t, strict, name, dir)
	return out, !blames(out.diags)
}

// blames reports whether something is wrong that CUE has to explain; hosts files and modules speak for themselves.
func blames(list diag.List) bool {
	return slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.Range == nil || path.Ext(d.Range.File) == ".cue" })
}
