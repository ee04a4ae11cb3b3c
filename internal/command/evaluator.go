package command

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/internal/sandbox"
)

// SandboxMode is the argument by which the program, started by itself, becomes a child that compiles. It is no verb: it
// reads frames from its parent and refuses anybody else.
const SandboxMode = "-sandbox-compile"

// compileLimits are those of one tenant in one child. A tenant of 6 rings, 18 windows and 30 rules takes 9 ms and 5 MB.
var compileLimits = sandbox.Limits{Memory: 768 << 20, CPU: 3 * time.Second, Wall: 30 * time.Second, Frame: 192 << 20}

// batchCPU is what a tenant may take among others; who needs more gets it when it is tried again alone.
const batchCPU = time.Second

// batchBytes bounds what tenants that are compiled together may hold, one tenant alone excepted.
const batchBytes = 8 << 20

// request is what a child is sent: shared files once, then tasks.
type request struct {
	Fresh  bool // forget the shared files of before
	Shared []compiler.File
	Known  []string
	Tasks  []compiler.Task
}

// Frames of a child begin with what they are and the number of the task.
const (
	begunFrame  = 'b'
	answerFrame = 'a'
)

// compileChild is the child's side.
func compileChild(in io.Reader, out io.Writer) error {
	var worker *compiler.Worker
	return sandbox.Serve(in, out, func(frame []byte, progress sandbox.Progress, write func([]byte) error) error {
		var o request
		if err := gob.NewDecoder(bytes.NewReader(frame)).Decode(&o); err != nil {
			return err
		}
		if o.Fresh {
			worker = compiler.NewWorker(o.Shared, decide.CheckModules)
		}
		if worker == nil {
			return errors.New("tasks came before the files they share")
		}
		cpu := compileLimits.CPU
		if len(o.Tasks) > 1 {
			cpu = batchCPU
		}
		var failed error
		say := func(kind byte, i int, data []byte) {
			frame := binary.BigEndian.AppendUint32([]byte{kind}, uint32(i))
			if err := write(append(frame, data...)); err != nil && failed == nil {
				failed = err
			}
		}
		worker.Do(o.Known, o.Tasks, func(i int) {
			progress(cpu)
			say(begunFrame, i, nil)
		}, func(i int, data []byte) { say(answerFrame, i, data) })
		return failed
	})
}

// evaluator compiles in child processes. Tenants go in batches; when a child dies, the tenant that it was at is tried
// again alone, the others of its batch without it. Children stay for the next order until close.
type evaluator struct {
	name  string // by which children go
	work  chan func(*hand)
	hands int
	wg    sync.WaitGroup
}

var _ compiler.Evaluator = (*evaluator)(nil)

func newEvaluator(name string) *evaluator {
	return &evaluator{name: name, work: make(chan func(*hand))}
}

// close ends all children.
func (e *evaluator) close() {
	close(e.work)
	e.wg.Wait()
}

// Evaluate spreads the tasks over as many children as there are cores. It is for one goroutine at a time.
func (e *evaluator) Evaluate(ctx context.Context, o compiler.Order) []compiler.Reply {
	q := newQueue(o.Tasks)
	replies := make([]compiler.Reply, len(o.Tasks))
	var wg sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), len(q.batches))
	for ; e.hands < workers; e.hands++ {
		e.wg.Go(e.hand)
	}
	for range workers {
		wg.Add(1)
		e.work <- func(h *hand) {
			defer wg.Done()
			for b := q.next(); b != nil && ctx.Err() == nil; b = q.next() {
				q.add(h.do(ctx, o, b, replies))
			}
		}
	}
	wg.Wait()
	return replies
}

// hand is one goroutine's life: it has one child at a time. Its thread is its own, because the system ends the child
// with the thread that started it.
func (e *evaluator) hand() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	h := &hand{name: e.name}
	defer h.drop()
	for do := range e.work {
		do(h)
	}
}
