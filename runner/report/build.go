package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger"
)

// Input is what a report is made of; Plan is made at At from the same snapshot and state.
type Input struct {
	At       time.Time
	Policy   *policy.Tenant
	Snapshot *inventory.Snapshot
	State    ledger.State
	Plan     *plan.Plan
	Overdue  []plan.Overdue
}

// Build makes the report.
func Build(in Input) Report {
	b := newBuilder(in)
	for _, h := range in.Policy.Hosts {
		if h.Site() == in.Snapshot.Site {
			b.host(h)
		}
	}
	b.finish()
	return b.Report
}

type pair struct{ host, update string }

type builder struct {
	Input
	Report
	planned map[pair]State
	shunned map[string]string // hosts that the plan sends nothing to, and why
	failed  map[pair]bool
	doubt   map[pair]bool
	ours    map[pair]bool // ring, update
	rings   map[string]*Ring
	worst   []missing
}

// missing is an update that does not protect its host: not installed, or installed and not running before a reboot.
type missing struct {
	inventory.Update
	asleep bool
}

func newBuilder(in Input) *builder {
	b := &builder{
		Input: in, failed: map[pair]bool{}, doubt: map[pair]bool{}, ours: map[pair]bool{}, rings: map[string]*Ring{},
		Report: Report{
			APIVersion: canonical.APIVersion, Kind: "Report", Tenant: in.Policy.Name, Site: in.Snapshot.Site, At: in.At, ScannedAt: in.Snapshot.TakenAt,
			Totals: Totals{States: map[State]int{}}, Hosts: []Host{}, Rings: []Ring{}, NotCovered: []string{}, Overdue: in.Overdue,
		},
	}
	b.planned = planned(in.Plan, in.At)
	b.shunned = map[string]string{}
	for _, q := range in.Plan.Quarantined {
		b.shunned[q.Host] = q.Reason
	}
	for _, f := range in.State.Failures {
		b.failed[pair{f.Host, f.Update}] = true
	}
	for _, d := range in.State.InDoubt {
		for _, u := range d.Updates {
			b.doubt[pair{d.Host, u}] = true
		}
	}
	for _, e := range in.State.Evidence {
		b.ours[pair{e.Ring, e.Update}] = e.Succeeded > 0
	}
	for _, r := range in.Policy.Rings {
		b.rings[r.Name] = &Ring{Ring: r.Name, States: map[State]int{}}
	}
	return b
}

// host counts one host of the policy. A host that the snapshot does not have was never scanned.
func (b *builder) host(h policy.Host) {
	ring := b.ringOf(h)
	b.Totals.Hosts++
	ring.Hosts++
	s := b.Snapshot.Host(h.Name)
	if s == nil {
		b.attention(h.Name, ring.Ring, "stale", []string{"never scanned"})
		return
	}
	if s.State == inventory.Scanned {
		b.Totals.Scanned++
		ring.Scanned++
		b.health(s, ring.Ring)
	} else {
		b.attention(h.Name, ring.Ring, string(s.State), s.Notes)
	}
	if why := b.shunned[h.Name]; why != "" && s.State == inventory.Scanned {
		b.attention(h.Name, ring.Ring, string(Quarantined), []string{why})
	}
	if s.RebootPending {
		b.Totals.PendingReboot++
		ring.PendingReboot++
		b.attention(h.Name, ring.Ring, "pending-reboot", nil)
	}
	for _, m := range s.Missing {
		st := b.missing(s, m)
		b.count(ring, st)
		if lacks[st] {
			b.worst = append(b.worst, missing{Update: b.Snapshot.Updates[m.Update]})
		}
	}
	for _, i := range s.Installed {
		st := b.installed(s, ring.Ring, i)
		b.count(ring, st)
		if st == InstalledPendingReboot {
			b.worst = append(b.worst, missing{b.Snapshot.Updates[i.Update], true})
		}
	}
}

// health counts a scanned host that is not known to be well, and names one that is not.
func (b *builder) health(h *inventory.Host, ring string) {
	switch h.Condition() {
	case inventory.HealthOK:
	case inventory.HealthFailing:
		b.Totals.Unhealthy++
		notes := []string{}
		for _, c := range h.Ailing(inventory.HealthFailing) {
			notes = append(notes, strings.TrimSuffix(c.Name+": "+c.Detail, ": "))
		}
		b.attention(h.Name, ring, "unhealthy", notes)
	default:
		b.Totals.HealthUnknown++
	}
}

// ringOf files hosts that no ring or two rings claim under their own name: they are not covered by any plan.
func (b *builder) ringOf(h policy.Host) *Ring {
	name := "(no single ring)"
	if r, ok := b.Policy.RingOf(h); ok {
		name = r.Name
	}
	if b.rings[name] == nil {
		b.rings[name] = &Ring{Ring: name, States: map[State]int{}}
	}
	return b.rings[name]
}

func (b *builder) count(r *Ring, s State) {
	r.States[s]++
	b.Totals.States[s]++
	if lacks[s] {
		b.Totals.Missing++
	}
	if s != Rejected {
		b.Totals.Applicable++
	}
}

func (b *builder) missing(h *inventory.Host, m inventory.Missing) State {
	p := pair{h.Name, b.Snapshot.Updates[m.Update].PURL}
	switch {
	case b.doubt[p]:
		return InDoubt
	case h.State == inventory.Unreachable:
		return Unreachable
	case h.State != inventory.Scanned:
		return StaleScan
	case b.shunned[h.Name] != "":
		return Quarantined
	case b.planned[p] == Rejected:
		return Rejected
	case b.failed[p]:
		return Failed
	}
	return cmp.Or(b.planned[p], Missing)
}

func (b *builder) installed(h *inventory.Host, ring string, i inventory.Installed) State {
	u := b.Snapshot.Updates[i.Update]
	switch {
	case h.State == inventory.Unreachable:
		return Unreachable
	case h.State != inventory.Scanned:
		return StaleScan
	case b.planned[pair{"", u.PURL}] == Rejected && i.Version == u.Version:
		return InstalledRejected
	case h.RebootPending && u.Reboot == "yes":
		return InstalledPendingReboot
	case !b.ours[pair{ring, u.PURL}]:
		return InstalledOther
	}
	return Installed
}

func (b *builder) attention(host, ring, state string, notes []string) {
	if notes == nil {
		notes = []string{}
	}
	b.Report.Hosts = append(b.Report.Hosts, Host{Host: host, Ring: ring, State: state, Notes: notes})
}

// elsewhere reports whether a host is at another site. One that the policy does not have any more may have been here.
func (b *builder) elsewhere(host string) bool {
	return slices.ContainsFunc(b.Policy.Hosts, func(h policy.Host) bool { return h.Name == host && h.Site() != b.Report.Site })
}

func (b *builder) finish() {
	for _, h := range b.State.InDoubt {
		if b.elsewhere(h.Host) {
			continue
		}
		b.attention(h.Host, h.Ring, "in-doubt", []string{"started " + h.Since.Format(time.RFC3339) + ", outcome unknown"})
	}
	for _, f := range b.State.Failures {
		if b.elsewhere(f.Host) {
			continue
		}
		b.attention(f.Host, f.Ring, "failed", []string{f.Reason})
	}
	slices.SortStableFunc(b.Report.Hosts, func(x, y Host) int { return cmp.Or(cmp.Compare(x.State, y.State), cmp.Compare(x.Host, y.Host)) })
	b.Report.Hosts = slices.CompactFunc(b.Report.Hosts, func(x, y Host) bool {
		return x.Host == y.Host && x.State == y.State && slices.Equal(x.Notes, y.Notes)
	})
	for _, r := range b.Policy.Rings {
		b.Report.Rings = append(b.Report.Rings, *b.rings[r.Name])
		delete(b.rings, r.Name)
	}
	for _, r := range b.rings {
		b.Report.Rings = append(b.Report.Rings, *r)
	}
	b.Report.Vulnerability = vulnerability(b.worst, b.Totals.Scanned, b.Totals.Hosts)
	b.Report.NotCovered = notCovered(b.Input, b.Report)
}
