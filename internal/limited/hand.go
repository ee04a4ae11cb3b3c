package limited

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/gob"
	"errors"

	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/worker"
	"github.com/ringfence/ringfence/internal/sandbox"
)

// hand has one child at a time.
type hand struct {
	start func(context.Context) (*sandbox.Child, error)
	child *sandbox.Child
	knows *repository.File // the first of the shared files that the child has
}

func (h *hand) drop() {
	if h.child != nil {
		h.child.Close()
		h.child, h.knows = nil, nil
	}
}

// raise starts a child if there is none.
func (h *hand) raise(ctx context.Context) (err error) {
	if h.child == nil {
		h.child, err = h.start(ctx)
	}
	return err
}

// do has a batch worked on and returns what is to be tried again. A cancelled context ends the child.
func (h *hand) do(ctx context.Context, o *order, b batch) []batch {
	if err := h.raise(context.WithoutCancel(ctx)); err != nil {
		for _, item := range b {
			o.replies[item].Failure = worker.Crashed
		}
		return nil
	}
	stop := context.AfterFunc(ctx, h.child.Kill)
	accused, err := h.talk(o, b)
	if !stop() || err != nil {
		h.drop()
	}
	if err == nil || ctx.Err() != nil {
		return nil
	}
	return retry(b, accused, err, o.replies)
}

// retry sorts what a dead child left undone: what it was at is tried alone, and if it was alone already it has failed.
// A child that died before it began anything accuses all.
func retry(b batch, accused int, err error, replies []worker.Reply) []batch {
	if len(b) == 1 {
		replies[b[0]].Failure = failureOf(err)
		return nil
	}
	var out []batch
	var rest batch
	for i, item := range b {
		switch {
		case replies[item].Data != nil:
		case accused < 0, i == accused:
			out = append(out, batch{item})
		default:
			rest = append(rest, item)
		}
	}
	if len(rest) > 0 {
		out = append(out, rest)
	}
	return out
}

// talk sends a batch and takes the answers. Accused is the place in the batch of the item that was begun last.
func (h *hand) talk(o *order, b batch) (accused int, err error) {
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
			o.replies[b[i]].Data = frame[5:]
			left--
		default:
			return accused, sandbox.ErrCrashed
		}
	}
	return accused, nil
}

func (h *hand) send(o *order, b batch) error {
	fresh := len(o.shared) > 0 && h.knows != &o.shared[0]
	if fresh {
		h.knows = &o.shared[0]
	}
	r := o.request(b, fresh)
	var frame bytes.Buffer
	if err := gob.NewEncoder(&frame).Encode(r); err != nil {
		return err
	}
	return h.child.Send(frame.Bytes())
}

func failureOf(err error) worker.Failure {
	switch {
	case errors.Is(err, sandbox.ErrMemory):
		return worker.OutOfMemory
	case errors.Is(err, sandbox.ErrTime):
		return worker.OutOfTime
	case errors.Is(err, sandbox.ErrLate):
		return worker.Late
	}
	return worker.Crashed
}
