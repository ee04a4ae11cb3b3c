// Package report says where a tenant stands: what each ring has, lacks and waits for, how vulnerable that leaves it,
// and what nobody looked at. Everything comes from the plan, the snapshot and the ledger's state; nothing is measured
// here.
package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/runner/ledger"
)

// State is where one update stands on one host.
type State string

// The states that a report tells apart.
const (
	Installed              State = "installed"
	InstalledOther         State = "installed-other" // there, but no action of ours succeeded with it in this ring
	InstalledPendingReboot State = "installed-pending-reboot"
	InstalledRejected      State = "installed-rejected" // there, and policy rejects it
	Missing                State = "missing"            // due now and not installed
	Failed                 State = "failed"
	InDoubt                State = "in-doubt"
	Deferred               State = "deferred" // soak or anchor
	AwaitingApproval       State = "awaiting-approval"
	AwaitingWindow         State = "awaiting-window"
	AwaitingGate           State = "awaiting-gate"
	Frozen                 State = "frozen"
	Held                   State = "held"
	Rejected               State = "rejected" // not counted missing
	StaleScan              State = "stale-scan"
	Unreachable            State = "unreachable"
)

// States lists the states in the order in which people want to read them: what needs a person first.
var States = []State{
	InDoubt, Failed, Missing, AwaitingApproval, AwaitingWindow, AwaitingGate, Deferred, Frozen, Held, Rejected,
	InstalledPendingReboot, Installed, InstalledOther, InstalledRejected, StaleScan, Unreachable,
}

// lacks says which states leave the host without an update that policy does not reject.
var lacks = map[State]bool{
	Missing: true, Failed: true, InDoubt: true, Deferred: true, AwaitingApproval: true, AwaitingWindow: true,
	AwaitingGate: true, Frozen: true, Held: true, StaleScan: true, Unreachable: true,
}

// Report is one tenant's at one site.
type Report struct {
	APIVersion    string        `json:"apiVersion"`
	Kind          string        `json:"kind"` // "Report"
	Tenant        string        `json:"tenant"`
	Site          string        `json:"site"`
	At            time.Time     `json:"at"`
	ScannedAt     time.Time     `json:"scannedAt"` // of the snapshot
	Totals        Totals        `json:"totals"`
	Rings         []Ring        `json:"rings"`
	Vulnerability Vulnerability `json:"vulnerability"`
	Hosts         []Host        `json:"hosts"` // those that need a person; the others are counted only
	NotCovered    []string      `json:"notCovered"`
}

// Name is the tenant, with the site unless it is the usual one.
func (r Report) Name() string {
	if r.Site == policy.DefaultSite {
		return r.Tenant
	}
	return r.Tenant + " at " + r.Site
}

// Totals are the counts over all rings.
type Totals struct {
	Hosts         int           `json:"hosts"`
	Scanned       int           `json:"scanned"`
	Applicable    int           `json:"applicable"` // host-updates that are installed or missing
	Missing       int           `json:"missing"`    // not installed, rejected ones apart
	PendingReboot int           `json:"pendingReboot"`
	States        map[State]int `json:"states"`
}

// Ring is one ring's share.
type Ring struct {
	Ring          string        `json:"ring"`
	Hosts         int           `json:"hosts"`
	Scanned       int           `json:"scanned"`
	PendingReboot int           `json:"pendingReboot"`
	States        map[State]int `json:"states"`
}

// Vulnerability is how exposed the missing updates leave the tenant.
type Vulnerability struct {
	Level            string         `json:"level"` // critical, high, medium, low, none, unknown
	Why              string         `json:"why"`
	ExploitedMissing int            `json:"exploitedMissing"`
	BySeverity       map[string]int `json:"bySeverity"`
	ByClass          map[string]int `json:"byClass"`
}

// Host is a host that needs a person: unreachable, stale, quarantined, in doubt, failed or waiting for a reboot.
type Host struct {
	Host  string   `json:"host"`
	Ring  string   `json:"ring"`
	State string   `json:"state"`
	Notes []string `json:"notes"`
}

// Input is what a report is made of; Plan is made at At from the same snapshot and state.
type Input struct {
	At       time.Time
	Policy   *policy.Tenant
	Snapshot *inventory.Snapshot
	State    ledger.State
	Plan     *plan.Plan
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
			APIVersion: "ringfence.dev/v1", Kind: "Report", Tenant: in.Policy.Name, Site: in.Snapshot.Site, At: in.At, ScannedAt: in.Snapshot.TakenAt,
			Totals: Totals{States: map[State]int{}}, Hosts: []Host{}, Rings: []Ring{}, NotCovered: []string{},
		},
	}
	b.planned = planned(in.Plan, in.At)
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
	} else {
		b.attention(h.Name, ring.Ring, string(s.State), s.Notes)
	}
	if s.RebootPending {
		b.Totals.PendingReboot++
		ring.PendingReboot++
		b.attention(h.Name, ring.Ring, "pending-reboot", nil)
	}
	for _, m := range s.Missing {
		b.count(ring, b.missing(s, m))
		if st := b.missing(s, m); lacks[st] {
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

func (b *builder) finish() {
	for _, h := range b.State.InDoubt {
		b.attention(h.Host, h.Ring, "in-doubt", []string{"started " + h.Since.Format(time.RFC3339) + ", outcome unknown"})
	}
	for _, f := range b.State.Failures {
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

// planned says what the plan makes of each missing host-update; rejected updates also stand under no host.
func planned(p *plan.Plan, at time.Time) map[pair]State {
	out := map[pair]State{}
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			s := AwaitingWindow
			if !at.Before(w.Opens) {
				s = Missing
			}
			for _, h := range w.Hosts {
				for _, u := range p.Changes[w.Change].Updates {
					out[pair{h, u.Update}] = s
				}
			}
		}
		for _, w := range r.Waiting {
			for _, h := range w.Hosts {
				out[pair{h, w.Update}] = waiting(w.For)
			}
		}
		for _, x := range r.Rejected {
			out[pair{"", x.Update}] = Rejected
			for _, h := range x.Hosts {
				out[pair{h, x.Update}] = Rejected
			}
		}
	}
	return out
}

func waiting(f plan.WaitFor) State {
	switch f {
	case plan.ForSoak, plan.ForAnchor:
		return Deferred
	case plan.ForGate:
		return AwaitingGate
	case plan.ForApproval:
		return AwaitingApproval
	case plan.ForFreeze:
		return Frozen
	case plan.ForHold:
		return Held
	case plan.ForWindow, plan.ForBudget:
		return AwaitingWindow
	}
	return Missing
}
