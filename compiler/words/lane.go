package words

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/compiler/policy"
)

// lanes stand in the order in which they win.
func (d describer) lanes() Section {
	if len(d.t.Lanes) == 0 {
		return Section{}
	}
	s := Section{Title: "Lanes", Lines: []Line{{Text: "A lane treats some updates apart in every ring. What it does not say stays as the ring says, and so do gates and budget. " +
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
	if l.Canary != (policy.Amount{}) {
		out = append(out, Line{canary(l), l.Source})
	}
	if l.StaleAfter > 0 {
		out = append(out, Line{"It is an alarm when a host has lacked a newer version for longer than " + span(l.StaleAfter) + ", or no scan has reached it for as long.", l.Source})
	}
	if len(l.Passes) > 0 {
		out = append(out, Line{"These freezes do not count for them: " + and(l.Passes) + ".", l.Source})
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

// canary says who goes first, and what the others wait for.
func canary(l policy.Lane) string {
	who := count(l.Canary.Count, "host")
	if l.Canary.Count == 0 {
		who = fmt.Sprintf("%d%% of the hosts, rounded down but at least 1,", l.Canary.Percent)
	}
	wait := ""
	if l.Soak != nil && *l.Soak > 0 {
		wait = ", and " + span(*l.Soak) + " longer"
	}
	if l.Canary.Count == 1 {
		return "In each ring 1 host gets it first, the same one for every update as long as it can be reached. The others wait until " +
			"it has succeeded there" + wait + ". If it fails there, or nobody knows how it ended, the others wait on."
	}
	return "In each ring " + who + " get it first, the same ones for every update as long as they can be reached. The others wait until " +
		"it has succeeded on as many" + wait + ". If it fails on one of these, or nobody knows how it ended, the others wait on."
}
