// Package worker is what compiles in a child process, and what crosses to it and back: an Order of Tasks with the files
// that they may read goes in, a Reply with an encoded Answer comes out of each, or the Failure that kept it from being
// answered. All of that is plain data; who starts processes and sends it is the caller's, and so is what is kept of it.
package worker

import (
	"io/fs"
	"slices"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/read"
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

// New makes a worker. Check compiles one tenant's Rego modules; nil accepts all.
func New(shared []repository.File, check func([]policy.Module) diag.List) *Worker {
	w := &Worker{shared: repository.NewFS(shared), check: check}
	w.overlay, w.broken = load.NewOverlay(w.shared)
	return w
}

// Do answers the tasks of one batch. It calls begin before it starts on a task that may take long, so that somebody
// who watches knows whom to accuse, and again before each part of one for which time may count anew, and reply with the
// encoded answer. What they share is loaded before the first begin.
func (w *Worker) Do(known []string, tasks []Task, begin func(int), reply func(int, []byte)) {
	var own []repository.File
	for _, t := range tasks {
		own = append(own, t.Files...)
	}
	repo := w.shared.Joined(own)
	var together map[string]*load.Program
	if len(w.broken) == 0 && len(tasks) > 1 {
		together = load.Together(repo, w.overlay, tenantNames(tasks))
	}
	for i, task := range tasks {
		begin(i)
		reply(i, w.answer(repo, known, task, together[task.Name], func() { begin(i) }).Encode())
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

func (w *Worker) answer(repo fs.FS, known []string, task Task, p *load.Program, again func()) *Answer {
	if len(w.broken) > 0 {
		return &Answer{Diags: w.broken, NoModule: true}
	}
	switch task.Kind {
	case SettingsTask:
		settings, known, diags := read.Settings(load.New(repo, w.overlay, ""))
		return &Answer{Settings: &settings, Known: known, Diags: diags}
	case ScenariosTask:
		list, diags := read.Scenarios(load.New(repo, w.overlay, ""), again)
		return &Answer{Scenarios: list, Diags: diags}
	case TraitsTask:
		traits, diags := read.TraitsOf(load.New(repo, w.overlay, task.Name))
		return &Answer{Traits: traits, Diags: diags}
	}
	out := w.tenant(repo, task.Name, p, read.Checks{Providers: known, Modules: w.check})
	return &Answer{Policy: out.Policy, Places: pack(out.Places), Diags: out.Diags}
}

// tenant compiles one tenant out of what was loaded together, if that is flawless, or else alone.
func (w *Worker) tenant(repo fs.FS, name string, together *load.Program, checks read.Checks) read.Compiled {
	if together != nil {
		if out, ok := read.Flawless(load.New(repo, w.overlay, name), together, checks); ok {
			return out
		}
	}
	return read.Tenant(load.New(repo, w.overlay, name), checks)
}
