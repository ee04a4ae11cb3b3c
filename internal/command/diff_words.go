package command

import (
	"fmt"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// diffView writes a comparison for people.
type diffView struct {
	doc   plan.DiffDocument
	zones map[string]clocks // by tenant
}

// kindTitles say what a kind means.
var kindTitles = map[plan.DiffKind]string{
	plan.RejectedToApproved: "REJECTED → APPROVED: what was refused will be installed",
	plan.LostCoverage:       "lost coverage: nobody patches these any more",
	plan.NewlyApproved:      "newly approved",
	plan.NoLongerRejected:   "no longer rejected, but not approved",
	plan.Earlier:            "earlier",
	plan.Reboots:            "may now be rebooted",
	plan.Limits:             "limits",
	plan.GainedCoverage:     "gained coverage",
	plan.NewlyRejected:      "newly rejected",
	plan.NoLongerApproved:   "no longer approved",
	plan.Later:              "later",
	plan.RebootsMoved:       "rebooted at another time",
	plan.NoReboots:          "no longer rebooted",
	plan.Changed:            "moved at the same time",
}

// groupWords are the sentences of one group, not neutralised yet.
type groupWords struct{ what, from, to, cause string }

func wordsOf(g plan.DiffGroup, c clocks) groupWords {
	w := groupWords{what: what(g), from: whereabouts(g, g.From, c), to: whereabouts(g, g.To, c)}
	if g.From.Ring != g.To.Ring || g.From.Lane != g.To.Lane {
		w.from, w.to = inRing(w.from, g.Of, g.From), inRing(w.to, g.Of, g.To)
	}
	if g.By != nil {
		w.to += ", " + shift(*g.By)
	}
	w.cause = fmt.Sprintf("%s (%s)", g.Cause.Source, g.Cause.What)
	if g.Cause.Side == "base" {
		w.cause = fmt.Sprintf("%s of the base (%s)", g.Cause.Source, g.Cause.What)
	}
	if g.Cause.Source == "" {
		w.cause = g.Cause.What
	}
	return w
}

// what names the rows: the first few, and how many more.
func what(g plan.DiffGroup) string {
	var shown []string
	for _, x := range g.Examples {
		switch {
		case x.Update == "" || g.Updates == 1:
			shown = append(shown, x.Host)
		case g.Hosts == 1:
			shown = append(shown, label(x.Update))
		default:
			shown = append(shown, label(x.Update)+" on "+x.Host)
		}
	}
	list := strings.Join(shown, ", ")
	if n := g.Count - len(shown); n > 0 && len(shown) > 0 {
		list += fmt.Sprintf(" and %d more", n)
	}
	switch {
	case g.Of == plan.OfRing:
		return "hosts at once"
	case g.Of == plan.OfHost:
		return count(g.Hosts, "host") + ": " + list
	case g.Of == plan.OfReboot:
		return "reboot of " + count(g.Hosts, "host") + ": " + list
	case g.Updates == 1:
		return label(g.Examples[0].Update) + " on " + count(g.Hosts, "host") + ": " + list
	case g.Hosts == 1:
		return count(g.Updates, "update") + " on " + g.Examples[0].Host + ": " + list
	}
	return fmt.Sprintf("%s on %s: %s", count(g.Updates, "update"), count(g.Hosts, "host"), list)
}

// whereabouts says where a plan puts rows.
func whereabouts(g plan.DiffGroup, s plan.DiffState, c clocks) string {
	switch s.State {
	case "planned":
		var hosts []string
		for _, x := range g.Examples {
			hosts = append(hosts, x.Host)
		}
		return "planned for " + s.Window + ", " + window.Words(window.Occurrence{Window: s.Window, Opens: *s.Opens, Closes: s.Closes}, c.of(s.Window, hosts))
	case "waiting":
		return wait(s, c)
	case "rejected":
		return "rejected"
	case "covered":
		return "in ring " + s.Ring
	case "uncovered":
		return "in no ring: " + s.Why
	case "elsewhere":
		return s.Why
	case "limits":
		out := fmt.Sprintf("at most %s down at once", count(s.Down, "host"))
		if s.StopAt > 0 {
			out += fmt.Sprintf(", stops at %s", count(s.StopAt, "failure"))
		}
		if s.Why != "" {
			out += ", " + s.Why
		}
		return out
	}
	if g.Of == plan.OfReboot {
		return "no reboot"
	}
	return "not judged"
}

func wait(s plan.DiffState, c clocks) string {
	switch {
	case s.Until != nil:
		return fmt.Sprintf("waits for %s until %s", s.For, c.instant(*s.Until))
	case s.For == plan.ForApproval:
		return "needs approval"
	case open[s.For] != "":
		return fmt.Sprintf("waits for %s, %s", s.For, open[s.For])
	}
	return fmt.Sprintf("waits for %s", s.For)
}

func inRing(words string, of plan.DiffSubject, s plan.DiffState) string {
	if s.Ring == "" || of == plan.OfHost || of == plan.OfRing {
		return words
	}
	words += ", in ring " + s.Ring
	if s.Lane != policy.DefaultLane {
		words += ", lane " + s.Lane
	}
	return words
}

// shift says by how much: "7 days later".
func shift(seconds int64) string {
	direction := "later"
	if seconds < 0 {
		seconds, direction = -seconds, "earlier"
	}
	if days := seconds / 86400; days > 0 && seconds%86400 == 0 {
		return count(int(days), "day") + " " + direction
	}
	return policy.Duration(time.Duration(seconds)*time.Second).String() + " " + direction
}

// standsFor says why there are no groups, or what stands above them.
func standsFor(t plan.TenantDiff) string {
	switch {
	case t.State == "error":
		return "it does not compile at " + t.Side + ", so nothing can be compared"
	case t.State == "never-scanned":
		return "never scanned: no effect on updates can be computed (ringfence scan --tenant " + t.Tenant + ")"
	case t.Side == "head":
		return "a new tenant"
	case t.Side == "base":
		return "the tenant goes: nobody patches its hosts any more"
	case len(t.Groups) == 0:
		return "the same effect"
	}
	return ""
}

// sited names a tenant, and the site where it has several.
func (v diffView) sited(t plan.TenantDiff) string {
	n := 0
	for _, other := range v.doc.Tenants {
		if other.Tenant == t.Tenant {
			n++
		}
	}
	if n > 1 {
		return t.Tenant + " at " + t.Site
	}
	return t.Tenant
}

// summary is the last line: how many tenants change.
func (v diffView) summary() string {
	n := map[string]int{}
	for _, t := range v.doc.Tenants {
		n[t.State]++
	}
	out := fmt.Sprintf("%d changed, %d with the same effect, %d untouched", n["changed"], n["same"], v.doc.Untouched)
	if n["never-scanned"] > 0 {
		out += fmt.Sprintf(", %d never scanned", n["never-scanned"])
	}
	if n["error"] > 0 {
		out += fmt.Sprintf(", %d in error", n["error"])
	}
	return out
}

// between names both commits and the instant.
func (v diffView) between() string {
	return fmt.Sprintf("%.12s..%.12s as of %s", v.doc.Base, v.doc.Head, v.doc.At.UTC().Format("Mon 2 Jan 2006 15:04 UTC"))
}

// line neutralises a sentence for a terminal.
func line(s string) string { return untrusted.Line(s, 600) }
