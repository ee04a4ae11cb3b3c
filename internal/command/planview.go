package command

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// planView writes a plan for people: per ring what goes when, what waits for what until when, what is rejected and
// why; hosts with the identical change stand on one line.
type planView struct {
	w       io.Writer
	p       *plan.Plan
	preview *plan.Preview
	loc     *time.Location
}

// printPlan writes the plan, with the preview's resolver outcome where there is one. zone is the tenant's; UTC when
// the reader has no policy at hand.
func printPlan(w io.Writer, p *plan.Plan, preview *plan.Preview, loc *time.Location) {
	v := planView{w, p, preview, loc}
	fmt.Fprintf(w, "Plan for %s at %s\n", p.Tenant, v.instant(p.At))
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
		fmt.Fprintf(v.w, "  ✗ rejected: %s on %s\n", label(x.Update), hosts(x.Hosts))
		for _, why := range x.Reasons {
			fmt.Fprintf(v.w, "      %s%s\n", untrusted.Line(why.Msg, 200), source(why.Source))
		}
	}
}

// occurrences splits the waves by window occurrence, in order of opening.
func (v planView) occurrences(waves []plan.Wave) [][]plan.Wave {
	var out [][]plan.Wave
	for _, w := range waves {
		i := slices.IndexFunc(out, func(g []plan.Wave) bool { return g[0].Opens.Equal(w.Opens) && g[0].Window == w.Window })
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
	fmt.Fprintf(v.w, "  %s: %s\n", waves[0].Window, v.when(waves[0]))
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
			fmt.Fprintf(v.w, "    wave %d: %s\n", w.Wave, hosts(w.Hosts))
		}
		return
	}
	var all []string
	most := 0
	for _, w := range list {
		all = append(all, w.Hosts...)
		most = max(most, len(w.Hosts))
	}
	fmt.Fprintf(v.w, "    waves %d to %d, at most %d at a time: %s\n", list[0].Wave, list[len(list)-1].Wave, most, hosts(all))
}

// when says a wave's occurrence in words, with both ends.
func (v planView) when(w plan.Wave) string {
	return window.Words(window.Occurrence{Window: w.Window, Opens: w.Opens, Closes: w.Closes}, v.loc)
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

// change writes what one change does: the planned versions, or what the hosts' resolvers said where they were asked.
func (v planView) change(id int, waves []plan.Wave) {
	c := v.p.Changes[id]
	if len(c.Updates) == 0 {
		fmt.Fprintf(v.w, "      reboot only: the hosts ask for it\n")
		return
	}
	if v.preview == nil {
		for _, u := range c.Updates {
			name, to := split(u.Update)
			fmt.Fprintf(v.w, "      ~ %s %s → %s\n", name, untrusted.Line(u.From, 80), to)
		}
		if c.Reboot != "never" {
			fmt.Fprintf(v.w, "      reboot %s\n", c.Reboot)
		}
		return
	}
	for _, g := range v.outcomes(id, waves) {
		v.outcome(g, c)
	}
}

// outcomeGroup is one resolver outcome and the hosts that share it.
type outcomeGroup struct {
	hosts []string
	plan.PreviewHost
}

func (v planView) outcomes(id int, waves []plan.Wave) []outcomeGroup {
	var out []outcomeGroup
	for _, h := range v.preview.Hosts {
		if h.Change != id || !slices.ContainsFunc(waves, func(w plan.Wave) bool { return slices.Contains(w.Hosts, h.Host) }) {
			continue
		}
		i := slices.IndexFunc(out, func(g outcomeGroup) bool { return sameOutcome(g.PreviewHost, h) })
		if i < 0 {
			out = append(out, outcomeGroup{PreviewHost: h})
			i = len(out) - 1
		}
		out[i].hosts = append(out[i].hosts, h.Host)
	}
	return out
}

func sameOutcome(a, b plan.PreviewHost) bool {
	return slices.Equal(a.Actions, b.Actions) && slices.Equal(a.Held, b.Held) && slices.Equal(a.Restarts, b.Restarts) &&
		a.Reboot == b.Reboot && a.Error == b.Error && a.DownloadBytes == b.DownloadBytes
}

var signs = map[string]string{"upgrade": "~", "install": "+", "remove": "-", "downgrade": "↓"}

func (v planView) outcome(g outcomeGroup, c plan.Change) {
	fmt.Fprintf(v.w, "      on %s\n", hosts(g.hosts))
	if g.Error != "" {
		fmt.Fprintf(v.w, "        ! no preview: %s\n", untrusted.Line(g.Error, 200))
		return
	}
	for _, a := range g.Actions {
		versions := untrusted.Line(strings.TrimSpace(a.From+" → "+a.To), 160)
		switch a.Op {
		case "install":
			versions = untrusted.Line(a.To, 80)
		case "remove":
			versions = untrusted.Line(a.From, 80)
		}
		fmt.Fprintf(v.w, "        %s %s %s\n", cmp.Or(signs[a.Op], "?"), untrusted.Line(a.Name, 100), versions)
	}
	if len(g.Held) > 0 {
		fmt.Fprintf(v.w, "        held: %s\n", untrusted.Line(strings.Join(g.Held, " "), 200))
	}
	if len(g.Restarts) > 0 {
		fmt.Fprintf(v.w, "        restarts: %s\n", untrusted.Line(strings.Join(g.Restarts, " "), 200))
	}
	if g.DownloadBytes > 0 {
		fmt.Fprintf(v.w, "        downloads %s\n", size(g.DownloadBytes))
	}
	if g.Reboot.Required {
		fmt.Fprintf(v.w, "        reboot needed (%s); policy: %s\n", untrusted.Line(g.Reboot.Why, 100), c.Reboot)
	}
}

// waitGroup is several updates that wait for the same, each on hosts of its own.
type waitGroup struct {
	plan.Waiting
	each []plan.Waiting
}

func mergeWaiting(list []plan.Waiting) []waitGroup {
	var out []waitGroup
	for _, w := range list {
		w.Reasons = slices.DeleteFunc(slices.Clone(w.Reasons), func(r decision.Reason) bool { return r.Code == decision.ReasonGranted })
		i := slices.IndexFunc(out, func(g waitGroup) bool {
			return g.For == w.For && sameInstant(g.Until, w.Until) && slices.EqualFunc(g.Reasons, w.Reasons, sameReason)
		})
		if i < 0 {
			out = append(out, waitGroup{Waiting: w})
			i = len(out) - 1
		}
		out[i].each = append(out[i].each, w)
	}
	return out
}

func sameReason(a, b decision.Reason) bool {
	return a.Code == b.Code && a.Msg == b.Msg && a.Source == b.Source && sameInstant(a.Until, b.Until)
}

func sameInstant(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

// open says what ends a wait that has no known end.
var open = map[plan.WaitFor]string{
	plan.ForApproval: "until it is approved", plan.ForGate: "until the evidence is there", plan.ForHold: "until the hold is lifted",
	plan.ForAnchor: "until its date is known", plan.ForWindow: "no window opens within the horizon",
}

func (v planView) waiting(g waitGroup) {
	until := cmp.Or(open[g.For], "nobody can say until when")
	if g.Until != nil {
		until = "until " + v.instant(*g.Until)
	}
	fmt.Fprintf(v.w, "  … waits for %s, %s:\n", g.For, until)
	for _, w := range g.each {
		fmt.Fprintf(v.w, "      %s on %s\n", label(w.Update), hosts(w.Hosts))
	}
	for _, why := range g.Reasons {
		fmt.Fprintf(v.w, "    because: %s%s\n", untrusted.Line(why.Msg, 200), source(why.Source))
	}
}

// reboots names hosts that ask for a reboot and get none.
func (v planView) reboots(x plan.RebootWaiting) {
	until := cmp.Or(open[x.For], "nobody can say until when")
	if x.Until != nil {
		until = "until " + v.instant(*x.Until)
	}
	fmt.Fprintf(v.w, "  … reboot of %s waits for %s, %s\n", hosts(x.Hosts), x.For, until)
	for _, why := range x.Reasons {
		fmt.Fprintf(v.w, "    because: %s%s\n", untrusted.Line(why.Msg, 200), source(why.Source))
	}
}

// outside names the hosts that no wave may touch and why.
func (v planView) outside() {
	line := func(what string, list []string) {
		if len(list) > 0 {
			fmt.Fprintf(v.w, "\n%s: %s\n", what, hosts(list))
		}
	}
	for _, d := range v.p.InDoubt {
		fmt.Fprintf(v.w, "\nin doubt: %s in %s since %s; a scan of the host settles it\n", d.Host, d.Ring, v.instant(d.Since))
	}
	line("unreachable (not judged, never compliant)", v.p.Unreachable)
	line("not fully scanned (not judged, never compliant)", v.p.Stale)
	for _, q := range v.p.Quarantined {
		fmt.Fprintf(v.w, "\nquarantined: %s: %s\n", q.Host, untrusted.Line(q.Reason, 200))
	}
}

func (v planView) summary() {
	s := v.p.Summary
	fmt.Fprintf(v.w, "\nPlan: %s on %s: %d planned, %d waiting, %d rejected; at most %s down at once, %d may reboot.\n",
		count(s.Planned+s.Waiting+s.Rejected, "missing update"), count(s.Hosts, "host"), s.Planned, s.Waiting, s.Rejected,
		count(v.p.WorstCase.Down, "host"), s.Reboots)
}

func (v planView) instant(t time.Time) string {
	local := t.In(v.loc)
	if v.loc == time.UTC {
		return t.UTC().Format("Mon 2 Jan 2006 15:04 UTC")
	}
	return local.Format("Mon 2 Jan 2006 15:04 ") + v.loc.String() + t.UTC().Format(" (15:04 UTC)")
}

// hosts writes a few names and how many more.
func hosts(list []string) string {
	const shown = 8
	if len(list) <= shown {
		return count(len(list), "host") + ": " + strings.Join(list, " ")
	}
	return fmt.Sprintf("%d hosts: %s … %s", len(list), strings.Join(list[:shown-1], " "), list[len(list)-1])
}

// count is a number and what it counts: "1 host", "2 hosts".
func count(n int, word string) string { return fmt.Sprintf("%d %s", n, plural(n, word)) }

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func source(s string) string {
	if s == "" {
		return ""
	}
	return " (" + untrusted.Line(s, 200) + ")"
}

// split reads name and version out of a purl; label is both in one.
func split(purl string) (name, version string) {
	p, err := packageurl.FromString(purl)
	if err != nil {
		return untrusted.Line(purl, 100), ""
	}
	return untrusted.Line(p.Name, 100), untrusted.Line(p.Version, 100)
}

func label(purl string) string {
	name, version := split(purl)
	return strings.TrimSpace(name + " " + version)
}

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
