package compiler

import (
	"io/fs"
	"path"
	"slices"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
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
	overlay *load.Overlay
	broken  diag.List // what is wrong with the module files
}

// compilation is one batch of a worker.
type compilation struct {
	repo         fs.FS
	overlay      *load.Overlay
	checkModules func([]policy.Module) diag.List
	settings     policy.Settings
	known        []string // providers that hosts may name
}

// builtin lists the providers that need no entry in ringfence.cue.
var builtin = []string{"apt", "sim"}

// NewWorker makes a worker. Check compiles one tenant's Rego modules; nil accepts all.
func NewWorker(shared []repository.File, check func([]policy.Module) diag.List) *Worker {
	w := &Worker{shared: repository.NewFS(shared), check: check}
	w.overlay, w.broken = load.NewOverlay(w.shared)
	return w
}

// Do answers the tasks of one batch. It calls begin before it starts on a task that may take long, so that somebody
// who watches knows whom to accuse, and reply with the encoded answer. What they share is loaded before the first begin.
func (w *Worker) Do(known []string, tasks []Task, begin func(int), reply func(int, []byte)) {
	c := w.batch(known, tasks)
	var quick map[string]*load.Program
	if len(w.broken) == 0 && len(tasks) > 1 {
		quick = load.Together(c.repo, c.overlay, tenantNames(tasks))
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
	return &compilation{repo: w.shared.Joined(own), overlay: w.overlay, checkModules: w.check, known: known}
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

func (w *Worker) answer(c *compilation, task Task, p *load.Program) *answer {
	if len(w.broken) > 0 {
		return &answer{Diags: w.broken, NoModule: true}
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

// quick compiles a tenant in the context of its batch. Only what CUE finds flawless counts: whatever there is to say of
// it is said by a compilation of the tenant alone, so that no neighbour can colour it.
func (c *compilation) quick(name string, p *load.Program) (out compiled, ok bool) {
	if p == nil {
		return compiled{}, false
	}
	defer func() {
		if recover() != nil {
			out, ok = compiled{}, false
		}
	}()
	dir := repository.TenantDir(name)
	if !p.Build() {
		return compiled{}, false
	}
	t := load.New(c.repo, c.overlay, name)
	r := &reader{home: dir + "/"}
	if len(r.top(p, name, dir)) > 0 || len(t.Unread(p, dir)) > 0 {
		return compiled{}, false
	}
	strict := r.root(p.Value("tenant", name), p, "tenant", name)
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
