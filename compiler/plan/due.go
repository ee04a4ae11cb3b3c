package plan

import "time"

// DueWave is a row of a plan whose occurrence is open.
type DueWave struct {
	Ring string
	Lane string
	Wave
}

// Open reports whether the wave's occurrence is open at an instant.
func (w Wave) Open(at time.Time) bool {
	return !at.Before(w.Opens) && (w.Closes == nil || at.Before(*w.Closes))
}

// Due returns the waves whose occurrence is open at an instant, in the order of the plan.
func Due(p *Plan, at time.Time) []DueWave {
	var out []DueWave
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			if w.Open(at) {
				out = append(out, DueWave{r.Ring, r.Lane, w})
			}
		}
	}
	return out
}

// NextDue returns when the next wave opens after an instant; ok is false when none does. Waves that are open already
// do not count.
func NextDue(p *Plan, after time.Time) (next time.Time, ok bool) {
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			if w.Opens.After(after) && (!ok || w.Opens.Before(next)) {
				next, ok = w.Opens, true
			}
		}
	}
	return next, ok
}
