package simulator

import (
	"fmt"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
)

const (
	minute = second(60)
	hour   = 60 * minute
	day    = 24 * hour
)

// tenant is what the policy branch says, version by version, and when the world's updates come out. Versions differ in
// their soak only, so that every other promise is the same for runners that hold different ones.
type tenant struct {
	name     string
	rings    []ring
	sites    []string
	opens    second // of the day
	long     second // 0: always open
	frozen   [2]second
	urgent   bool // update 0 is of a lane that is always open
	updates  []update
	versions []*policy.Tenant
	soaks    []second // by version
}

type ring struct {
	name   string
	budget policy.Amount
	stop   int
	racked bool // one host of a rack may be down
	gated  bool // by the ring before
	always bool
	share  int // percent of attempted that must succeed in the ring before
	least  int
	sizes  map[string]int
}

type update struct {
	purl string
	from second

	fault fault
}

const urgentSoak = 20 * minute

func purl(n, version int) string {
	return fmt.Sprintf("pkg:deb/debian/p%d@%d?arch=amd64", n, version)
}

// parsed reads package and version out of a purl of this world.
func parsed(u string) (name, version string) {
	name, version, _ = strings.Cut(strings.TrimPrefix(strings.TrimSuffix(u, "?arch=amd64"), "pkg:deb/debian/"), "@")
	return name, version
}

func (w *world) newTenant() {
	t := &w.tenant
	t.name, t.sites = "acme", []string{"main", "north"}[:1+w.below(2)]
	names := []string{"pilot", "broad", "last"}[:2+w.below(2)]
	for i, name := range names {
		r := ring{
			name: name, gated: i > 0, stop: 1 + w.below(3), always: w.often(300), share: pick(w, []int{50, 80, 100}), least: 1 + w.below(2), sizes: map[string]int{},
			budget: policy.Amount{Count: 1 + w.below(2)},
		}
		if w.often(300) {
			r.budget = policy.Amount{Percent: pick(w, []int{25, 50, 100})}
		}
		r.racked = w.often(400)
		t.rings = append(t.rings, r)
	}
	t.opens, t.long = w.between(0, 23)*hour+w.between(0, 59)*minute, w.between(40, 240)*minute
	w.started = (t.opens - w.between(0, 3)*hour - w.between(0, 59)*minute + day) % day
	w.now = w.started
	for n := range 2 + w.below(4) {
		u := update{purl: purl(n, 2)}
		if n > 0 && w.often(700) {
			u.from = w.started + w.between(1, 360)*minute
		}
		t.updates = append(t.updates, u)
	}
	t.urgent = w.often(300)
	if w.often(200) {
		from := w.started + w.between(0, 6)*hour
		t.frozen = [2]second{from - from%minute, from - from%minute + w.between(60, 300)*minute}
	}
	w.newHosts()
	for range 1 + w.below(3) {
		t.soaks = append(t.soaks, w.between(10, 180)*minute)
		t.versions = append(t.versions, t.policy(t.soaks[len(t.soaks)-1], w.hosts))
	}
}

func (w *world) newHosts() {
	for i := range w.tenant.rings {
		r := &w.tenant.rings[i]
		for n := range 2 + w.below(2+2*i) {
			site := pick(w, w.tenant.sites)
			h := &host{name: fmt.Sprintf("%s-%d", r.name, n+1), rack: pick(w, []string{"", "a", "b"}), ring: r.name, site: site, has: map[string]string{}, since: map[string]second{}, claims: map[string]*claim{}}
			for _, u := range w.tenant.updates {
				name, _ := parsed(u.purl)
				h.has[name] = "1"
			}
			r.sizes[site]++
			w.hosts = append(w.hosts, h)
		}
	}
}

// policy is one version of it.
func (t *tenant) policy(soak second, hosts []*host) *policy.Tenant {
	p := &policy.Tenant{APIVersion: canonical.APIVersion, Kind: "Policy", Name: t.name, Timezone: "UTC"}
	for i, r := range t.rings {
		x := policy.Ring{
			Name: r.name, Select: []policy.Label{{Key: "tier", Value: r.name}}, Window: "night", MaxUnavailable: r.budget, StopAtFailures: r.stop, Reboot: policy.RebootNever,
		}
		if r.racked {
			x.UnavailablePer = []policy.LabelAmount{{Label: "rack", Most: policy.Amount{Count: 1}}}
		}
		if r.always {
			x.Window = "anytime"
		}
		if r.gated {
			x.Requires = []policy.Requirement{{Ring: t.rings[i-1].name, Succeeded: r.share, MinSucceeded: r.least, Soak: span(soak), IfUntested: policy.UntestedWait}}
		}
		p.Rings = append(p.Rings, x)
	}
	p.Windows = []policy.Window{
		{Name: "anytime", Always: true},
		{Name: "night", Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, Start: t.opens.time().Format("15:04"), Duration: span(t.long)},
	}
	if t.frozen[1] > 0 {
		p.Freezes = []policy.Freeze{{Name: "peak", Starts: t.frozen[0].time().Format("2006-01-02T15:04"), Ends: t.frozen[1].time().Format("2006-01-02T15:04")}}
	}
	if t.urgent {
		s := span(urgentSoak)
		p.Lanes = []policy.Lane{{Name: "urgent", Window: "anytime", Soak: &s, Priority: 1}}
	}
	for _, h := range hosts {
		p.Hosts = append(p.Hosts, policy.Host{Name: h.name, Providers: []string{"apt"}, Labels: []policy.Label{{Key: "rack", Value: h.rack}, {Key: "site", Value: h.site}, {Key: "tier", Value: h.ring}}})
	}
	return p
}

func span(s second) policy.Duration { return policy.Duration(time.Duration(s) * time.Second) }

// answer is what the rules say of an update: everything is approved as soon as it is seen.
func (t *tenant) answer(purl string) decision.Answer {
	a := decision.Answer{Grants: []decision.Grant{{Rule: "all", Approve: &policy.Approve{Anchor: policy.FirstSeen}}}}
	if t.isUrgent(purl) {
		a.Lanes = []string{"urgent"}
	}
	return a
}

func (t *tenant) isUrgent(purl string) bool { return t.urgent && purl == t.updates[0].purl }

func (t *tenant) ring(name string) (*ring, int) {
	for i := range t.rings {
		if t.rings[i].name == name {
			return &t.rings[i], i
		}
	}
	return nil, -1
}
