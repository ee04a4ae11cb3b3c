package effect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/effect"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
	"github.com/ringfence/ringfence/compiler/policy"
)

// sourced gives every part of acme a line of its own.
func sourced(in plan.Input) plan.Input {
	p := *in.Policy
	p.Source = "tenant.cue:1:1"
	p.Rings, p.Windows, p.Hosts = append([]policy.Ring{}, p.Rings...), append([]policy.Window{}, p.Windows...), append([]policy.Host{}, p.Hosts...)
	for i := range p.Rings {
		r := &p.Rings[i]
		r.Source, r.SelectSource = fmt.Sprintf("tenant.cue:%d:1", 10+10*i), fmt.Sprintf("tenant.cue:%d:1", 11+10*i)
		r.Requires = append([]policy.Requirement{}, r.Requires...)
		for j := range r.Requires {
			r.Requires[j].Source = fmt.Sprintf("tenant.cue:%d:1", 12+10*i+j)
		}
	}
	for i := range p.Windows {
		p.Windows[i].Source = fmt.Sprintf("baseline.cue:%d:1", 1+i)
	}
	for i := range p.Hosts {
		p.Hosts[i].Source = fmt.Sprintf("hosts.yaml:%d:3", 1+i)
	}
	in.Policy = &p
	in.Answers = append([]decision.Answer{}, in.Answers...)
	return in
}

// groupLines is a line for each group.
func groupLines(d effect.TenantDiff) string {
	var b strings.Builder
	for _, g := range d.Groups {
		by := ""
		if g.By != nil {
			by = fmt.Sprintf(" by %dh", *g.By/3600)
		}
		fmt.Fprintf(&b, "%s %s %d on %d in %s%s: %s %s %s\n", g.Kind, g.Of, g.Count, g.Hosts, g.Ring, by, g.Cause.Side, g.Cause.Source, g.Cause.What)
	}
	return b.String()
}

// TestWhatAnEditDoes: the kinds of edits that people make, each with the line that is why.
func TestWhatAnEditDoes(t *testing.T) {
	reject := decision.Answer{Grants: plantest.Grant, Blocks: []decision.Block{{Kind: decision.Reject, Rule: "noBash", Msg: "no", Source: "reject.rego:7:1"}}}
	for name, c := range map[string]struct {
		edit func(base, head *plan.Input)
		want string
	}{
		"a reject rule goes": {func(base, _ *plan.Input) {
			base.Answers[0] = reject
			base.Policy.Modules = []policy.Module{{Path: "reject.rego", Text: "deny"}}
		}, `rejected-to-approved update 4 on 4 in broad: base reject.rego:7:1 Rego
			rejected-to-approved update 3 on 3 in pilot: base reject.rego:7:1 Rego
			reboots reboot 4 on 4 in broad: base reject.rego:7:1 Rego`},
		"a window moves a week": {func(_, head *plan.Input) {
			head.Policy.Windows[2] = policy.Window{Name: "weekend", Dates: []string{"2026-11-28"}, Start: "20:00", Duration: plantest.Hours(8), Source: "baseline.cue:40:1"}
		}, `later update 4 on 4 in broad by 168h: head baseline.cue:40:1 window weekend
			reboots-moved reboot 4 on 4 in broad by 168h: head baseline.cue:40:1 window weekend`},
		"a soak is longer": {func(_, head *plan.Input) {
			head.Policy.Rings[0].Requires[1].Soak = plantest.Hours(240)
		}, `later update 4 on 4 in broad by 168h: head tenant.cue:13:1 ring broad requires pilot
			reboots-moved reboot 4 on 4 in broad by 168h: head tenant.cue:13:1 ring broad requires pilot`},
		"a host has another tier": {func(_, head *plan.Input) {
			head.Policy.Hosts[0].Labels = []policy.Label{{Key: "tier", Value: "spare"}}
		}, `lost-coverage host 1 on 1 in broad: head hosts.yaml:1:3 the hosts file
			lost-coverage update 1 on 1 in broad: head hosts.yaml:1:3 the hosts file
			no-reboots reboot 1 on 1 in broad: head hosts.yaml:1:3 the hosts file`},
		"a host moves to another site": {func(_, head *plan.Input) {
			head.Policy.Hosts[4].Labels = []policy.Label{{Key: "site", Value: "ham"}, {Key: "tier", Value: "pilot"}}
		}, `limits ring 1 on 0 in pilot: head hosts.yaml:5:3 the hosts file
			changed host 1 on 1 in pilot: head hosts.yaml:5:3 the hosts file
			changed update 1 on 1 in pilot: head hosts.yaml:5:3 the hosts file`},
		"a selector is misspelt": {func(_, head *plan.Input) {
			head.Policy.Rings[1].Select = []policy.Label{{Key: "tier", Value: "piolt"}}
		}, `lost-coverage host 3 on 3 in pilot: head tenant.cue:21:1 select of ring pilot
			lost-coverage update 3 on 3 in pilot: head tenant.cue:21:1 select of ring pilot`},
		"a budget grows": {func(_, head *plan.Input) {
			head.Policy.Rings[0].MaxUnavailable = policy.Amount{Percent: 100}
		}, `limits ring 1 on 0 in broad: head tenant.cue:10:1 ring broad`},
		"the tenant goes": {func(_, head *plan.Input) { head.Policy = nil }, `lost-coverage host 4 on 4 in broad: base tenant.cue:1:1 the tenant
			lost-coverage host 3 on 3 in pilot: base tenant.cue:1:1 the tenant
			lost-coverage update 4 on 4 in broad: base tenant.cue:1:1 the tenant
			lost-coverage update 3 on 3 in pilot: base tenant.cue:1:1 the tenant
			no-reboots reboot 4 on 4 in broad: base tenant.cue:1:1 the tenant`},
		"it is switched off": {func(_, head *plan.Input) {
			head.Policy.Disabled, head.Policy.Lines = true, map[string]string{"enabled": "tenant.cue:2:1"}
		}, `lost-coverage host 4 on 4 in broad: head tenant.cue:2:1 enabled
			lost-coverage host 3 on 3 in pilot: head tenant.cue:2:1 enabled
			lost-coverage update 4 on 4 in broad: head tenant.cue:2:1 enabled
			lost-coverage update 3 on 3 in pilot: head tenant.cue:2:1 enabled
			no-reboots reboot 4 on 4 in broad: head tenant.cue:2:1 enabled`},
		"it has another zone": {func(_, head *plan.Input) {
			head.Policy.Timezone, head.Policy.Lines = "America/Lima", map[string]string{"timezone": "tenant.cue:3:1"}
		}, `later update 4 on 4 in broad by 6h: head tenant.cue:3:1 timezone
			later update 3 on 3 in pilot by 6h: head tenant.cue:3:1 timezone
			reboots-moved reboot 4 on 4 in broad by 6h: head tenant.cue:3:1 timezone`},
		"nothing but lines": {func(_, head *plan.Input) { head.Policy.Rings[0].Source = "tenant.cue:99:1" }, ""},
	} {
		world := plantest.World("2026-11-21T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved))
		world.Evidence = plantest.Tested(plantest.OpenSSL, "2026-11-18T12:00:00Z")
		base, head := sourced(world), sourced(world)
		c.edit(&base, &head)
		d, err := effect.Diff(base, head)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := strings.TrimSpace(groupLines(d)), strings.ReplaceAll(c.want, "\t", ""); got != want {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", name, got, want)
		}
	}
}

// BenchmarkDiff, two cores shared with many others: a window moves for fleets whose hosts lack 40 updates each. Both plans are part of it.
//
//	hosts=10,000    0.5 s   0.1 GB allocated in total
//	hosts=100,000   9 s     1.0 GB
func BenchmarkDiff(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			base := plantest.Fleet(n)
			head := sourced(base)
			head.Policy.Windows[3].Days = []string{"tue", "wed", "thu"}
			for b.Loop() {
				d, err := effect.Diff(base, head)
				if err != nil || len(d.Groups) == 0 {
					b.Fatalf("%v, %+v", err, d)
				}
			}
		})
	}
}
