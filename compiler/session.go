package compiler

import (
	"context"
	"io/fs"
	"runtime"
	"slices"
	"sync"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/worker"
)

// session is one compilation of a repository: what is shared was read once.
type session struct {
	repo      fs.FS
	evaluator Evaluator
	cache     Cache
	shared    []repository.File
	byPath    map[string]*repository.File
	base      keyBase
	known     []string
}

func newSession(repo fs.FS, options Options) (*session, error) {
	shared, err := repository.Shared(repo)
	if err != nil {
		return nil, err
	}
	s := &session{repo: repo, evaluator: options.Evaluator, cache: options.Cache, shared: shared, byPath: map[string]*repository.File{}}
	if s.evaluator == nil {
		s.evaluator = inProcess{options.CheckModules}
	}
	for i := range shared {
		s.byPath[shared[i].Path] = &shared[i]
	}
	s.base = newKeyBase(options.Tool, shared)
	return s, nil
}

// one answers a task that stands alone: the settings, the scenarios.
func (s *session) one(ctx context.Context, task worker.Task) *worker.Answer {
	j := &job{task: task, key: s.base.of(task, "", nil)}
	if !s.recall(j) {
		s.evaluate(ctx, []*job{j})
	}
	return j.answer
}

// job is one task on its way to an answer.
type job struct {
	task   worker.Task
	key    string // "" if the answer must not be kept
	answer *worker.Answer
}

// compile answers for tenants, in the order of names. If only some are wanted, then also for those whose rings they
// require, since a requirement that leads nowhere or in a circle is an error.
func (s *session) compile(ctx context.Context, names, only []string) []*worker.Answer {
	wanted := only
	if len(only) == 0 {
		wanted = names
	}
	done := map[string]*worker.Answer{}
	for len(wanted) > 0 && ctx.Err() == nil {
		jobs := s.jobs(ctx, wanted, names, done)
		wanted = nil
		for _, j := range jobs {
			done[j.task.Name] = j.answer
			if len(only) > 0 {
				wanted = append(wanted, required(j.answer, names)...)
			}
		}
	}
	var out []*worker.Answer
	for _, name := range names {
		if a := done[name]; a != nil {
			out = append(out, a)
		}
	}
	return out
}

// required names the other tenants whose rings a tenant requires; all, if it goes by the pool, since only they say
// whether they share in it.
func required(a *worker.Answer, names []string) []string {
	switch {
	case a == nil || a.Policy == nil:
		return nil
	case a.Policy.Pooled():
		return names
	}
	return a.Policy.Abroad()
}

// jobs answers for the wanted tenants that exist and were not asked for yet.
func (s *session) jobs(ctx context.Context, wanted, names []string, done map[string]*worker.Answer) []*job {
	var jobs []*job
	taken := map[string]bool{}
	for _, name := range wanted {
		if _, exists := slices.BinarySearch(names, name); exists && done[name] == nil && !taken[name] {
			taken[name] = true
			jobs = append(jobs, &job{task: worker.Task{Kind: worker.TenantTask, Name: name}})
		}
	}
	s.prepare(ctx, jobs)
	var missing []*job
	for _, j := range jobs {
		if j.answer == nil {
			missing = append(missing, j)
		}
	}
	s.evaluate(ctx, missing)
	return jobs
}

// prepare reads each tenant's files and asks the cache, on as many cores as there are.
func (s *session) prepare(ctx context.Context, jobs []*job) {
	var wg sync.WaitGroup
	next := make(chan *job)
	for range min(runtime.GOMAXPROCS(0), len(jobs)) {
		wg.Go(func() {
			for j := range next {
				s.look(j)
			}
		})
	}
	for _, j := range jobs {
		if ctx.Err() == nil {
			next <- j
		}
	}
	close(next)
	wg.Wait()
}

// look finds a tenant's answer in the cache, or reads its files for the evaluator. A repository that knows the digest
// of a directory saves reading it.
func (s *session) look(j *job) {
	dir := repository.TenantDir(j.task.Name)
	if r, ok := s.repo.(Digester); ok && s.cache != nil {
		if digest, ok := r.DirDigest(dir); ok {
			j.key = s.base.of(j.task, "tree "+digest, s.known)
			if s.recall(j) {
				return
			}
		}
	}
	list, err := repository.OfTenant(s.repo, j.task.Name)
	if err != nil {
		j.key, j.answer = "", &worker.Answer{Diags: diag.List{repository.TooMuch(dir, err)}}
		return
	}
	j.task.Files = list
	if s.cache == nil || faulty(list) {
		j.key = "" // what could not be read may be readable next time
		return
	}
	if j.key == "" {
		j.key = s.base.of(j.task, "files "+digestOf(list), s.known)
		s.recall(j)
	}
}

func faulty(list []repository.File) bool {
	return slices.ContainsFunc(list, func(f repository.File) bool { return f.Fault != "" })
}

// recall takes the answer from the cache. One that cannot be read counts as none.
func (s *session) recall(j *job) bool {
	if s.cache == nil || s.base.faulty || j.key == "" {
		return false
	}
	data, ok := s.cache.Get(j.key)
	if !ok {
		return false
	}
	a, err := worker.Decode(data, s.byPath)
	if err != nil {
		return false
	}
	j.answer = a
	return true
}

// evaluate asks the evaluator and keeps what it says. That a limit was exceeded is kept too, if it was one that would be
// exceeded again: else a bomb in one tenant would cost everybody's every command seconds.
func (s *session) evaluate(ctx context.Context, jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	o := worker.Order{Shared: s.shared, Known: s.known}
	for _, j := range jobs {
		o.Tasks = append(o.Tasks, j.task)
	}
	for i, r := range s.evaluator.Evaluate(ctx, o) {
		j := jobs[i]
		a, err := worker.Decode(r.Data, s.byPath)
		switch {
		case r.Failure == "" && r.Data == nil:
			j.answer = &worker.Answer{} // interrupted
		case r.Failure != "":
			j.answer = &worker.Answer{Diags: diag.List{j.task.Failed(r.Failure)}}
			if r.Failure.Lasting() {
				s.keep(j, j.answer.Encode())
			}
		case err != nil:
			j.answer = &worker.Answer{Diags: diag.List{j.task.Failed(worker.Crashed)}}
		default:
			j.answer = a
			s.keep(j, r.Data)
		}
	}
}

func (s *session) keep(j *job, data []byte) {
	if s.cache != nil && !s.base.faulty && j.key != "" {
		s.cache.Put(j.key, data)
	}
}
