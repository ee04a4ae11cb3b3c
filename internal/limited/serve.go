package limited

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"io"
	"time"

	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/compiler/worker"
	"github.com/ringfence/ringfence/internal/sandbox"
)

// Serve is a child's life: it answers its parent until that is done with it.
func Serve(in io.Reader, out io.Writer) error {
	var c child
	return sandbox.Serve(in, out, func(frame []byte, progress sandbox.Progress, write func([]byte) error) error {
		var r request
		if err := gob.NewDecoder(bytes.NewReader(frame)).Decode(&r); err != nil {
			return err
		}
		t := &teller{progress: progress, write: write, cpu: limits.CPU}
		return errors.Join(c.do(r, t), t.failed)
	})
}

// child is what a child keeps from one request to the next.
type child struct {
	worker *worker.Worker
	rules  decide.Replayer
}

// teller sends frames and tells the watcher of progress.
type teller struct {
	progress sandbox.Progress
	write    func([]byte) error
	cpu      time.Duration // of one item
	failed   error
}

func (t *teller) begin(i int) {
	t.progress(t.cpu)
	t.say(begunFrame, i, nil)
}

func (t *teller) answer(i int, data []byte) { t.say(answerFrame, i, data) }

func (t *teller) say(kind byte, i int, data []byte) {
	frame := binary.BigEndian.AppendUint32([]byte{kind}, uint32(i))
	if err := t.write(append(frame, data...)); err != nil && t.failed == nil {
		t.failed = err
	}
}

func (c *child) do(r request, t *teller) error {
	switch {
	case r.Compile != nil:
		return c.compile(*r.Compile, t)
	case r.Ask != nil:
		t.begin(0)
		answers, err := c.rules.Ask(context.Background(), r.Ask.Input, r.Ask.Modules, func() { t.begin(0) })
		t.answer(0, decide.Pack(answers, err))
	case r.Test != nil:
		for i, modules := range r.Test {
			t.begin(i)
			t.answer(i, decide.PackTests(decide.Test(context.Background(), modules)))
		}
	default:
		for i, file := range r.Layout {
			t.begin(i)
			t.answer(i, packLayout(layOut(file)))
		}
	}
	return nil
}

func (c *child) compile(r compileRequest, t *teller) error {
	if r.Fresh {
		c.worker = worker.New(r.Shared, decide.CheckModules)
	}
	if c.worker == nil {
		return errors.New("tasks came before the files they share")
	}
	if len(r.Tasks) > 1 {
		t.cpu = batchCPU
	}
	c.worker.Do(r.Known, r.Tasks, t.begin, t.answer)
	return nil
}
