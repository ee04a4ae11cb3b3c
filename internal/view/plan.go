// Package view writes documents for people: in goes a value and a writer, out comes text for a terminal, or Markdown for a
// forge. It opens nothing and decides nothing; messages of hosts, packages and policies are neutralised on the way. It is for
// reading only: programs read the documents' JSON.
package view

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// planView writes a plan for people: per ring what goes when, what waits for what until when, what is rejected and
// why; hosts with the identical change stand on one line.
type planView struct {
	w       io.Writer
	p       *plan.Plan
	preview *plan.Preview
	phrase.Clocks
}

// Plan writes the plan, with the preview's resolver outcome where there is one. Times are in the zone of the tenant,
// those of a window in its own; in UTC when the reader has no policy at hand.
func Plan(w io.Writer, p *plan.Plan, preview *plan.Preview, t *policy.Tenant) {
	v := planView{w, p, preview, phrase.ClocksOf(t)}
	fmt.Fprintf(w, "Plan for %s at %s\n", p.Tenant, v.Instant(p.At))
	for _, r := range p.Rings {
		v.ring(r)
	}
	v.outside()
	v.summary()
}

func (v planView) ring(r plan.Ring) {
	if len(r.Waves)+len(r.Waiting)+len(r.Rejected)+len(r.Reboots) == 0 {
		return
	}
	title := r.Ring
	if r.Lane != "default" {
		title += ", lane " + r.Lane
	}
	fmt.Fprintf(v.w, "\n%s\n", title)
	for _, group := range v.occurrences(r.Waves) {
		v.occurrence(group)
	}
	for _, w := range mergeWaiting(r.Waiting) {
		v.waiting(w)
	}
	for _, x := range r.Reboots {
		v.reboots(x)
	}
	for _, x := range r.Rejected {
		fmt.Fprintf(v.w, "  ✗ rejected: %s on %s\n", phrase.Update(x.Update), phrase.Hosts(x.Hosts))
		for _, why := range x.Reasons {
			fmt.Fprintf(v.w, "      %s%s\n", untrusted.Line(why.Msg, 200), phrase.Source(why.Source))
		}
	}
}

// occurrences splits the waves by window occurrence, in order of opening.
func (v planView) occurrences(waves []plan.Wave) [][]plan.Wave {
	var out [][]plan.Wave
	for _, w := range waves {
		i := slices.IndexFunc(out, func(g []plan.Wave) bool {
			return g[0].Opens.Equal(w.Opens) && canonical.SameInstant(g[0].Closes, w.Closes) && g[0].Window == w.Window
		})
		if i < 0 {
			out = append(out, nil)
			i = len(out) - 1
		}
		out[i] = append(out[i], w)
	}
	return out
}

// occurrence writes one window occurrence: its words once, then each change with the waves that carry it.
func (v planView) occurrence(waves []plan.Wave) {
	name := waves[0].Window
	if waves[0].CatchUp {
		name += ", for hosts that were away"
	}
	fmt.Fprintf(v.w, "  %s: %s\n", name, v.when(waves[0]))
	for _, c := range changesOf(waves) {
		v.waves(slices.DeleteFunc(slices.Clone(waves), func(w plan.Wave) bool { return w.Change != c }))
		v.change(c, waves)
	}
}

// waves writes the waves of one change; many of them only with their numbers, since hosts go in the order of names.
func (v planView) waves(list []plan.Wave) {
	const shown = 3
	if len(list) <= shown {
		for _, w := range list {
			fmt.Fprintf(v.w, "    wave %d: %s\n", w.Wave, phrase.Hosts(w.Hosts))
		}
		return
	}
	var all []string
	most := 0
	for _, w := range list {
		all = append(all, w.Hosts...)
		most = max(most, len(w.Hosts))
	}
	fmt.Fprintf(v.w, "    waves %d to %d, at most %d at a time: %s\n", list[0].Wave, list[len(list)-1].Wave, most, phrase.Hosts(all))
}

// when says a wave's occurrence in words, with both ends.
func (v planView) when(w plan.Wave) string {
	return v.Occurrence(window.Occurrence{Window: w.Window, Opens: w.Opens, Closes: w.Closes}, w.Hosts)
}

func changesOf(waves []plan.Wave) []int {
	var out []int
	for _, w := range waves {
		if !slices.Contains(out, w.Change) {
			out = append(out, w.Change)
		}
	}
	return out
}

// outside names the hosts that no wave may touch and why.
func (v planView) outside() {
	line := func(what string, list []string) {
		if len(list) > 0 {
			fmt.Fprintf(v.w, "\n%s: %s\n", what, phrase.Hosts(list))
		}
	}
	for _, d := range v.p.InDoubt {
		fmt.Fprintf(v.w, "\nin doubt: %s in %s since %s; a scan of the host settles it\n", d.Host, d.Ring, v.Instant(d.Since))
	}
	line("unreachable (not judged, never compliant)", v.p.Unreachable)
	line("not fully scanned (not judged, never compliant)", v.p.Stale)
	v.quarantined()
}

// quarantined names those that nothing is sent to, once for each reason.
func (v planView) quarantined() {
	var order []string
	groups := map[string][]string{}
	for _, q := range v.p.Quarantined {
		if groups[q.Reason] == nil {
			order = append(order, q.Reason)
		}
		groups[q.Reason] = append(groups[q.Reason], q.Host)
	}
	if len(order) > 0 {
		fmt.Fprint(v.w, "\nquarantined (nothing is sent there):\n")
	}
	for _, reason := range order {
		fmt.Fprintf(v.w, "  %s: %s\n", strings.Join(phrase.First(groups[reason], 7), " "), untrusted.Line(reason, 200))
	}
}

func (v planView) summary() {
	s := v.p.Summary
	fmt.Fprintf(v.w, "\nPlan: %s on %s: %d planned, %d waiting, %d rejected; at most %s down at once, %d may reboot.\n",
		phrase.Count(s.Planned+s.Waiting+s.Rejected, "missing update"), phrase.Count(s.Hosts, "host"), s.Planned, s.Waiting, s.Rejected,
		phrase.Count(v.p.WorstCase.Down, "host"), s.Reboots)
}
