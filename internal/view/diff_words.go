package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/effect"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// Diff writes for people what an edit does.
type Diff struct {
	Document effect.DiffDocument
	Clocks   map[string]phrase.Clocks // by tenant
	Off      map[string]bool          // tenants that are switched off on one side, or on both
}

// kindTitles say what a kind means.
var kindTitles = map[effect.Kind]string{
	effect.RejectedToApproved: "REJECTED → APPROVED: what was refused will be installed",
	effect.LostCoverage:       "lost coverage: nobody patches these any more",
	effect.NewlyApproved:      "newly approved",
	effect.NoLongerRejected:   "no longer rejected, but not approved",
	effect.Earlier:            "earlier",
	effect.Reboots:            "may now be rebooted",
	effect.Limits:             "limits",
	effect.GainedCoverage:     "gained coverage",
	effect.NewlyRejected:      "newly rejected",
	effect.NoLongerApproved:   "no longer approved",
	effect.Later:              "later",
	effect.RebootsMoved:       "rebooted at another time",
	effect.NoReboots:          "no longer rebooted",
	effect.Changed:            "moved at the same time",
}

// groupWords are the sentences of one group, not neutralised yet.
type groupWords struct{ what, from, to, cause string }

func wordsOf(g effect.DiffGroup, c phrase.Clocks) groupWords {
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
func what(g effect.DiffGroup) string {
	var shown []string
	for _, x := range g.Examples {
		switch {
		case x.Update == "" || g.Updates == 1:
			shown = append(shown, x.Host)
		case g.Hosts == 1:
			shown = append(shown, phrase.Update(x.Update))
		default:
			shown = append(shown, phrase.Update(x.Update)+" on "+x.Host)
		}
	}
	list := strings.Join(shown, ", ")
	if n := g.Count - len(shown); n > 0 && len(shown) > 0 {
		list += fmt.Sprintf(" and %d more", n)
	}
	switch {
	case g.Of == effect.OfRing:
		return "hosts at once"
	case g.Of == effect.OfHost:
		return phrase.Count(g.Hosts, "host") + ": " + list
	case g.Of == effect.OfReboot:
		return "reboot of " + phrase.Count(g.Hosts, "host") + ": " + list
	case g.Updates == 1:
		return phrase.Update(g.Examples[0].Update) + " on " + phrase.Count(g.Hosts, "host") + ": " + list
	case g.Hosts == 1:
		return phrase.Count(g.Updates, "update") + " on " + g.Examples[0].Host + ": " + list
	}
	return fmt.Sprintf("%s on %s: %s", phrase.Count(g.Updates, "update"), phrase.Count(g.Hosts, "host"), list)
}

// whereabouts says where a plan puts rows.
func whereabouts(g effect.DiffGroup, s effect.DiffState, c phrase.Clocks) string {
	switch s.State {
	case "planned":
		var hosts []string
		for _, x := range g.Examples {
			hosts = append(hosts, x.Host)
		}
		return "planned for " + s.Window + ", " + c.Occurrence(window.Occurrence{Window: s.Window, Opens: *s.Opens, Closes: s.Closes}, hosts)
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
		out := fmt.Sprintf("at most %s down at once", phrase.Count(s.Down, "host"))
		if s.StopAt > 0 {
			out += fmt.Sprintf(", stops at %s", phrase.Count(s.StopAt, "failure"))
		}
		if s.Why != "" {
			out += ", " + s.Why
		}
		return out
	}
	if g.Of == effect.OfReboot {
		return "no reboot"
	}
	return "not judged"
}

func wait(s effect.DiffState, c phrase.Clocks) string {
	switch {
	case s.Until != nil:
		return fmt.Sprintf("waits for %s until %s", s.For, c.Instant(*s.Until))
	case s.For == plan.ForApproval:
		return "needs approval"
	case open[s.For] != "":
		return fmt.Sprintf("waits for %s, %s", s.For, open[s.For])
	}
	return fmt.Sprintf("waits for %s", s.For)
}

func inRing(words string, of effect.Subject, s effect.DiffState) string {
	if s.Ring == "" || of == effect.OfHost || of == effect.OfRing {
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
		return phrase.Count(int(days), "day") + " " + direction
	}
	return policy.Duration(time.Duration(seconds)*time.Second).String() + " " + direction
}

// notKnown is said of tenants for which the comparison says nothing about updates.
const notKnown = "NOT KNOWN: what the edit does to updates where no scan says what hosts lack"

// unknown lists the tenants, site by site, that stand on both sides and were never scanned: anything may happen to their
// updates.
func (v Diff) unknown() (where []effect.TenantDiff) {
	for _, t := range v.Document.Tenants {
		if t.State == effect.NeverScanned && t.Side == "" && len(t.Unknown) > 0 {
			where = append(where, t)
		}
	}
	return where
}

// standsFor says why there are no groups, or what stands above them.
func (v Diff) standsFor(t effect.TenantDiff) string {
	switch {
	case t.State == "error" && t.Side == "base":
		return "NOT KNOWN what the edit does: it did not compile at base, and does now"
	case t.State == "error":
		return "it does not compile at " + t.Side + ", so nothing can be compared"
	case t.Side != "":
		return v.oneSided(t)
	case t.State == effect.NeverScanned && t.Unscanned == 0:
		return "never scanned, and no ring has a host"
	case t.State == effect.NeverScanned:
		return "NOT KNOWN what happens to updates of " + phrase.Count(t.Unscanned, "host") + ": never scanned"
	}
	return strings.TrimPrefix(v.effect(t)+pool(t)+away(t), "; ")
}

// oneSided is said of a tenant that comes, goes, or is switched on or off.
func (v Diff) oneSided(t effect.TenantDiff) string {
	words := map[bool]string{true: "the tenant is switched on", false: "a new tenant"}[v.Off[t.Tenant]]
	switch {
	case t.Side == "base" && v.Off[t.Tenant]:
		return "the tenant is switched off: nobody patches its hosts any more"
	case t.Side == "base":
		return "the tenant goes: nobody patches its hosts any more"
	case t.State == effect.NeverScanned:
		return words + ", never scanned: what its " + phrase.Count(t.Unscanned, "host") + " will get is not known"
	}
	return words + away(t)
}

// effect is said of a tenant that was scanned.
func (v Diff) effect(t effect.TenantDiff) string {
	switch {
	case len(t.Groups) > 0:
		return ""
	case v.Off[t.Tenant]:
		return "switched off before and after"
	case v.says(t.Tenant):
		return "the same effect on all that is missing now, but the policy says something else"
	case len(t.Joined)+len(t.Left) > 0:
		return "the same effect on all that is missing now"
	}
	return "the same effect"
}

// pool tells of tenants whose evidence counts for this one on one side alone.
func pool(t effect.TenantDiff) (out string) {
	if len(t.Joined) > 0 {
		out += "; its pool now counts what " + phrase.Some(t.Joined) + " saw"
	}
	if len(t.Left) > 0 {
		out += "; its pool no longer counts what " + phrase.Some(t.Left) + " saw"
	}
	return out
}

// away tells of hosts that the last scan did not read.
func away(t effect.TenantDiff) string {
	if t.Unscanned == 0 {
		return ""
	}
	return "; not known of " + phrase.Count(t.Unscanned, "host") + " that no scan has read in full"
}

func (v Diff) sited(t effect.TenantDiff) string { return sited(v.Document.Tenants, t) }

// summary is the last line: how many tenants change.
func (v Diff) summary() string {
	n := map[string]int{}
	for _, t := range v.Document.Tenants {
		n[t.State]++
	}
	out := fmt.Sprintf("%d changed, %d with the same effect, %d untouched", n["changed"], n["same"], v.Document.Untouched)
	if n[effect.NeverScanned] > 0 {
		out += fmt.Sprintf(", %d NOT KNOWN (never scanned)", n[effect.NeverScanned])
	}
	if n["error"] > 0 {
		out += fmt.Sprintf(", %d in error", n["error"])
	}
	return out
}

// between names both commits and the instant.
func (v Diff) between() string {
	return fmt.Sprintf("%.12s..%.12s as of %s", v.Document.Base, v.Document.Head, v.Document.At.UTC().Format("Mon 2 Jan 2006 15:04 UTC"))
}

// line neutralises a sentence for a terminal.
func line(s string) string { return untrusted.Line(s, 600) }
