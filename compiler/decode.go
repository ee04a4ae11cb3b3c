package compiler

import (
	"cmp"
	"io/fs"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

var days = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// tenant reads a whole tenant but for its hosts and modules. It also returns where it names its hosts files.
func (n node) tenant(name string) (*policy.Tenant, []node) {
	t := &policy.Tenant{
		APIVersion: "ringfence.dev/v1", Kind: "Policy", Name: name,
		Timezone: n.get("timezone").mark().str(`an IANA time zone such as "Europe/Berlin"`),
		Rings:    each(n.get("rings"), node.ring),
		Windows:  each(n.get("windows"), node.window),
		Lanes:    each(n.get("lanes"), node.lane),
		Freezes:  each(n.get("freezes"), node.freeze),
		Hosts:    []policy.Host{},
		Modules:  []policy.Module{},
		Source:   n.source(),
	}
	if b := n.get("testClock").boolean(); b != nil {
		t.TestClock = *b
	}
	n.approval(t)
	files := n.get("hosts").items()
	for _, f := range files {
		f.inner()
	}
	return t, files
}

// inner reads a path that stays inside the directory of its file.
func (n node) inner() string {
	s := n.str("a file's path")
	if s != "" && !fs.ValidPath(s) || n.isEmptyString() {
		n.reject(diag.BadHostsFile, "must be a path inside the tenant's directory, such as \"hosts.yaml\", not %q", oneLine(s))
		return ""
	}
	return s
}

// each reads every entry of a struct; the result is sorted by name and never nil.
func each[T any](n node, read func(node) T) []T {
	out := []T{}
	for _, f := range n.fields() {
		out = append(out, read(f))
	}
	return out
}

func (n node) ring() policy.Ring {
	return policy.Ring{
		Name:           n.label(),
		Select:         n.get("select").labels(),
		Window:         n.get("window").mark().ref(),
		Requires:       each(n.get("requires"), node.requirement),
		MaxUnavailable: n.get("maxUnavailable").amount(),
		StopAtFailures: n.get("stopAtFailures").integer(1, maxCount),
		Reboot:         n.get("reboot").reboot(),
		RebootWindow:   n.get("rebootWindow").mark().ref(),
		Source:         n.source(),
		SelectSource:   n.get("select").source(),
	}
}

// labels reads a selector. An empty one would take every host by accident.
func (n node) labels() []policy.Label {
	out := []policy.Label{}
	for _, f := range n.fields() {
		out = append(out, policy.Label{Key: f.label(), Value: f.str("a string, as labels are")})
	}
	if len(out) == 0 && n.exists() {
		n.report(diag.New(diag.EmptyMatch, "%s selects nothing", n.name()).WithFix("name at least one label, such as tier: %q", "prod"))
	}
	return out
}

// ref reads the name of something else.
func (n node) ref() string {
	return n.matching(nameGrammar, diag.WrongValue, "a name")
}

func (n node) reboot() policy.Reboot {
	return policy.Reboot(n.enum(string(policy.RebootNever), string(policy.RebootIfRequired)))
}

func (n node) requirement() policy.Requirement {
	req := policy.Requirement{
		Ring:         n.label(),
		Succeeded:    n.get("succeeded").percent(),
		MinSucceeded: n.get("minSucceeded").integer(1, maxCount),
		Soak:         n.get("soak").duration(),
		IfUntested: policy.IfUntested(n.get("ifUntested").enum(
			string(policy.UntestedNeedsApproval), string(policy.UntestedWait), string(policy.UntestedApprove))),
		Source: n.source(),
	}
	if tenant, ring, ok := strings.Cut(n.label(), "/"); ok {
		req.Tenant, req.Ring = tenant, ring
	}
	return req
}

func (n node) window() policy.Window {
	w := policy.Window{
		Name:     n.label(),
		Start:    n.get("start").clock("15:04", `a wall time such as "22:00"`),
		Duration: n.get("duration").mark().duration(),
		Source:   n.source(),
	}
	n.get("days").some("a day")
	for _, d := range n.get("days").items() {
		w.Days = append(w.Days, d.enum(days...))
	}
	slices.SortFunc(w.Days, func(a, b string) int { return cmp.Compare(slices.Index(days, a), slices.Index(days, b)) })
	w.Days = slices.Compact(w.Days)
	if m := n.get("monthly"); m.exists() {
		w.Monthly = &policy.Monthly{Nth: m.nth(), Weekday: m.get("weekday").enum(days...), OffsetDays: m.get("offsetDays").integer(-31, 31)}
	}
	if b := n.get("always").boolean(); b != nil {
		w.Always = *b
	}
	n.recurrence()
	return w
}

func (n node) nth() int {
	i := n.get("nth").integer(-1, 5)
	if v, ok := n.get("nth").concrete(); ok && i == 0 {
		if zero, err := v.Int64(); err == nil && zero == 0 {
			n.get("nth").reject(diag.WrongValue, "must be 1 to 5, or -1 for the last, not 0")
		}
	}
	return i
}

// recurrence checks that a window says exactly one kind of recurrence, and completely.
func (n node) recurrence() {
	var kinds []string
	for _, k := range []string{"always", "days", "monthly"} {
		if n.has(k) {
			kinds = append(kinds, k)
		}
	}
	switch {
	case len(kinds) == 0:
		n.report(diag.New(diag.MissingField, "%s does not say when it opens", n.name()).WithFix("add days, monthly or always: true"))
	case len(kinds) > 1:
		n.get(kinds[1]).report(diag.New(diag.Conflict, "%s has both %s and %s", n.name(), kinds[0], kinds[1]).WithFix("keep one of them"))
	case len(kinds) == 1 && kinds[0] == "always":
		for _, k := range []string{"start", "duration"} {
			if n.get(k).exists() {
				n.get(k).report(diag.New(diag.Conflict, "%s is always open and cannot have a %s", n.name(), k).WithFix("remove always or %s", k))
				return
			}
		}
	case len(kinds) == 1:
		for _, k := range []string{"start", "duration"} {
			if !n.has(k) {
				n.missing(k)
			}
		}
	}
}

func (n node) lane() policy.Lane {
	l := policy.Lane{
		Name:     n.label(),
		Match:    n.get("match").match(),
		Window:   n.get("window").mark().ref(),
		Reboot:   n.get("reboot").reboot(),
		Priority: n.get("priority").integer(-maxCount, maxCount),
		Source:   n.source(),
	}
	if s := n.get("soak"); s.exists() {
		d := s.duration()
		l.Soak = &d
	}
	return l
}

func (n node) freeze() policy.Freeze {
	const layout, what = "2006-01-02T15:04", `a wall time such as "2026-12-18T18:00"`
	f := policy.Freeze{
		Name:   n.label(),
		Starts: n.get("starts").mark().clock(layout, what),
		Ends:   n.get("ends").mark().clock(layout, what),
		Reason: n.get("reason").str("a reason in words"),
		Source: n.source(),
	}
	if a := n.get("allow"); a.exists() {
		m := a.match()
		f.Allow = &m
	}
	return f
}
