package limited

import (
	"context"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/worker"
)

var _ compiler.Evaluator = (*Pool)(nil)

// Evaluate compiles in children, which are sent the shared files once.
func (p *Pool) Evaluate(ctx context.Context, in worker.Order) []worker.Reply {
	o := &order{replies: make([]worker.Reply, len(in.Tasks)), shared: in.Shared}
	o.batches = cut(len(in.Tasks), func(i int) []repository.File { return in.Tasks[i].Files }, func(i int) bool {
		return in.Tasks[i].Kind != worker.TenantTask && in.Tasks[i].Kind != worker.TraitsTask
	})
	o.request = func(b batch, fresh bool) request {
		r := &compileRequest{Known: in.Known, Fresh: fresh || len(in.Shared) == 0}
		if fresh {
			r.Shared = in.Shared
		}
		for _, item := range b {
			r.Tasks = append(r.Tasks, in.Tasks[item])
		}
		return request{Compile: r}
	}
	p.do(ctx, o)
	return o.replies
}
