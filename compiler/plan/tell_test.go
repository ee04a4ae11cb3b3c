package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
)

// only keeps the hosts whose names begin with a prefix.
func only(in plan.Input, prefix string) plan.Input {
	in.Snapshot.Hosts = slices.DeleteFunc(in.Snapshot.Hosts, func(h inventory.Host) bool { return !strings.HasPrefix(h.Name, prefix) })
	return in
}

// tell prints what a plan does, a line for each row.
func tell(p *plan.Plan) string {
	var b strings.Builder
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			c := p.Changes[w.Change]
			fmt.Fprintf(&b, "%s/%s wave %d %s %s %s: change %d %s %s\n", r.Ring, r.Lane, w.Wave, w.Window, plantest.Span(w),
				strings.Join(w.Hosts, " "), c.ID, names(c), c.Reboot)
		}
		for _, w := range r.Waiting {
			fmt.Fprintf(&b, "%s/%s waits for %s until %s %s: %s %s\n", r.Ring, r.Lane, w.For, plantest.Short(w.Until), strings.Join(w.Hosts, " "),
				name(w.Update), codes(w.Reasons))
		}
		for _, w := range r.Rejected {
			fmt.Fprintf(&b, "%s/%s rejects %s: %s %s\n", r.Ring, r.Lane, strings.Join(w.Hosts, " "), name(w.Update), codes(w.Reasons))
		}
	}
	return b.String()
}

func name(purl string) string {
	s := purl[strings.LastIndex(purl, "/")+1:]
	return s[:strings.IndexByte(s, '@')]
}

func names(c plan.Change) string {
	var out []string
	for _, u := range c.Updates {
		out = append(out, name(u.Update))
	}
	return strings.Join(out, "+")
}

func codes(reasons []decision.Reason) string {
	var out []string
	for _, r := range reasons {
		out = append(out, r.Code)
	}
	return strings.Join(out, " ")
}

func wantTold(t *testing.T, p *plan.Plan, want string) {
	t.Helper()
	want = strings.TrimSpace(strings.ReplaceAll(want, "\t", ""))
	if got := strings.TrimSpace(tell(p)); got != want {
		t.Errorf("at %s\ngot:\n%s\nwant:\n%s", p.At, got, want)
	}
}
