package decision

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// endOf is the instant at which a date or wall time of a tenant is over, nil if it cannot be read: nobody knows then.
func endOf(t *policy.Tenant, s string) *time.Time {
	loc, err := window.Zone(t.Timezone)
	if err != nil {
		return nil
	}
	end, err := window.End(s, loc)
	if err != nil {
		return nil
	}
	return &end
}

// end is endOf, and nil for no end at all.
func (q Query) end(s string) *time.Time {
	if s == "" {
		return nil
	}
	return endOf(q.Policy, s)
}

// over reports whether an end is known and has come: what blocks until then blocks no more.
func (q Query) over(s string) bool {
	end := q.end(s)
	return end != nil && !q.At.Before(*end)
}

// before reports whether an instant lies before an end. Before one that nobody knows lies nothing.
func (q Query) before(at time.Time, s string) bool {
	end := q.end(s)
	return end != nil && at.Before(*end)
}

// WithDeclared returns the updates as rules see them at an instant: those that fix a CVE which the policy declares
// exploited count as exploited. The list that is given stays as it is. Whoever asks the rules asks about these.
func WithDeclared(t *policy.Tenant, at time.Time, updates []inventory.Update) []inventory.Update {
	copied := false
	for i, u := range updates {
		if _, ok := declared(t, at, u); !ok {
			continue
		}
		if !copied {
			updates, copied = slices.Clone(updates), true
		}
		updates[i].Exploited = true
	}
	return updates
}

// declared is the first declaration by which an update counts as exploited that no source calls so. One whose end cannot
// be read is none.
func declared(t *policy.Tenant, at time.Time, u inventory.Update) (policy.Declared, bool) {
	if u.Exploited {
		return policy.Declared{}, false
	}
	for _, d := range t.Exploited {
		if !slices.Contains(u.CVEs, d.CVE) {
			continue
		}
		if end := endOf(t, d.Expires); end != nil && at.Before(*end) {
			return d, true
		}
	}
	return policy.Declared{}, false
}
