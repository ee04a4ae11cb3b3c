package plan

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/inventory"
)

// unwell names the hosts of a ring at this site that have an update, by how well they are, with what is wrong.
func (b *build) unwell(ring string, u int, health inventory.Health) []string {
	if b.ailing == nil {
		b.ailing = b.ailingHosts()
	}
	var out []string
	for _, h := range b.ailing[ring] {
		if h.Condition() == health && slices.ContainsFunc(h.Installed, func(i inventory.Installed) bool { return i.Update == u }) {
			out = append(out, ailment(h, health))
		}
	}
	return out
}

// ailing are hosts by ring.
type ailing map[string][]inventory.Host

// ailingHosts are those of each ring whom nobody knows to be well, sorted: few, and asked for once for each update.
func (b *build) ailingHosts() ailing {
	out := ailing{}
	rings := map[string]string{}
	for _, h := range b.Policy.Hosts {
		if of, ok := b.Policy.RingOf(h); ok {
			rings[h.Name] = of.Name
		}
	}
	for _, h := range b.Snapshot.Hosts {
		if ring := rings[h.Name]; ring != "" && h.Condition() != inventory.HealthOK {
			out[ring] = append(out[ring], h)
		}
	}
	return out
}

// ailment is a host with the first of its checks that makes it what it is.
func ailment(h inventory.Host, health inventory.Health) string {
	switch checks := h.Ailing(health); {
	case h.State != inventory.Scanned:
		return h.Name + " (" + string(h.State) + ")"
	case len(checks) > 0:
		return h.Name + " (" + strings.TrimSuffix(checks[0].Name+": "+checks[0].Detail, ": ") + ")"
	case h.Health == "":
		return h.Name + " (its provider does not say)"
	}
	return h.Name
}
