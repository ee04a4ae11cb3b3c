// Package report says where a tenant stands: what each ring has, lacks and waits for, how vulnerable that leaves it,
// and what nobody looked at. Everything comes from the plan, the snapshot and the ledger's state; nothing is measured
// here.
package report

import (
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
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
	Rejected               State = "rejected"    // not counted missing
	Quarantined            State = "quarantined" // missing on a host that nothing is sent to, such as one in no ring
	StaleScan              State = "stale-scan"
	Unreachable            State = "unreachable"
)

// States lists the states in the order in which people want to read them: what needs a person first.
var States = []State{
	InDoubt, Failed, Missing, AwaitingApproval, AwaitingWindow, AwaitingGate, Deferred, Frozen, Held, Rejected,
	InstalledPendingReboot, Installed, InstalledOther, InstalledRejected, Quarantined, StaleScan, Unreachable,
}

// lacks says which states leave the host without an update that policy does not reject.
var lacks = map[State]bool{
	Missing: true, Failed: true, InDoubt: true, Deferred: true, AwaitingApproval: true, AwaitingWindow: true,
	AwaitingGate: true, Frozen: true, Held: true, Quarantined: true, StaleScan: true, Unreachable: true,
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
	// Overdue are the hosts that a lane's staleAfter raises an alarm about.
	Overdue []plan.Overdue `json:"overdue,omitempty"`
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
	Unhealthy     int           `json:"unhealthy,omitempty"`     // scanned hosts that are not well
	HealthUnknown int           `json:"healthUnknown,omitempty"` // scanned hosts of which nobody could tell
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

// Host is a host that needs a person: unreachable, stale, quarantined, unhealthy, in doubt, failed or waiting for a reboot.
type Host struct {
	Host  string   `json:"host"`
	Ring  string   `json:"ring"`
	State string   `json:"state"`
	Notes []string `json:"notes"`
}
