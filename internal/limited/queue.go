package limited

import (
	"sync"

	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/worker"
)

// batch is a list of items by number; one that is alone has no neighbours to blame.
type batch []int

// cut makes batches of n items: small enough for a child's memory, and enough of them to keep every core busy. An item
// that is to go alone begins a batch.
func cut(n int, files func(int) []repository.File, alone func(int) bool) (out []batch) {
	var now batch
	held := 0
	for i := range n {
		size := 0
		for _, f := range files(i) {
			size += len(f.Data)
		}
		if len(now) == worker.BatchSize || len(now) > 0 && (held+size > batchBytes || alone(i)) {
			out, now, held = append(out, now), nil, 0
		}
		now, held = append(now, i), held+size
	}
	if len(now) > 0 {
		out = append(out, now)
	}
	return out
}

// queue holds the batches that nobody has taken yet.
type queue struct {
	mu      sync.Mutex
	batches []batch
}

func (q *queue) next() batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.batches) == 0 {
		return nil
	}
	b := q.batches[0]
	q.batches = q.batches[1:]
	return b
}

func (q *queue) add(list []batch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.batches = append(q.batches, list...)
}
