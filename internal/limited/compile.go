package limited

import (
	"context"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/repository"
)

var _ compiler.Evaluator = (*Pool)(nil)

// Evaluate compiles in children, which are sent the shared files once.
func (p *Pool) Evaluate(ctx context.Context, in compiler.Order) []compiler.Reply {
	o := &order{replies: make([]compiler.Reply, len(in.Tasks)), shared: in.Shared}
	o.batches = cut(len(in.Tasks), func(i int) []repository.File { return in.Tasks[i].Files }, func(i int) bool {
		return in.Tasks[i].Kind != compiler.TenantTask && in.Tasks[i].Kind != compiler.TraitsTask
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
