package ledger

import (
	"slices"
)

// Without is the state without the actions in doubt that are merely under way: announced, and not yet said to be in
// doubt. A run that judges a gate while its own earlier waves are at work goes by it.
func (s State) Without(underway func(id string) bool) State {
	s.Evidence, s.InDoubt = slices.Clone(s.Evidence), slices.Clone(s.InDoubt)
	for i, d := range s.InDoubt {
		if !underway(d.ID) {
			continue
		}
		s.InDoubt[i].Canary = nil // its host is no canary in doubt yet
		for i, e := range s.Evidence {
			if e.Ring == d.Ring && slices.Contains(d.Updates, e.Update) {
				s.Evidence[i].InDoubt--
				s.Evidence[i].Attempted--
			}
		}
	}
	return s
}
