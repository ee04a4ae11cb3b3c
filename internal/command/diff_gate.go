package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/effect"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/view"
)

// kindUnknown is what --fail-on takes beside the kinds of changes.
const kindUnknown = "unknown"

// diffGate says which changes nobody lets pass.
type diffGate struct {
	failOn       []string
	allowUnknown bool
}

// kindNames lists the kinds of changes, the loudest first.
func kindNames() (out []string) {
	for _, k := range effect.Kinds() {
		out = append(out, string(k))
	}
	return out
}

func (g diffGate) check() error {
	known := append(kindNames(), kindUnknown)
	for _, name := range g.failOn {
		if !slices.Contains(known, name) {
			return fmt.Errorf("--fail-on: there is no kind %q%s", name, suggest.Tail(name, known))
		}
	}
	switch {
	case g.allowUnknown && len(g.failOn) == 0:
		return errors.New("--allow-unknown goes with --fail-on")
	case g.allowUnknown && slices.Contains(g.failOn, kindUnknown):
		return errors.New("--fail-on unknown and --allow-unknown contradict each other")
	}
	return nil
}

// denied says why the gate stays closed; nothing when it opens.
func (g diffGate) denied(doc effect.DiffDocument) (why []string) {
	var found []string
	for _, k := range doc.Kinds {
		if slices.Contains(g.failOn, string(k)) {
			found = append(found, string(k))
		}
	}
	if len(found) > 0 {
		why = append(why, strings.Join(found, ", "))
	}
	if n := unscanned(doc.Tenants); n > 0 && slices.Contains(g.failOn, kindUnknown) {
		why = append(why, fmt.Sprintf("unknown: no scan has read %s", phrase.Count(n, "host")))
	}
	if names := repaired(doc.Tenants); len(names) > 0 && len(g.failOn) > 0 && !g.allowUnknown {
		why = append(why, fmt.Sprintf("%s cannot be ruled out: %s did not compile at base; look at the whole policy (ringfence show --policy), or let it pass with --allow-unknown",
			strings.Join(g.failOn, ", "), strings.Join(names, ", ")))
	}
	if kinds, where := g.possible(doc.Tenants); len(kinds) > 0 && !g.allowUnknown {
		why = append(why, fmt.Sprintf("%s cannot be ruled out: %s never scanned here; %s, or let it pass with --allow-unknown",
			strings.Join(kinds, ", "), view.WereNever(doc.Tenants, where), view.WayToKnow(doc.Tenants, where)))
	}
	return why
}

// possible lists the kinds in question that nobody can rule out for tenants that were never scanned, and where that is.
// One host that was away from the last scan counts as its neighbours do, unless kind unknown is asked for.
func (g diffGate) possible(list []effect.TenantDiff) (kinds []string, where []effect.TenantDiff) {
	for _, t := range list {
		asked := func(k effect.Kind) bool { return slices.Contains(g.failOn, string(k)) }
		if t.State != effect.NeverScanned || !slices.ContainsFunc(t.Unknown, asked) {
			continue
		}
		where = append(where, t)
		for _, k := range t.Unknown {
			if asked(k) {
				kinds = append(kinds, string(k))
			}
		}
	}
	return inOrder(kinds), where
}

// inOrder lists kinds once, the loudest first.
func inOrder(names []string) []string {
	return slices.DeleteFunc(kindNames(), func(k string) bool { return !slices.Contains(names, k) })
}

// repaired names the tenants that compile at head and did not at base.
func repaired(list []effect.TenantDiff) (names []string) {
	for _, t := range list {
		if t.State == "error" && t.Side == "base" {
			names = append(names, t.Tenant)
		}
	}
	return names
}

func unscanned(list []effect.TenantDiff) (n int) {
	for _, t := range list {
		n += t.Unscanned
	}
	return n
}

func (a *app) diffExit(doc effect.DiffDocument, f diffFlags) error {
	changed := false
	for _, t := range doc.Tenants {
		if t.State == "error" && t.Side == "head" {
			return done(ExitError)
		}
		changed = changed || t.State != "same"
	}
	if why := f.gate.denied(doc); len(why) > 0 {
		for _, x := range why {
			a.out.say("denied by --fail-on: %s", x)
		}
		return done(ExitDenied)
	}
	if f.detailed && changed {
		return done(ExitChanges)
	}
	return nil
}
