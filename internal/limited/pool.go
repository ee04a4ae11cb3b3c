package limited

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/worker"
	"github.com/ringfence/ringfence/internal/sandbox"
)

// Pool has as many children as there are cores and work for them. They start when they are needed, stay for a while in
// case more comes, and end with Close. Its methods may be called concurrently; one order is worked on at a time.
type Pool struct {
	name   string // by which children go
	limits sandbox.Limits
	work   chan func(*hand)
	mu     sync.Mutex
	hands  int
	wg     sync.WaitGroup
	self   child // where there are no others
}

// New makes a pool of children of the program that goes by name. It starts none. Without a name there are no children,
// and no limits: tests of other things work in their own process.
func New(name string) *Pool { return &Pool{name: name, limits: limits, work: make(chan func(*hand))} }

// Ahead starts a child before there is work for it: it takes as long to be there as a tenant takes to compile.
func (p *Pool) Ahead() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.name != "" && p.hands == 0 {
		p.hands++
		p.wg.Go(func() { p.hand(true) })
	}
}

// Close ends all children.
func (p *Pool) Close() {
	close(p.work)
	p.wg.Wait()
}

// Limits describes the limits, for keys of what was answered under them.
func Limits() string {
	return fmt.Sprintf("%d bytes, %v", limits.Memory, limits.CPU)
}

// order is work for children: items by number in batches, and the request that asks for a batch.
type order struct {
	batches []batch
	shared  []repository.File // which a child is sent once, and keeps until it is sent others
	request func(b batch, fresh bool) request
	replies []worker.Reply
}

// do spreads an order over the children. A child that dies costs nobody but the item that it was at: that is tried
// once more alone, with all of the limits to itself, the others of its batch without it.
func (p *Pool) do(ctx context.Context, o *order) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.name == "" {
		p.here(ctx, o)
		return
	}
	q := &queue{batches: o.batches}
	workers := min(runtime.GOMAXPROCS(0), len(q.batches))
	for ; p.hands < workers; p.hands++ {
		p.wg.Go(func() { p.hand(false) })
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Add(1)
		p.work <- func(h *hand) {
			defer wg.Done()
			for b := q.next(); b != nil && ctx.Err() == nil; b = q.next() {
				q.add(h.do(ctx, o, b))
			}
		}
	}
	wg.Wait()
}

// here works on an order without children.
func (p *Pool) here(ctx context.Context, o *order) {
	for i, b := range o.batches {
		if ctx.Err() != nil {
			return
		}
		t := &teller{progress: func(time.Duration) {}, write: func(frame []byte) error {
			if frame[0] == answerFrame {
				o.replies[b[binary.BigEndian.Uint32(frame[1:])]].Data = frame[5:]
			}
			return nil
		}}
		_ = p.self.do(o.request(b, i == 0), t) // it cannot fail: the first request brings what all share
	}
}

// hand is one goroutine's life: it has one child at a time, from the beginning or when there is work. Its thread is its
// own, because the system ends the child with the thread that started it.
func (p *Pool) hand(ahead bool) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	h := &hand{start: func(ctx context.Context) (*sandbox.Child, error) {
		return sandbox.Start(ctx, []string{p.name, Mode}, p.limits)
	}}
	defer h.drop()
	if ahead {
		_ = h.raise(context.Background()) // the first order tries again, and says what is wrong
	}
	for {
		select {
		case do, more := <-p.work:
			if !more {
				return
			}
			do(h)
		case <-h.waiting():
			h.drop()
		}
	}
}

// waiting ticks when a child was idle for long; without a child it never does.
func (h *hand) waiting() <-chan time.Time {
	if h.child == nil {
		return nil
	}
	return time.After(idle)
}
