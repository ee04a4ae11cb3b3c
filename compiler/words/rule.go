package words

import (
	"cmp"
	"slices"

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
		s.Items = append(s.Items, Item{o.Name, o.Source, []Line{{"An update that no other rule matches " + effect(*o) + ".", o.Source}}})
		return s
	}
	s.Lines = append(s.Lines, Line{"An update that no rule matches is not installed.", d.t.Source})
	return s
}

// effect says what a rule does with an update that it matches.
func effect(r policy.Rule) string {
	switch {
	case r.Approve != nil:
		return approve(*r.Approve)
	case r.Require != nil:
		return "needs " + signatures(*r.Require)
	}
	return "is granted nothing"
}

func approve(a policy.Approve) string {
	text := "is approved " + afterAnchor(a.After, a.Anchor)
	switch {
	case a.Fallback != "":
		return text + "; where that is not known, " + afterAnchor(a.After, a.Fallback)
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

// lanes stand in the order in which they win.
func (d describer) lanes() Section {
	if len(d.t.Lanes) == 0 {
		return Section{}
	}
	s := Section{Title: "Lanes", Lines: []Line{{Text: "A lane treats some updates apart in every ring. What it does not say stays as the ring says, and so do gates, budget and freezes. " +
		"Of several lanes that match an update, the one that stands first here counts."}}}
	list := slices.Clone(d.t.Lanes)
	slices.SortStableFunc(list, func(a, b policy.Lane) int { return cmp.Compare(b.Priority, a.Priority) })
	for _, l := range list {
		s.Items = append(s.Items, Item{l.Name, l.Source, d.lane(l)})
	}
	return s
}

func (d describer) lane(l policy.Lane) []Line {
	out := []Line{{"It takes every update " + match(&l.Match) + ".", l.Source}}
	if names := l.WindowNames(); len(names) > 0 {
		out = append(out, d.opening("Instead of in their ring's window, they are installed", names, d.t.Hosts, l.Source)...)
	}
	if l.Soak != nil {
		text := "Gates need no time since the newest success."
		if *l.Soak > 0 {
			text = "Gates wait " + span(*l.Soak) + " since the newest success, instead of what the ring says."
		}
		out = append(out, Line{text, l.Source})
	}
	switch l.Reboot {
	case "":
	case policy.RebootNever:
		out = append(out, Line{"Hosts are not rebooted for them.", l.Source})
	default:
		out = append(out, Line{"A host that asks for a reboot after one of them is rebooted at once, in the same window.", l.Source})
	}
	return out
}
