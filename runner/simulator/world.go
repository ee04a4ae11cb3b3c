package simulator

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
)

// world is everything that there is, and the truth about it.
type world struct {
	o        Options
	seed     uint64
	random   *rand.Rand
	now      second
	started  second
	queue    events
	made     int
	steps    int // of all runners
	haltStep int // 0: none comes any more
	played   int

	tenant    tenant
	mood      mood
	remote    remote
	hosts     []*host
	processes []*process
	plans     map[string]*planned // every plan that was made, by digest

	truth
	quiet     bool
	violation *Violation
	coverage  map[string]int
}

func newWorld(seed uint64, o Options) *world {
	w := &world{
		o: o, seed: seed, random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)),
		remote: remote{leases: map[string]lease{}}, plans: map[string]*planned{}, coverage: map[string]int{},
		truth: newTruth(),
	}
	w.settle()
	return w
}

// play lets one event happen after the other until everything is done or a promise is broken.
func (w *world) play() {
	for len(w.queue) > 0 && w.violation == nil && !w.finished() {
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		w.played++
		e.do()
		w.happened(fact{kind: passed})
	}
	if w.violation == nil {
		w.happened(fact{kind: over})
	}
	for _, p := range w.processes {
		p.end()
	}
}

// stepped lets a halt come at a random step of a runner, in every seed.
func (w *world) stepped() {
	w.steps++
	if w.steps >= w.haltStep && w.haltStep > 0 && !w.remote.halted && !w.quiet {
		w.haltStep = 0
		w.count("halts at a random step")
		w.haltAll()
	}
}

func (w *world) count(what string) { w.coverage[what]++ }

func (w *world) say(format string, args ...any) {
	if w.o.Trace != nil {
		fmt.Fprintf(w.o.Trace, "%s  %s\n", w.now, fmt.Sprintf(format, args...))
	}
}

// chance is true so many times out of a thousand, and never in quiet times.
func (w *world) chance(permille int) bool {
	return !w.quiet && permille > 0 && w.random.IntN(1000) < permille
}

// often is chance in quiet times too.
func (w *world) often(permille int) bool { return w.random.IntN(1000) < permille }

func (w *world) below(n int) int { return w.random.IntN(n) }

func (w *world) between(low, high second) second {
	return low + second(w.random.Int64N(int64(high-low+1)))
}

func pick[T any](w *world, list []T) T { return list[w.below(len(list))] }

func short(id string) string {
	if len(id) > 13 {
		return id[7:13]
	}
	return id
}
