package limited

import (
	"context"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/worker"
)

// Ask asks a tenant's rules, all classes of its updates in one call, and returns what decide.Unpack reads, or which limit
// was exceeded. Limits of time hold for some classes at a time, memory for all.
func (p *Pool) Ask(ctx context.Context, input []byte, modules []policy.Module) worker.Reply {
	return p.one(ctx, request{Ask: &question{input, modules}})
}

// Test runs the tests among modules and returns what decide.UnpackTests reads, or which limit was exceeded.
func (p *Pool) Test(ctx context.Context, modules []policy.Module) worker.Reply {
	return p.one(ctx, request{Test: [][]policy.Module{modules}})
}

// one has a single item worked on.
func (p *Pool) one(ctx context.Context, r request) worker.Reply {
	o := &order{
		batches: []batch{{0}}, replies: make([]worker.Reply, 1),
		request: func(batch, bool) request { return r },
	}
	p.do(ctx, o)
	return o.replies[0]
}
