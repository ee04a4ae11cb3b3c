package runner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner/ledger"
)

const (
	maxChecks    = 100
	maxCheckName = 100
)

// examine asks how well a host is; the worst comes first. Nil without an error: nobody says.
func examine(ctx context.Context, s Session, req providers.HealthRequest) ([]inventory.Check, error) {
	examiner, ok := s.Provider.(providers.Examiner)
	if !ok {
		return nil, nil
	}
	checks, err := examiner.Health(ctx, req, s.Exec)
	return neutral(checks), err
}

// unexamined stands for all checks of a host that should say how it is and could not be asked.
func unexamined(err error) []inventory.Check {
	return []inventory.Check{{Name: "health", State: inventory.HealthUnknown, Detail: note(err)}}
}

// neutral bounds what a host says of itself, the worst first, and gives each check its own name. A state that there is
// not is unknown.
func neutral(checks []providers.Check) []inventory.Check {
	states := []inventory.Health{inventory.HealthFailing, inventory.HealthUnknown, inventory.HealthOK}
	var out []inventory.Check
	for _, c := range checks {
		state := inventory.Health(c.State)
		if !slices.Contains(states, state) {
			state = inventory.HealthUnknown
		}
		out = append(out, inventory.Check{Name: untrusted.Line(c.Name, maxCheckName), State: state, Detail: untrusted.Line(c.Detail, maxText)})
	}
	slices.SortFunc(out, func(a, b inventory.Check) int {
		return cmp.Or(cmp.Compare(slices.Index(states, a.State), slices.Index(states, b.State)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Detail, b.Detail))
	})
	seen := map[string]bool{}
	out = slices.DeleteFunc(out, func(c inventory.Check) bool {
		twice := seen[c.Name]
		seen[c.Name] = true
		return twice
	})
	return out[:min(len(out), maxChecks)]
}

// Condition is how well the reading found its host; nothing when nobody says.
func (r Reading) Condition() inventory.Health {
	health, _ := healthOf(r.Health)
	return health
}

// healthOf is the worst of all checks, and those that are not well.
func healthOf(checks []inventory.Check) (inventory.Health, []inventory.Check) {
	if len(checks) == 0 {
		return "", nil
	}
	bad := slices.DeleteFunc(slices.Clone(checks), func(c inventory.Check) bool { return c.State == inventory.HealthOK })
	if len(bad) == 0 {
		return inventory.HealthOK, nil
	}
	return bad[0].State, bad
}

// baseline is what was failing before a change: as the host says right before it, else as the last scan has it. It is not
// known of a host that said nothing then, and nothing that fails afterwards is laid at the change's door.
func (r *run) baseline(ctx context.Context, j job, s Session) baseline {
	checks, err := examine(ctx, s, j.ofHealth(r.Clock()))
	if err != nil || len(checks) == 0 {
		return scannedBaseline(r.seen(j.host.Name))
	}
	return baseline{known: true, checks: checks}
}

// scannedBaseline is what a scan has; of a host that it could not wholly look at nothing is known.
func scannedBaseline(h *inventory.Host) baseline {
	if h == nil || h.Health != inventory.HealthOK && h.Health != inventory.HealthFailing {
		return baseline{}
	}
	return baseline{known: true, checks: h.Checks}
}

type baseline struct {
	known  bool
	checks []inventory.Check
}

// fell are the checks that fail now and did not before.
func (b baseline) fell(now []inventory.Check) []inventory.Check {
	if !b.known {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(now), func(c inventory.Check) bool {
		return c.State != inventory.HealthFailing || slices.ContainsFunc(b.checks, func(o inventory.Check) bool {
			return o.Name == c.Name && o.State == inventory.HealthFailing
		})
	})
}

// unwell makes a failure of a change that is installed and left its host worse than it was.
func unwell(a ledger.Action, fell []inventory.Check) ledger.Action {
	a.Status = ledger.Failed
	why := make([]string, 0, len(fell))
	for _, c := range fell {
		a.Unhealthy = append(a.Unhealthy, c.Name)
		why = append(why, strings.TrimSuffix(c.Name+": "+c.Detail, ": "))
	}
	if len(why) > 3 {
		why = append(why[:3:3], fmt.Sprintf("and %d more", len(why)-3))
	}
	a.Reason = untrusted.Line("installed, and the host is not well since: "+strings.Join(why, "; "), 2*maxReason)
	return a
}
