package decision

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
)

// timed is an approve grant, the anchor that counts and the instant from which the grant holds; at is nil when that is
// not known, or when it never will because the update came too late.
type timed struct {
	Grant
	from policy.Anchor
	at   *time.Time
	late *time.Time // when the update came that is too late
}

// grants is the one condition that the grants together make: at least one of them must be satisfied. The best of them
// says how: an instant that has passed, else the earliest that will, else signatures, else an anchor that is missing.
func grants(q Query) condition {
	approves, requires := split(q)
	c := condition{rank: rankGrant}
	switch {
	case len(approves) > 0 && approves[0].at != nil:
		c = approves[0].condition(q.At)
	case len(requires) > 0:
		g := requires[0]
		c.outcome, c.code, c.rule, c.source = NeedsApproval, ReasonNeedsApproval, g.Rule, g.Source
		c.msg = fmt.Sprintf("rule %s needs %s", g.Rule, signatures(g.Require))
		requires = requires[1:]
	case len(approves) > 0:
		c = approves[0].condition(q.At)
	default:
		c.outcome, c.code, c.source = NeedsApproval, ReasonNoRule, q.Policy.Source
		c.msg = "no approval rule matches, and the policy has no otherwise: add a rule that matches or reject the update"
	}
	if c.outcome != Approved {
		c.msg += otherWays(c.rule, approves, requires)
	}
	return c
}

// split sorts the grants: approvals by instant with unknown ones last, signatures by how many people they take, and
// both by name. A grant that is neither or both grants nothing.
func split(q Query) (approves []timed, requires []Grant) {
	for _, g := range q.Answer.Grants {
		switch {
		case g.Approve != nil && g.Require == nil:
			approves = append(approves, timedGrant(g, q))
		case g.Require != nil && g.Approve == nil:
			requires = append(requires, g)
		}
	}
	slices.SortFunc(approves, func(a, b timed) int {
		return cmp.Or(known(b.at)-known(a.at), known(a.late)-known(b.late), compareEnds(a.at, b.at), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Source, b.Source),
			cmp.Compare(a.from, b.from), cmp.Compare(a.Approve.After, b.Approve.After), cmp.Compare(a.Approve.Until, b.Approve.Until))
	})
	slices.SortFunc(requires, func(a, b Grant) int {
		return cmp.Or(a.Require.Approvers-b.Require.Approvers, cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Require.Role, b.Require.Role),
			cmp.Compare(a.Source, b.Source))
	})
	return approves, requires
}

func known(t *time.Time) int {
	if t == nil {
		return 0
	}
	return 1
}

// timedGrant counts from the rule's anchor, or from its fallback when the anchor is not known.
func timedGrant(g Grant, q Query) timed {
	for _, anchor := range []policy.Anchor{g.Approve.Anchor, g.Approve.Fallback} {
		at, ok := anchorOf(anchor, q.Update)
		switch {
		case !ok:
			continue
		case g.Approve.Until != "" && !q.before(at, g.Approve.Until):
			return timed{Grant: g, from: anchor, late: &at}
		}
		return timed{Grant: g, from: anchor, at: after(at, g.Approve.After)}
	}
	return timed{Grant: g, from: g.Approve.Anchor}
}

func anchorOf(a policy.Anchor, u inventory.Update) (time.Time, bool) {
	switch {
	case a == policy.Released && u.Released != nil:
		return *u.Released, real(*u.Released)
	case a == policy.FirstSeen:
		return u.FirstSeen, real(u.FirstSeen)
	default:
		return time.Time{}, false
	}
}

// real reports whether an instant can be one: sources write a missing date as the year 1 or as 1970.
func real(t time.Time) bool { return t.Unix() > 0 && t.UTC().Year() <= maxYear }

const maxYear = 9998 // RFC 3339 ends with 9999

// after adds a wait and rounds up to the second in which documents keep time, so that what waits until an instant is
// over at that instant. An end that no document can hold is not known.
func after(t time.Time, d policy.Duration) *time.Time {
	sum := t.Add(d.Std())
	at := canonical.Instant(sum)
	if at.Before(sum) {
		at = at.Add(time.Second)
	}
	if !real(at) {
		return nil
	}
	return &at
}

func (g timed) condition(now time.Time) condition {
	c := condition{rank: rankGrant, rule: g.Rule, source: g.Source, until: g.at}
	switch {
	case g.late != nil:
		c.outcome, c.code = NeedsApproval, ReasonPastUntil
		c.msg = fmt.Sprintf("rule %s approves until %s, and %s was at %s", g.Rule, g.Approve.Until, words(g.from), stamp(*g.late))
	case g.at == nil && g.Approve.Until != "":
		c.outcome, c.code = Pending, ReasonNoAnchor
		c.msg = fmt.Sprintf("rule %s approves until %s by %s, which is not known; give the rule a fallback", g.Rule, g.Approve.Until, words(g.from))
	case g.at == nil:
		c.outcome, c.code = Pending, ReasonNoAnchor
		c.msg = fmt.Sprintf("rule %s counts %s from %s, which is not known; give the rule a fallback", g.Rule, g.Approve.After, words(g.from))
	case g.at.After(now) && g.Approve.Until != "":
		c.outcome, c.code = Pending, ReasonWaitAnchor
		c.msg = fmt.Sprintf("rule %s approves at %s (%s, not after %s)", g.Rule, stamp(*g.at), words(g.from), g.Approve.Until)
	case g.at.After(now):
		c.outcome, c.code = Pending, ReasonWaitAnchor
		c.msg = fmt.Sprintf("rule %s approves at %s (%s after %s)", g.Rule, stamp(*g.at), g.Approve.After, words(g.from))
	default:
		c.outcome, c.code, c.rank, c.until = Approved, ReasonGranted, rankMet, nil
		c.msg = fmt.Sprintf("rule %s approves since %s", g.Rule, stamp(*g.at))
		if g.Approve.Until != "" {
			c.msg = fmt.Sprintf("rule %s approves until %s: %s was at %s", g.Rule, g.Approve.Until, words(g.from), stamp(*g.at))
		}
	}
	return c
}

// otherWays says what else would grant the update, beside the rule that is named already.
func otherWays(named string, approves []timed, requires []Grant) string {
	var out []string
	for _, g := range approves {
		switch {
		case g.Rule == named, g.late != nil:
		case g.at == nil:
			out = append(out, fmt.Sprintf("rule %s would approve if %s were known", g.Rule, words(g.from)))
		default:
			out = append(out, fmt.Sprintf("rule %s approves at %s", g.Rule, stamp(*g.at)))
		}
	}
	for _, g := range requires {
		if g.Rule != named {
			out = append(out, fmt.Sprintf("rule %s would approve with %s", g.Rule, signatures(g.Require)))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "; also " + strings.Join(out, "; ")
}

func words(a policy.Anchor) string {
	switch a {
	case policy.Released:
		return "its release"
	case policy.FirstSeen:
		return "the first scan that saw it"
	default:
		return fmt.Sprintf("%q", string(a))
	}
}

func signatures(r *policy.Require) string {
	if r.Approvers == 1 {
		return "1 signature of role " + r.Role
	}
	return fmt.Sprintf("%d signatures of role %s", r.Approvers, r.Role)
}

// stamp prints an instant for people. Reports add the tenant's own time beside it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
