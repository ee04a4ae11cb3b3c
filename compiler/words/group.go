package words

import (
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/compiler/policy"
)

// groups say which hosts must not be down together, whatever their rings.
func (d describer) groups() Section {
	s := Section{Title: "Groups"}
	for _, g := range d.t.Groups {
		var names []string
		sites := map[string]bool{}
		for _, h := range d.t.Hosts {
			if g.In(h) {
				names, sites[h.Site()] = append(names, h.Name), true
			}
		}
		most := count(g.MinHealthy.Count, "host")
		if g.MinHealthy.Count == 0 {
			most = fmt.Sprintf("%d%% of them", g.MinHealthy.Percent)
		}
		lines := []Line{{"Of the hosts " + labels(g.Select, g.SelectBy) + ", whatever their rings, at least " + most + " must stay healthy. " + members(g, names, len(sites)), g.Source}}
		if len(g.Sequence) > 0 {
			lines = append(lines, Line{"They go one after the other, each once the one before has succeeded: " + strings.Join(g.Sequence, ", ") + ".", g.Source})
		}
		s.Items = append(s.Items, Item{g.Name, g.Source, lines})
	}
	return s
}

// members says who is in a group, and how many of them may be down at the same time.
func members(g policy.Group, names []string, sites int) string {
	n := len(names)
	text := "Now it has " + count(n, "host")
	if n > 0 {
		text += ": " + few(names, 12)
	}
	switch down := max(0, n-g.Healthy(n)); {
	case n == 0:
		return text + "."
	case sites > 1:
		return text + ". They are at several sites, where nobody can count them together, so none of them may go down."
	case down == 0:
		return text + ". None of them may go down."
	default:
		return fmt.Sprintf("%s. So %d of %d may be down at the same time.", text, down, n)
	}
}
