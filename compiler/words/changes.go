package words

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// Change is what an edit makes of one section, or of one item of it: sentences that go and sentences that come.
type Change struct {
	Section string // "" for what holds for all of the tenant
	Item    string // "" for what holds for all of the section
	Was     []Line
	Now     []Line
}

// place is where a sentence stands in a document.
type place struct{ section, item string }

// Changes compares what two policies say, both at the same instant, in the order of the second. A sentence that moved to
// another line of a file says the same. What further rules in Rego say is not in words, so an edit of them is named.
func Changes(was, is *policy.Tenant, at time.Time) []Change {
	a, b := placed(Describe(was, at)), placed(Describe(is, at))
	note := place{section: rego}
	for _, m := range is.Modules {
		if rewritten(was.Modules, m) {
			b.add(note, Line{m.Path + " was edited. What its rules say is not in these words; read it.", m.Path})
		}
	}
	var out []Change
	for _, p := range append(b.order, a.order...) {
		c := Change{p.section, p.item, without(a.lines[p], b.lines[p]), without(b.lines[p], a.lines[p])}
		if len(c.Was)+len(c.Now) > 0 {
			out = append(out, c)
		}
		delete(a.lines, p) // a place that both have is told once
		delete(b.lines, p)
	}
	return out
}

func rewritten(was []policy.Module, m policy.Module) bool {
	return slices.ContainsFunc(was, func(x policy.Module) bool { return x.Path == m.Path && x.Text != m.Text })
}

// sentences are the lines of a document by the place where they stand.
type sentences struct {
	order []place
	lines map[place][]Line
}

func placed(d Document) *sentences {
	s := &sentences{lines: map[place][]Line{}}
	s.add(place{}, d.Lines...)
	for _, x := range d.Sections {
		s.add(place{section: x.Title}, x.Lines...)
		for _, i := range x.Items {
			s.add(place{x.Title, i.Name}, i.Lines...)
		}
	}
	return s
}

func (s *sentences) add(p place, lines ...Line) {
	if _, ok := s.lines[p]; !ok {
		s.order = append(s.order, p)
	}
	s.lines[p] = append(s.lines[p], lines...)
}

// without returns the lines of a that b does not have as often.
func without(a, b []Line) []Line {
	left := map[string]int{}
	for _, l := range b {
		left[l.Text]++
	}
	out := []Line{}
	for _, l := range a {
		if left[l.Text]--; left[l.Text] < 0 {
			out = append(out, l)
		}
	}
	return out
}
