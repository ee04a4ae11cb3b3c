package words

import (
	"fmt"
	"strings"
)

// groups say which hosts must not be down together, whatever their rings.
func (d describer) groups() Section {
	s := Section{Title: "Groups"}
	for _, g := range d.t.Groups {
		var names []string
		for _, h := range d.t.Hosts {
			if g.In(h) {
				names = append(names, h.Name)
			}
		}
		most := count(g.MinHealthy.Count, "host")
		if g.MinHealthy.Count == 0 {
			most = fmt.Sprintf("%d%% of them", g.MinHealthy.Percent)
		}
		lines := []Line{{"Of the hosts " + labels(g.Select, g.SelectBy) + ", whatever their rings, at least " + most + " must stay healthy; now it has " +
			count(len(names), "host") + ": " + few(names, 12) + ".", g.Source}}
		if len(g.Sequence) > 0 {
			lines = append(lines, Line{"They go one after the other, each once the one before has succeeded: " + strings.Join(g.Sequence, ", ") + ".", g.Source})
		}
		s.Items = append(s.Items, Item{g.Name, g.Source, lines})
	}
	return s
}
