package simulator

import (
	"fmt"
	"io"
)

// Options change how a seed is played. The zero value plays it as it is.
type Options struct {
	Bug   string    // the name of one of Bugs
	Watch string    // check only invariants of this name; "": all
	Trace io.Writer // told of every event

	Crash  *Crash            // kill the first runner at one point
	Points func(what string) // told of every point of the first runner
	Scene  *Scene            // says what goes wrong, instead of the seed
}

// Report is what happened in a world.
type Report struct {
	Seed     uint64
	Events   int
	Records  int
	Starts   int
	Hours    int            // of simulated time
	Coverage map[string]int // how often what was interesting happened
}

// Violation is a promise that a world saw broken.
type Violation struct {
	Seed      uint64
	Invariant string
	At        string
	Problem   string
	Again     string // the command that plays it again
}

func (v *Violation) Error() string {
	return fmt.Sprintf("seed %d, %s: %s: %s\nplay it again: %s", v.Seed, v.At, v.Invariant, v.Problem, v.Again)
}

// again is the command that plays the same world, and tells every event of it.
func (o Options) again(seed uint64) string {
	if c := o.Crash; o.Scene != nil {
		if c == nil {
			c = &Crash{Point: 1 << 30, How: Before} // nobody gets as far as that
		}
		return fmt.Sprintf("make sim SCENE=%d POINT=%d WAY=%s", seed-firstScene, c.Point, c.How)
	}
	return fmt.Sprintf("make sim SEED=%d", seed)
}

// Run plays a seed: first a time in which anything may go wrong, then a quiet one in which everything that is due must
// get done. The error is a *Violation.
func Run(seed uint64, o Options) (Report, error) {
	w := newWorld(seed, o)
	w.play()
	r := Report{
		Seed: seed, Events: w.played, Records: w.remote.newest.seq(), Starts: len(w.executions),
		Hours: int((w.now - w.started) / 3600), Coverage: w.coverage,
	}
	if w.violation != nil {
		return r, w.violation
	}
	return r, nil
}
