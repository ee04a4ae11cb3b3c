package simulator

import (
	"slices"
	"strings"
)

// Way is how a process dies at a place where it reads or changes something outside its own memory.
type Way string

// The ways. What its disk was not told to keep is lost with the first, partly there with the second, and there with the
// last: a power cut, a power cut in the middle, a process that is killed.
const (
	Before Way = "before" // nothing of it happened
	Torn   Way = "torn"   // it was under way: part of it happened, or all of it later, and nobody was told
	After  Way = "after"  // all of it happened
)

// Ways lists them.
var Ways = []Way{Before, Torn, After}

// Crash kills the first runner of a world at one of its points, counted from 1.
type Crash struct {
	Point int
	How   Way
	Gone  bool // it never comes back, if its site has another runner
}

// io is a point: a place at which a process touches the outside, and may die. Part is what becomes of it when that
// happens halfway; nil: nothing.
func (p *process) io(what string, whole, part func()) {
	how := p.fate(what)
	switch {
	case how == "" || how == After:
		whole()
	case how == Torn && part != nil:
		part()
	}
	if how != "" {
		p.die(what, how)
	}
}

// fate says whether a process dies at this point.
func (p *process) fate(what string) Way {
	w := p.w
	if w.quiet {
		return ""
	}
	p.points++
	if p == w.processes[0] {
		if w.o.Points != nil {
			w.o.Points(what)
		}
		if c := w.o.Crash; c != nil && p.points == c.Point {
			return c.How
		}
	}
	often := 100
	if strings.HasPrefix(what, "journal") { // where most is to be lost
		often = 500
	}
	if w.chance(w.mood.crashes) && w.often(often) {
		return pick(w, Ways)
	}
	return ""
}

// die ends a process in the middle of what it does. The scheduler buries it as soon as it gives way.
func (p *process) die(what string, how Way) {
	p.doomed = how
	p.w.say("%s: dies at %q, %s", p.name, what, how)
	p.w.count("runners killed at a point: " + string(how))
	p.current.sleep(0)
	panic("a process went on after its end")
}

// bury kills a process that died at a point.
func (w *world) bury(p *process) {
	c := w.o.Crash
	w.killOne(p)
	if c != nil && c.Gone && p == w.processes[0] && p.points == c.Point {
		p.retired = slices.ContainsFunc(w.processes[1:], func(x *process) bool { return x.site == p.site })
	}
}
