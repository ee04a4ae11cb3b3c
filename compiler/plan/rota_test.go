package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
	"github.com/ringfence/ringfence/compiler/policy"
)

// TestEachHostsOwnZone: hosts of one ring go when it is night where they are; one of which nobody knows where it is goes
// never, and holds up nobody.
func TestEachHostsOwnZone(t *testing.T) {
	in := plantest.World("2026-11-21T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved))
	for i := range in.Policy.Windows {
		if in.Policy.Windows[i].Name == "weeknight" {
			in.Policy.Windows[i].Timezone = policy.HostZone
		}
	}
	p, open := abroad(t, in)
	if !strings.HasPrefix(open["web-1"], "Nov23T13:00/") || !strings.HasPrefix(open["web-2"], "Nov24T03:00/") || open["web-3"] != "" {
		t.Errorf("open %v", open)
	}
	for _, q := range p.Quarantined {
		if q.Host == "web-3" && strings.Contains(q.Reason, "no label timezone") {
			return
		}
	}
	t.Errorf("web-3 is not quarantined: %v", p.Quarantined)
}

// TestFreezesOfHosts: a freeze that is meant where each host is ends at another instant for each; where that is not known
// the host is left alone.
func TestFreezesOfHosts(t *testing.T) {
	in := plantest.World("2026-11-23T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved))
	in.Policy.Freezes = []policy.Freeze{{Name: "day", Starts: "2026-11-23T00:00", Ends: "2026-11-24T00:00", Timezone: policy.HostZone}}
	p, open := abroad(t, in)
	// weeknight is Mon 22:00 to Tue 02:00 in Berlin: after midnight in Tokyo, and all of it on Monday in New York.
	if open["web-1"] != "Nov23T21:00/Nov24T01:00" || open["web-2"] != "Nov24T21:00/Nov25T01:00" || open["web-3"] != "" {
		t.Errorf("open %v", open)
	}
	if !slices.ContainsFunc(p.Quarantined, func(q plan.Quarantined) bool {
		return q.Host == "web-3" && strings.Contains(q.Reason, "freeze day is meant in each host's own zone, and the host has no label timezone")
	}) {
		t.Errorf("web-3 is not quarantined: %v", p.Quarantined)
	}
}

// abroad plans a world whose web-1 is in Tokyo and web-2 in New York, and says when its hosts may be changed.
func abroad(t *testing.T, in plan.Input) (p *plan.Plan, open map[string]string) {
	t.Helper()
	zones := map[string]string{"web-1": "Asia/Tokyo", "web-2": "America/New_York"}
	for i, h := range in.Policy.Hosts {
		if zone := zones[h.Name]; zone != "" {
			in.Policy.Hosts[i].Labels = append(h.Labels[:len(h.Labels):len(h.Labels)], policy.Label{Key: policy.ZoneLabel, Value: zone})
		}
	}
	p, open = plantest.Built(t, in), map[string]string{}
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			for _, h := range w.Hosts {
				open[h] = w.Opens.Format("Jan2T15:04") + "/" + w.Closes.Format("Jan2T15:04")
			}
		}
	}
	return p, open
}
