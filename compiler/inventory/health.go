package inventory

import "slices"

// Health is how well a host is, as its providers say. The empty Health is of a host of which none said anything.
type Health string

// What a host may be. Of all its checks the worst counts.
const (
	HealthOK      Health = "ok"
	HealthFailing Health = "failing"
	HealthUnknown Health = "unknown"
)

// Check is one thing that was looked at on a host and is not well.
type Check struct {
	Name   string `json:"check"`
	State  Health `json:"state"`
	Detail string `json:"detail,omitempty"`
}

// Condition is what the newest scan knows of the host's health: of one that it did not read, or whose providers say
// nothing, it is unknown.
func (h Host) Condition() Health {
	if h.State != Scanned || h.Health != HealthOK && h.Health != HealthFailing {
		return HealthUnknown
	}
	return h.Health
}

// Has reports whether a host of the snapshot has an update, by its purl.
func (s *Snapshot) Has(h *Host, purl string) bool {
	return slices.ContainsFunc(h.Installed, func(i Installed) bool { return s.Updates[i.Update].PURL == purl })
}

// Ailing are the host's checks of a state.
func (h Host) Ailing(state Health) []Check {
	var out []Check
	for _, c := range h.Checks {
		if c.State == state {
			out = append(out, c)
		}
	}
	return out
}
