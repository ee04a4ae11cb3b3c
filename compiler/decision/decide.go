package decision

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Decide answers a query. It is a pure function and does not depend on the order of grants, blocks or evidence.
//
// Every block, the grants together and every required ring are conditions that must all hold. An update that meets them
// all is approved. Otherwise the outcome is that of the condition which ends last: a rejection comes last, a wait whose
// end nobody can know ends after every known instant. Reasons list all conditions that do not hold, the last to end
// first, and then what is settled already.
func Decide(q Query) Decision {
	conditions := append(blocks(q), grants(q))
	conditions = append(conditions, gates(q)...)
	if q.Rest {
		conditions = append(conditions, q.canary().conditions()...)
	}
	if d, ok := declared(q.Policy, q.At, q.Update); ok {
		conditions = append(conditions, condition{
			outcome: Approved, rank: rankNote, code: ReasonExploited, source: d.Source,
			msg: fmt.Sprintf("counts as exploited: %s, declared until %s: %s", d.CVE, d.Expires, d.Reason),
		})
	}
	if q.Break != nil {
		conditions = append(conditions, q.Break.condition())
	}
	slices.SortStableFunc(conditions, lastFirst)
	d := Decision{
		Tenant: q.Policy.Name, Ring: q.Ring.Name, Lane: laneName(q.Lane), Update: q.Update.PURL,
		Outcome: conditions[0].outcome, Until: conditions[0].until, Rule: ruleOf(conditions),
		Class: cmp.Or(q.ClassDigest, q.Answer.Class),
	}
	for _, c := range conditions {
		d.Reasons = append(d.Reasons, Reason{Code: c.code, Msg: c.msg, Source: c.source, Until: c.until})
	}
	return d
}

// condition is one thing that must hold. Outcome is Approved when it does; until is nil when no end is known.
type condition struct {
	outcome Outcome
	code    string
	msg     string
	source  string
	rule    string // the rule or module, "" for a gate
	until   *time.Time
	rank    int // among conditions without a known end: which one is named first
}

// The ranks of conditions without a known end: what nobody can sign away comes first.
const (
	rankReject = iota
	rankHold
	rankSignature
	rankGrant
	rankGate
	rankMet
	rankWaived
	rankNote
)

// weight is larger for what ends later.
func (c condition) weight() int {
	switch {
	case c.outcome == Rejected:
		return 3
	case c.outcome == Approved:
		return 0
	case c.until == nil:
		return 2
	default:
		return 1
	}
}

func lastFirst(a, b condition) int {
	return cmp.Or(
		cmp.Compare(b.weight(), a.weight()), compareEnds(b.until, a.until), cmp.Compare(a.rank, b.rank),
		cmp.Compare(a.rule, b.rule), cmp.Compare(a.code, b.code), cmp.Compare(a.source, b.source), cmp.Compare(a.msg, b.msg))
}

// compareEnds puts what has no known end last.
func compareEnds(a, b *time.Time) int {
	if a == nil || b == nil {
		return known(b) - known(a)
	}
	return a.Compare(*b)
}

// ruleOf is the rule that decided: that of the first condition that has one. A gate has none, so that what is approved
// but for its gate names the rule which approves.
func ruleOf(conditions []condition) string {
	for _, c := range conditions {
		if c.rule != "" {
			return c.rule
		}
	}
	return ""
}

// blocks are the conditions that what stands in the way makes, whatever is granted. What has expired makes none.
func blocks(q Query) []condition {
	out := make([]condition, 0, len(q.Answer.Blocks)+2)
	for _, b := range q.Answer.Blocks {
		if b.Expires != "" && q.over(b.Expires) {
			continue
		}
		out = append(out, b.condition(q.end(b.Expires)))
	}
	return out
}

// condition of a break ends when people release it. It has no rule: what is held but for the breaker names the rule that
// approves.
func (b Break) condition() condition {
	return condition{
		outcome: Pending, rank: rankHold, code: ReasonBreaker,
		msg: fmt.Sprintf("held by the breaker since %s: it failed on %s of the tenants that share it", stamp(b.At), hosts(b.Hosts)),
	}
}

// condition of a block; until is when it ends, nil if nobody knows.
func (b Block) condition(until *time.Time) condition {
	c := condition{source: b.Source, rule: b.Rule}
	if b.Kind == Reject || b.Kind == Hold {
		c.until = until
	}
	switch {
	case b.Kind == Reject:
		c.outcome, c.rank, c.code, c.msg = Rejected, rankReject, ReasonRejected, "rejected by "+b.Rule+": "+b.Msg
		if until != nil {
			c.msg = "rejected by " + b.Rule + " until " + stamp(*until) + ": " + b.Msg
		}
	case b.Kind == Hold && until != nil:
		c.outcome, c.rank, c.code, c.msg = Pending, rankHold, ReasonHold, "held by "+b.Rule+" until "+stamp(*until)+": "+b.Msg
	case b.Kind == Hold:
		c.outcome, c.rank, c.code, c.msg = Pending, rankHold, ReasonHold, "held by "+b.Rule+" until its rule changes: "+b.Msg
	case b.Kind == RequireKind && b.Require != nil:
		c.outcome, c.rank, c.code = NeedsApproval, rankSignature, ReasonNeedsApproval
		c.msg = b.Rule + " asks for " + signatures(b.Require) + ": " + b.Msg
	default: // Failed, and any kind that this version does not know
		c.outcome, c.rank, c.code = Pending, rankHold, ReasonEvaluator
		c.msg = "denied until its rules can be evaluated: " + b.Msg
	}
	return c
}
