package compiler

import (
	"context"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/worker"
)

// Evaluator runs CUE over the files of an order. It returns one reply for each task, in the order of the tasks; a
// cancelled context leaves the rest empty. However it groups tasks, a task that fails must have failed alone.
type Evaluator interface {
	Evaluate(context.Context, worker.Order) []worker.Reply
}

// inProcess evaluates without limits, in this process.
type inProcess struct {
	check func([]policy.Module) diag.List
}

var _ Evaluator = inProcess{}

// Evaluate answers batch by batch.
func (e inProcess) Evaluate(ctx context.Context, o worker.Order) []worker.Reply {
	out := make([]worker.Reply, len(o.Tasks))
	w := worker.New(o.Shared, e.check)
	for from := 0; from < len(o.Tasks) && ctx.Err() == nil; from += worker.BatchSize {
		to := min(from+worker.BatchSize, len(o.Tasks))
		w.Do(o.Known, o.Tasks[from:to], func(int) {}, func(i int, data []byte) { out[from+i].Data = data })
	}
	return out
}
