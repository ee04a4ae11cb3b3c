package words

import (
	"strings"

	"github.com/ringfence/ringfence/compiler/policy"
)

// approval holds the rules that grant, and how they act together.
func (d describer) approval() Section {
	s := Section{Title: "Approval", Lines: []Line{{Text: "An update may be installed when at least one rule grants it and nothing rejects or holds it. " +
		"Of several rules that match, the one that grants first counts; their order means nothing."}}}
	for _, r := range d.t.Rules {
		s.Items = append(s.Items, Item{r.Name, r.Source, []Line{{"An update " + match(r.Match) + " " + effect(r) + ".", r.Source}}})
	}
	if o := d.t.Otherwise; o != nil {
		s.Items = append(s.Items, Item{o.Name, o.Source, []Line{{"An update that no rule matches which approves or asks for signatures " + effect(*o) + ".", o.Source}}})
		return s
	}
	s.Lines = append(s.Lines, Line{"An update that no rule matches is not installed.", d.t.Source})
	return s
}

// declared are the CVEs that the policy itself calls exploited.
func (d describer) declared() Section {
	if len(d.t.Exploited) == 0 {
		return Section{}
	}
	s := Section{Title: "Declared exploited", Lines: []Line{{Text: "An update that fixes one of these counts as known to be exploited, whatever its source says."}}}
	for _, x := range d.t.Exploited {
		s.Items = append(s.Items, Item{x.CVE, x.Source, []Line{{"It counts until " + end(x.Expires) + ". " + sentence(x.Reason), x.Source}}})
	}
	return s
}

// off lists what the policy declares and switches off.
func (d describer) off() Section {
	if len(d.t.Off) == 0 {
		return Section{}
	}
	return Section{Title: "Switched off", Lines: []Line{{Text: "These are written down and have no effect: " + and(d.t.Off) + "."}}}
}

// sentence is a reason of the policy's author.
func sentence(reason string) string { return "The reason: " + strings.TrimSuffix(reason, ".") + "." }

// effect says what a rule does with an update that it matches.
func effect(r policy.Rule) string {
	switch {
	case r.Approve != nil:
		return approve(*r.Approve)
	case r.Require != nil:
		return "needs " + signatures(*r.Require)
	case r.Reject != nil:
		return "is rejected" + until(r.Reject.Expires) + ". " + strings.TrimSuffix(sentence(r.Reject.Reason), ".")
	case r.Hold != nil:
		return "is held" + until(r.Hold.Until) + ". " + strings.TrimSuffix(sentence(r.Hold.Reason), ".")
	}
	return "is granted nothing"
}

func until(last string) string {
	if last == "" {
		return ""
	}
	return " until " + end(last)
}

func approve(a policy.Approve) string {
	if a.Until != "" {
		return approveUntil(a)
	}
	text := "is approved " + afterAnchor(a.After, a.Anchor)
	switch {
	case a.Fallback != "" && a.Fallback != a.Anchor:
		return text + "; where that is not known, " + afterAnchor(a.After, a.Fallback)
	case a.Anchor == policy.Released:
		return text + "; where that is not known, it waits"
	}
	return text
}

func approveUntil(a policy.Approve) string {
	text := "is approved if " + anchors[a.Anchor].happened + " by " + end(a.Until)
	if a.After > 0 {
		text += ", " + span(a.After) + " later"
	}
	switch {
	case a.Fallback != "" && a.Fallback != a.Anchor:
		return text + "; where that is not known, if " + anchors[a.Fallback].happened + " by then"
	case a.Anchor == policy.Released:
		return text + "; where that is not known, it waits"
	}
	return text
}

func afterAnchor(after policy.Duration, anchor policy.Anchor) string {
	if after == 0 {
		return "as soon as " + anchors[anchor].happened
	}
	return span(after) + " after " + anchors[anchor].event
}

// anchors are the instants that rules count from, as a clause and as a noun.
var anchors = map[policy.Anchor]struct{ happened, event string }{
	policy.Released:  {"its vendor released it", "its release"},
	policy.FirstSeen: {"a scan saw it missing", "a scan first saw it missing"},
}

func signatures(r policy.Require) string {
	if r.Approvers == 1 {
		return "the signature of a person of role " + r.Role
	}
	return "the signatures of " + count(r.Approvers, "different person") + " of role " + r.Role
}
