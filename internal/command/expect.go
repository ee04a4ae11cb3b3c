package command

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/syntax"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/phrase"
)

// mismatch is one thing that is not as a scenario expects, and what would mend the scenario; no field: nothing would.
type mismatch struct {
	syntax.Correction
	text string
}

// compare says how decisions and plan differ from an expectation.
func compare(made *plan.Plan, decided []decision.Decision, x policy.Expectation) []mismatch {
	c := comparison{x: x, what: fmt.Sprintf("%s: %s in %s", x.Source, phrase.Update(x.Update), x.Ring)}
	i := slices.IndexFunc(decided, func(d decision.Decision) bool { return d.Ring == x.Ring && d.Update == x.Update })
	if i < 0 {
		return []mismatch{{text: c.what + ": no host of that ring lacks it"}}
	}
	c.decision(decided[i])
	c.waves(wavesOf(made, x.Ring, x.Update))
	return c.wrong
}

// comparison collects what is wrong with one expectation.
type comparison struct {
	x     policy.Expectation
	what  string
	wrong []mismatch
}

func (c *comparison) decision(d decision.Decision) {
	if c.x.Outcome != string(d.Outcome) {
		c.differs("outcome", "", c.x.Outcome, string(d.Outcome), string(d.Outcome))
		c.wrong[len(c.wrong)-1].text += ": " + d.Reasons[0].Msg
	}
	c.instant("until", "", c.x.Until, d.Until)
}

// waves compares the wave that the expectation means, and the hosts.
func (c *comparison) waves(all []plan.Wave) {
	w, ok := c.pick(all)
	if c.x.Wave > 0 && w.Wave != c.x.Wave {
		var value any
		if ok {
			value = w.Wave
		}
		c.differs("wave", "wave ", fmt.Sprint(c.x.Wave), cmp.Or(numbers(all), "none"), value)
	}
	if c.x.Window != "" && c.x.Window != w.Window {
		c.differs("window", "window ", c.x.Window, cmp.Or(w.Window, "none"), orNil(w.Window))
	}
	var opens *time.Time
	if ok {
		opens = &w.Opens
	}
	c.instant("opens", "its window to open ", c.x.Opens, opens)
	c.instant("closes", "its window to close ", c.x.Closes, w.Closes)
	if len(c.x.Hosts) == 0 {
		return
	}
	hosts := slices.Clone(w.Hosts)
	if c.x.Wave == 0 {
		hosts = nil
		for _, w := range all {
			hosts = append(hosts, w.Hosts...)
		}
	}
	slices.Sort(hosts)
	if hosts = slices.Compact(hosts); !slices.Equal(hosts, c.x.Hosts) {
		var value any
		if len(hosts) > 0 {
			value = hosts
		}
		c.differs("hosts", "hosts ", strings.Join(c.x.Hosts, " "), cmp.Or(strings.Join(hosts, " "), "none"), value)
	}
}

// pick finds the wave that the expectation names, in the occurrence that it names; without a number, the first. Where
// the plan has no such wave it is the nearest that the plan has, so that what was expected of a wave stays expected of one.
func (c *comparison) pick(all []plan.Wave) (plan.Wave, bool) {
	number := nearest(all, c.x.Wave)
	best := -1
	for i, w := range all {
		if number != 0 && w.Wave != number {
			continue
		}
		if best < 0 || c.x.Opens != nil && number != 0 && w.Opens.Equal(*c.x.Opens) && !all[best].Opens.Equal(*c.x.Opens) {
			best = i
		}
	}
	if best < 0 {
		return plan.Wave{}, false
	}
	return all[best], true
}

// nearest is the number of the last wave up to the one that is asked for, or else of the first; 0 asks for none.
func nearest(waves []plan.Wave, number int) int {
	if number == 0 || len(waves) == 0 {
		return 0
	}
	have := make([]int, 0, len(waves))
	for _, w := range waves {
		have = append(have, w.Wave)
	}
	slices.Sort(have)
	i, found := slices.BinarySearch(have, number)
	if !found {
		i = max(0, i-1)
	}
	return have[i]
}

func (c *comparison) instant(field, of string, want, got *time.Time) {
	if want == nil || canonical.SameInstant(want, got) {
		return
	}
	var value any
	if got != nil {
		value = got.UTC().Format(time.RFC3339)
	}
	c.differs(field, cmp.Or(of, field+" "), want.Format(time.RFC3339), orNever(got), value)
}

func (c *comparison) differs(field, of, want, got string, value any) {
	c.wrong = append(c.wrong, mismatch{
		syntax.Correction{Source: c.x.Source, Field: field, Value: value},
		fmt.Sprintf("%s: expected %s%s, got %s", c.what, of, want, got),
	})
}

func orNever(t *time.Time) string {
	if t == nil {
		return "nothing"
	}
	return t.UTC().Format(time.RFC3339)
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// wavesOf lists the waves of a ring, in any lane, that carry an update, as they follow one another.
func wavesOf(made *plan.Plan, ring, update string) []plan.Wave {
	var out []plan.Wave
	for _, r := range made.Rings {
		for _, w := range r.Waves {
			if r.Ring == ring && slices.ContainsFunc(made.Changes[w.Change].Updates, func(u plan.ChangeUpdate) bool { return u.Update == update }) {
				out = append(out, w)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b plan.Wave) int { return cmp.Or(a.Opens.Compare(b.Opens), a.Wave-b.Wave) })
	return out
}

func numbers(waves []plan.Wave) string {
	var out []string
	for _, w := range waves {
		out = append(out, fmt.Sprint(w.Wave))
	}
	return strings.Join(out, ", ")
}
