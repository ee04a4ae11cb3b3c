package simulator

import (
	"container/heap"
	"iter"
	"time"
)

// beginning is the instant at which every simulated world begins, a Monday.
var beginning = time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)

// second is an instant of a world, counted from its beginning.
type second int64

func (s second) time() time.Time { return beginning.Add(time.Duration(s) * time.Second) }

func (s second) String() string { return s.time().Format("Mon 15:04:05") }

// event is something that happens at an instant. Events of one instant happen in the order in which they were made.
type event struct {
	at    second
	order int
	do    func()
}

type events []event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].order < q[j].order
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(event)) }
func (q *events) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// at makes something happen later.
func (w *world) at(when second, do func()) {
	w.made++
	heap.Push(&w.queue, event{max(when, w.now), w.made, do})
}

func (w *world) after(d second, do func()) { w.at(w.now+d, do) }

// task is sequential code of a process that gives way wherever the real code waits: exactly one task of a world runs
// at a time, and the world decides which is next. A task whose process is killed never comes back from where it waits.
type task struct {
	p     *process
	next  func() (second, bool)
	stop  func()
	yield func(second) bool
	wakes int  // a wake that was overtaken by another is void
	ready bool // waits for a signal as well
	sends bool // something that cannot be taken back is on its way
	over  bool
}

// killed unwinds a task.
type killed struct{}

func (w *world) spawn(p *process, body func(*task)) *task {
	t := &task{p: p}
	t.next, t.stop = iter.Pull(func(yield func(second) bool) {
		defer func() {
			if r := recover(); r != nil && r != (killed{}) {
				panic(r)
			}
		}()
		t.yield = yield
		body(t)
	})
	p.tasks = append(p.tasks, t)
	w.wake(t, 0)
	return t
}

// sleep gives way for a time.
func (t *task) sleep(d second) {
	if !t.yield(d) {
		panic(killed{})
	}
}

// wait gives way until a signal comes, at most for a time.
func (t *task) wait(d second) {
	t.ready = true
	t.sleep(d)
}

func (w *world) signal(t *task) {
	if t != nil && t.ready && !t.over {
		t.ready = false
		w.wake(t, 0)
	}
}

func (w *world) wake(t *task, d second) {
	t.wakes++
	n := t.wakes
	w.after(d, func() { w.resume(t, n) })
}

// resume lets a task run until it gives way again. Here, between two events, its process may die or stop for a while.
func (w *world) resume(t *task, n int) {
	p := t.p
	if t.over || n != t.wakes {
		return
	}
	if w.now < p.pausedUntil {
		w.at(p.pausedUntil, func() { w.resume(t, n) })
		return
	}
	if w.strikes(t) {
		if !p.alive || w.now < p.pausedUntil {
			w.at(p.pausedUntil, func() { w.resume(t, n) })
			return
		}
	}
	t.ready = false
	p.current = t
	w.stepped()
	d, more := t.next()
	if p.doomed != "" {
		w.bury(p)
		return
	}
	if !more {
		t.over = true
		return
	}
	w.wake(t, d)
}

// instant is a time of the world as seconds from its beginning.
func instant(t time.Time) second { return second(t.Sub(beginning) / time.Second) }
