package command

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"sync"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/internal/sandbox"
)

// batch is a list of tasks by number; one that is alone has no neighbours to blame.
type batch []int

// queue holds the batches that nobody has taken yet.
type queue struct {
	mu      sync.Mutex
	batches []batch
}

// newQueue cuts tasks into batches: small enough for a child's memory, and enough of them to keep every core busy.
func newQueue(tasks []compiler.Task) *queue {
	q := &queue{}
	var now batch
	held := 0
	flush := func() {
		if len(now) > 0 {
			q.batches, now, held = append(q.batches, now), nil, 0
		}
	}
	for i, t := range tasks {
		size := 0
		for _, f := range t.Files {
			size += len(f.Data)
		}
		if len(now) == compiler.BatchSize || held+size > batchBytes || t.Kind != compiler.TenantTask && t.Kind != compiler.TraitsTask {
			flush()
		}
		now, held = append(now, i), held+size
	}
	flush()
	return q
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

// hand has one child at a time.
type hand struct {
	name  string
	child *sandbox.Child
	knows *compiler.File // the first of the shared files that the child has
}

func (h *hand) drop() {
	if h.child != nil {
		h.child.Close()
		h.child, h.knows = nil, nil
	}
}

// do has a batch compiled and returns what is to be tried again.
func (h *hand) do(ctx context.Context, o compiler.Order, b batch, replies []compiler.Reply) []batch {
	if h.child == nil {
		child, err := sandbox.Start(ctx, []string{h.name, SandboxMode}, compileLimits)
		if err != nil {
			for _, task := range b {
				replies[task].Failure = compiler.Crashed
			}
			return nil
		}
		h.child = child
	}
	accused, err := h.talk(o, b, replies)
	if err == nil || ctx.Err() != nil {
		return nil
	}
	h.drop()
	return retry(b, accused, err, replies)
}

// retry sorts what a dead child left undone: whom it was at is tried alone, and if it was alone already it has failed.
// A child that died before it began anybody accuses all.
func retry(b batch, accused int, err error, replies []compiler.Reply) []batch {
	if len(b) == 1 {
		replies[b[0]].Failure = failureOf(err)
		return nil
	}
	var out []batch
	var rest batch
	for i, task := range b {
		switch {
		case replies[task].Data != nil:
		case accused < 0, i == accused:
			out = append(out, batch{task})
		default:
			rest = append(rest, task)
		}
	}
	if len(rest) > 0 {
		out = append(out, rest)
	}
	return out
}

// talk sends a batch and takes the answers. Accused is the place in the batch of the task that was begun last.
func (h *hand) talk(o compiler.Order, b batch, replies []compiler.Reply) (accused int, err error) {
	if err := h.send(o, b); err != nil {
		return -1, err
	}
	accused = -1
	for left := len(b); left > 0; {
		frame, err := h.child.Receive()
		if err != nil {
			return accused, err
		}
		if len(frame) < 5 || int(binary.BigEndian.Uint32(frame[1:])) >= len(b) {
			return accused, sandbox.ErrCrashed
		}
		i := int(binary.BigEndian.Uint32(frame[1:]))
		switch frame[0] {
		case begunFrame:
			accused = i
		case answerFrame:
			replies[b[i]].Data = frame[5:]
			left--
		default:
			return accused, sandbox.ErrCrashed
		}
	}
	return accused, nil
}

func (h *hand) send(o compiler.Order, b batch) error {
	out := request{Known: o.Known}
	var first *compiler.File
	if len(o.Shared) > 0 {
		first = &o.Shared[0]
	}
	if h.knows == nil || h.knows != first {
		out.Fresh, out.Shared, h.knows = true, o.Shared, first
	}
	for _, task := range b {
		out.Tasks = append(out.Tasks, o.Tasks[task])
	}
	var frame bytes.Buffer
	if err := gob.NewEncoder(&frame).Encode(out); err != nil {
		return err
	}
	return h.child.Send(frame.Bytes())
}

func failureOf(err error) compiler.Failure {
	switch {
	case errors.Is(err, sandbox.ErrMemory):
		return compiler.OutOfMemory
	case errors.Is(err, sandbox.ErrTime):
		return compiler.OutOfTime
	}
	return compiler.Crashed
}
