package sandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// limitsVariable carries the limits to the child.
const limitsVariable = "RINGFENCE_SANDBOX_LIMITS"

func (l Limits) encode() string {
	data, _ := json.Marshal(l) // four numbers never fail
	return string(data)
}

// Progress tells the watcher that a new piece of work begins, for which processor time counts from zero. It may take so
// much, but never more than the limits say.
type Progress func(cpu time.Duration)

// Serve is the life of a child: it takes the limits on and hands each frame of its input to handle until the input
// ends. Handle may write any number of frames. Serve returns when the parent is done with the child.
func Serve(in io.Reader, out io.Writer, handle func(frame []byte, progress Progress, write func([]byte) error) error) error {
	var limits Limits
	if err := json.Unmarshal([]byte(os.Getenv(limitsVariable)), &limits); err != nil || limits.Memory <= 0 || limits.Frame <= 0 {
		return errors.New("this mode is for children of the program alone")
	}
	w, err := newWatcher(limits)
	if err != nil {
		return err
	}
	go w.watch()
	frames := make(chan []byte)
	go w.read(bufio.NewReader(in), frames)
	for frame := range frames {
		w.progress(limits.CPU)
		if err := handle(frame, w.progress, func(data []byte) error { return writeFrame(out, data) }); err != nil {
			return err
		}
		w.rest()
	}
	return nil
}

// read hands on frames until the input ends. A parent that is gone, or speaks nonsense, while work is under way needs
// no answer any more.
func (w *watcher) read(r io.Reader, frames chan<- []byte) {
	defer close(frames)
	for {
		frame, err := readFrame(r, w.limits.Frame)
		if err != nil {
			if w.busy.Load() {
				os.Exit(exitOrphan)
			}
			return
		}
		frames <- frame
	}
}

// watcher ends its own process when a limit is exceeded. It does what the system's limits cannot: say which one it was,
// and count from the beginning of each piece of work.
type watcher struct {
	limits Limits
	busy   atomic.Bool
	ends   atomic.Int64 // processor time at which the work that began must be done
}

const (
	period     = 20 * time.Millisecond
	gcPercent  = 400      // most batches end before the second collection
	softFactor = 2        // the collector works harder from half the limit on
	maxStack   = 64 << 20 // syntax nested a million deep ends here
)

func newWatcher(l Limits) (*watcher, error) {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(int64(l.Memory / softFactor))
	debug.SetMaxStack(maxStack)
	w := &watcher{limits: l}
	w.rest()
	return w, limitMemory(l.Memory)
}

func (w *watcher) progress(cpu time.Duration) {
	end := cpuTime() + min(cpu, w.limits.CPU)
	w.ends.Store(int64(end))
	w.busy.Store(true)
	limitCPU(end)
}

func (w *watcher) rest() { w.busy.Store(false) }

func (w *watcher) watch() {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	for range time.Tick(period) {
		metrics.Read(sample)
		if held := sample[0].Value.Uint64() - sample[1].Value.Uint64(); held > uint64(w.limits.Memory) {
			os.Exit(exitMemory)
		}
		if w.busy.Load() && int64(cpuTime()) > w.ends.Load() {
			os.Exit(exitTime)
		}
	}
}
