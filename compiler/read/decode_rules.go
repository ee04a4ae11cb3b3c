package read

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

const otherwise = "otherwise"

// approval reads the approval rules into t.
func (n node) approval(t *policy.Tenant) {
	t.Rules = []policy.Rule{}
	for _, f := range n.get("approval").fields() {
		rule := f.rule()
		if f.label() != otherwise {
			m := f.get("match").match()
			rule.Match = &m
		}
		switch {
		case f.off():
			t.Off = append(t.Off, "approval."+rule.Name)
		case rule.Match == nil:
			t.Otherwise = &rule
		default:
			t.Rules = append(t.Rules, rule)
		}
	}
}

// kindsOfRule are what a rule may say, one of them.
var kindsOfRule = []string{"approve", "require", "reject", "hold"}

func (n node) rule() policy.Rule {
	r := policy.Rule{Name: n.label(), Source: n.source()}
	if a := n.get("approve"); a.exists() {
		r.Approve = a.approve()
	}
	if q := n.get("require"); q.exists() {
		r.Require = &policy.Require{Approvers: q.get("approvers").integer(1, maxCount), Role: q.get("role").ref()}
	}
	if x := n.get("reject"); x.exists() {
		r.Reject = &policy.Reject{Reason: x.get("reason").reason(), Expires: x.get("expires").end()}
	}
	if h := n.get("hold"); h.exists() {
		r.Hold = &policy.Hold{Reason: h.get("reason").reason(), Until: h.get("until").end()}
	}
	n.oneKind()
	return r
}

// oneKind checks that a rule says exactly one thing.
func (n node) oneKind() {
	var found []string
	for _, k := range kindsOfRule {
		if n.has(k) {
			found = append(found, k)
		}
	}
	switch {
	case len(found) == 0:
		n.report(diag.New(diag.MissingField, "%s says neither approve, require, reject nor hold", n.name()).
			WithFix("add approve: {after: \"48h\"} or require: {approvers: 1, role: \"ops\"}, or reject: reason: \"…\""))
	case len(found) > 1 && n.get(found[0]).exists() && n.get(found[1]).exists():
		n.exclude(found[0], found[1], "has both "+found[0]+" and "+found[1], "keep one of them; two rules that match are alternatives")
	}
}

func (n node) approve() *policy.Approve {
	a := &policy.Approve{
		After:    n.get("after").duration(),
		Until:    n.get("until").end(),
		Anchor:   cmp.Or(policy.Anchor(n.get("anchor").enum(string(policy.FirstSeen), string(policy.Released))), policy.FirstSeen),
		Fallback: policy.Anchor(n.get("fallback").enum(string(policy.FirstSeen))),
	}
	switch {
	case n.get("after").exists() && n.get("until").exists():
		n.exclude("after", "until", "has both after and until", "keep one of them; two rules that match are alternatives")
	case !n.has("after") && !n.has("until"):
		n.report(diag.New(diag.MissingField, "%s needs a field \"after\" or \"until\"", n.name()).
			WithFix("add after: \"48h\", or until: \"2026-11-30\""))
	}
	return a
}

// reason reads why something stands.
func (n node) reason() string { return n.matching(anyText, diag.WrongValue, "a reason in words") }

// end reads a date or wall time at which something ends; "" if the field is absent.
func (n node) end() string {
	const what = `a date such as "2026-11-30", which ends with its day, or a wall time such as "2026-11-30T18:00"`
	s := n.str(what)
	if s == "" && !n.isEmptyString() {
		return ""
	}
	if _, err := window.End(s, time.UTC); err != nil {
		n.reject(diag.BadTime, "must be %s, not %q", what, diag.Short(s))
		return ""
	}
	return s
}

var cveGrammar = lazyregexp.New(`^CVE-[0-9]{4}-[0-9]{4,19}$`)

// cves reads a list of CVE numbers.
func (n node) cves() []string {
	return n.several(func(c node) string {
		return c.matching(cveGrammar, diag.WrongValue, `a CVE number such as "CVE-2026-1234"`)
	})
}

// several reads a list whose order means nothing; it may be empty.
func (n node) several(read func(node) string) []string {
	var out []string
	for _, i := range n.items() {
		out = append(out, read(i))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// declared reads one CVE that counts as exploited.
func (n node) declared() policy.Declared {
	return policy.Declared{CVE: n.label(), Reason: n.get("reason").reason(), Expires: n.get("expires").end(), Source: n.source()}
}

// off reports whether the entry is switched off.
func (n node) off() bool {
	b := n.get("enabled").mark().boolean()
	return b != nil && !*b
}

// present reads every entry of a struct and leaves out those that are switched off, which go to t.Off. Their mistakes
// count all the same: to switch one on again must not break anything.
func present[T any](n node, t *policy.Tenant, read func(node) T) []T {
	out := []T{}
	for _, f := range n.fields() {
		entry := read(f)
		if f.off() {
			t.Off = append(t.Off, n.label()+"."+f.label())
			continue
		}
		out = append(out, entry)
	}
	return out
}
