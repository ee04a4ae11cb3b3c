package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// claim is a rule or lane and what it matches.
type claim struct {
	name   string
	match  policy.Match
	source string
}

// own reports whether it stands in the tenant's folder, not in a baseline.
func (c claim) own() bool { return strings.HasPrefix(c.source, "tenants/") }

// idle looks for rules and lanes that decide nothing, whatever update comes.
func (c *checker) idle() {
	for _, r := range c.Tenant.Rules {
		var stronger []claim
		for _, o := range c.Tenant.Rules {
			if o.Name != r.Name && beats(o, r) {
				stronger = append(stronger, claim{o.Name, *o.Match, o.Source})
			}
		}
		c.shadowed("rule", claim{r.Name, *r.Match, r.Source}, stronger, "approval")
	}
	for _, l := range c.Tenant.Lanes {
		var higher []claim
		for _, o := range c.Tenant.Lanes {
			if o.Priority > l.Priority {
				higher = append(higher, claim{o.Name, o.Match, o.Source})
			}
		}
		c.shadowed("lane", claim{l.Name, l.Match, l.Source}, higher, "lanes")
	}
	c.otherwise()
}

// otherwise applies only to what no rule that grants matches. Where a rule of the tenant leaves nothing to an otherwise of
// the baseline, it is that rule which says so: the baseline's line is right for others.
func (c *checker) otherwise() {
	if c.Tenant.Otherwise == nil {
		return
	}
	var grants []claim
	for _, r := range c.Tenant.Rules {
		if r.Grants() {
			grants = append(grants, claim{r.Name, *r.Match, r.Source})
		}
	}
	by := fewest(policy.Match{}, grants)
	if by == nil {
		return
	}
	at, others, fix := "otherwise", by, "remove it, or let a rule match less"
	own := slices.IndexFunc(grants, func(g claim) bool { return g.own() && slices.Contains(by, g.name) })
	if own >= 0 && !(claim{source: c.Tenant.Otherwise.Source}).own() {
		at, others = grants[own].name, []string{"otherwise"}
		fix = "let it match less; if the baseline's otherwise is to say nothing here, accept that"
	}
	c.warn(diag.New(diag.NeverReached, "otherwise applies to nothing: each update is matched by %s", oneOf("rule", by)).
		WithFix("%s", fix), others, "approval", at)
}

// shadowed reports a claim that others always come before. A tenant may well put its own before those of its baseline,
// which it cannot change: only what stands beside it counts against a baseline's.
func (c *checker) shadowed(what string, m claim, stronger []claim, list string) {
	if !m.own() {
		stronger = slices.DeleteFunc(stronger, claim.own)
	}
	if by := fewest(m.match, stronger); by != nil {
		c.warn(diag.New(diag.Shadowed, "the %s %q decides nothing: each update that it matches is decided by %s", what, m.name, oneOf(what, by)).
			WithFix("remove it, or let it match what is left"), by, list, m.name)
	}
}

// warn adds a warning at an entry of a list, and points at others of that list.
func (c *checker) warn(d diag.Diagnostic, others []string, list, name string) {
	d.Severity = diag.Warning
	for _, o := range others {
		d = d.WithRelated(c.Places.At(list, o), o+" stands here")
	}
	c.add(d, list, name)
}

// fewest names claims that together take each update which m takes, and of which none can be left out. Nil if some update
// may remain.
func fewest(m policy.Match, claims []claim) []string {
	if !covered(m, claims) {
		return nil
	}
	for i := len(claims) - 1; i >= 0; i-- {
		if left := slices.Delete(slices.Clone(claims), i, i+1); covered(m, left) {
			claims = left
		}
	}
	var names []string
	for _, c := range claims {
		names = append(names, c.name)
	}
	return names
}

func oneOf(what string, names []string) string {
	if len(names) == 1 {
		return fmt.Sprintf("the %s %q", what, names[0])
	}
	return fmt.Sprintf("one of the %ss %s", what, listed(names))
}

// beats reports whether o comes before r in the decision on every update that both match, at any time.
func beats(o, r policy.Rule) bool {
	first := o.Name < r.Name // of equals
	switch {
	case forever(o.Reject):
		return !forever(r.Reject) || first
	case o.Hold != nil && o.Hold.Until == "" && r.Hold != nil:
		return r.Hold.Until != "" || first
	case o.Require != nil && r.Require != nil && o.Require.Role == r.Require.Role:
		return o.Require.Approvers < r.Require.Approvers || o.Require.Approvers == r.Require.Approvers && first
	case o.Approve != nil && r.Approve != nil:
		return sooner(*o.Approve, *r.Approve, first)
	}
	return false
}

func forever(r *policy.Reject) bool { return r != nil && r.Expires == "" }

// sooner reports whether a grants no later than b, whatever is known of an update, and comes first where both say the
// same. Where a may not know its instant, only the first of equals is sure to be named.
func sooner(a, b policy.Approve, first bool) bool {
	switch {
	case a.Anchor != b.Anchor || b.Fallback != "" && b.Fallback != a.Fallback:
		return false
	case a.Until != "" && (a.Until != b.Until || a.Fallback != b.Fallback) || a.After > b.After: // a may be too late where b waits
		return false
	}
	sure := a.Until == "" && (a.Anchor == policy.FirstSeen || a.Fallback == policy.FirstSeen)
	return first || sure && a.After < b.After
}
