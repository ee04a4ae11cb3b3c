package compiler

import (
	"context"
	"io/fs"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/read"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/worker"
)

// TraitsOf says what tenants take from definitions, in the order of names. A tenant that does not compile has
// diagnostics instead; ask for those that do.
func TraitsOf(ctx context.Context, repo fs.FS, options Options, names []string) ([]read.Traits, diag.List) {
	s, err := newSession(repo, options)
	if err != nil {
		return nil, diag.List{repository.TooMuch(".", err)}
	}
	var jobs, missing []*job
	for _, name := range names {
		jobs = append(jobs, &job{task: worker.Task{Kind: worker.TraitsTask, Name: name}})
	}
	s.prepare(ctx, jobs)
	for _, j := range jobs {
		if j.answer == nil {
			missing = append(missing, j)
		}
	}
	s.evaluate(ctx, missing)
	var out []read.Traits
	var diags diag.List
	for _, j := range jobs {
		diags = append(diags, j.answer.Diags...)
		if j.answer.Traits != nil {
			out = append(out, *j.answer.Traits)
		}
	}
	return out, diags.Tidy()
}
