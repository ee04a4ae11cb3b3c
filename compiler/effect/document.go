// Package effect says what an edit of the policy does: it compares the plans of two policies over the same snapshot and
// instant, puts together what moves in the same way for the same cause, and names the policy line that is why. In go the
// inputs of two plans, out comes the part of one tenant at one site; a DiffDocument holds those of all. It is pure, and
// writes nothing for people. Types that are called Diff have that name in the document's published JSON Schema.
package effect

import (
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
)

// DiffDocument is what an edit of the policy does: the plans of two commits compared, tenant by tenant. Both are made
// over the same snapshots, evidence and instant, so nothing but the edit can be why they differ.
type DiffDocument struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"` // "Diff"
	Base       string       `json:"base"` // commit
	Head       string       `json:"head"` // commit
	At         time.Time    `json:"at"`
	Kinds      []Kind       `json:"kinds"`     // every kind that occurs, the loudest first
	Tenants    []TenantDiff `json:"tenants"`   // those that the edit may touch, by tenant and site
	Untouched  int          `json:"untouched"` // tenants that read nothing the edit changes, nor go by it
	Sentences  []DiffWords  `json:"sentences"` // what the policies say otherwise, in plain English
}

// TenantDiff is the effect on one tenant at one site.
type TenantDiff struct {
	Tenant string      `json:"tenant"`
	Site   string      `json:"site"`
	State  string      `json:"state"`          // changed, same, never-scanned (hosts and rings alone can be compared), error (it does not compile at head, or at base alone)
	Side   string      `json:"side,omitempty"` // base or head: the only one that has the tenant, or the one in error
	Groups []DiffGroup `json:"groups"`

	// Unscanned counts the hosts in rings that no scan has read: what the edit does to their updates, nobody knows. Unknown
	// are the kinds that cannot be ruled out for that.
	Unscanned int    `json:"unscanned"`
	Unknown   []Kind `json:"unknown"`

	// Joined and Left are the tenants whose evidence counts in this tenant's pool at head alone, and at base alone.
	Joined []string `json:"joined,omitempty"`
	Left   []string `json:"left,omitempty"`
}

// NeverScanned is the state of a tenant, at a site, of which no snapshot is known.
const NeverScanned = "never-scanned"

// DiffWords are the sentences that one section of a policy loses and gains, and the tenants for which that holds.
type DiffWords struct {
	Tenants []string       `json:"tenants"`
	Section string         `json:"section"`        // "" for what holds for all of the tenant
	Item    string         `json:"item,omitempty"` // a ring, lane, freeze, rule, window or group
	Was     []DiffSentence `json:"was"`
	Now     []DiffSentence `json:"now"`
}

// DiffSentence is one line of a policy in words; the place is that of the first tenant.
type DiffSentence struct {
	Text   string `json:"text"`
	Source string `json:"source,omitempty"`
}

// DiffGroup is everything that changes in the same way for the same cause.
type DiffGroup struct {
	Kind     Kind          `json:"kind"`
	Of       Subject       `json:"of"`
	Ring     string        `json:"ring"` // at head, or at base where head has none
	From     DiffState     `json:"from"`
	To       DiffState     `json:"to"`
	By       *int64        `json:"by"`    // seconds later, negative for earlier; null when one side has no known instant
	Cause    DiffCause     `json:"cause"` // the policy line behind it
	Count    int           `json:"count"` // rows: host-updates, hosts or rings
	Hosts    int           `json:"hosts"`
	Updates  int           `json:"updates"`
	Examples []DiffExample `json:"examples"` // the first few rows
}

// Subject says what the rows of a group are.
type Subject string

// The subjects.
const (
	OfUpdate Subject = "update" // a missing update of a host
	OfHost   Subject = "host"   // a host and its ring
	OfReboot Subject = "reboot" // the reboot of a host
	OfRing   Subject = "ring"   // how many hosts of a ring go at once
)

// DiffState is where one plan puts a row. State is planned, waiting, rejected, none, covered, uncovered,
// elsewhere (at another site) or limits.
type DiffState struct {
	State    string       `json:"state"`
	Ring     string       `json:"ring,omitempty"`
	Lane     string       `json:"lane,omitempty"`
	Standing Standing     `json:"standing,omitempty"` // of updates
	Window   string       `json:"window,omitempty"`
	Opens    *time.Time   `json:"opens,omitempty"`
	Closes   *time.Time   `json:"closes,omitempty"`
	For      plan.WaitFor `json:"for,omitempty"`
	Until    *time.Time   `json:"until,omitempty"`
	Why      string       `json:"why,omitempty"`            // uncovered, elsewhere; limits: the ring's other bounds
	Down     int          `json:"down,omitempty"`           // limits: most hosts of the ring down at once
	StopAt   int          `json:"stopAtFailures,omitempty"` // limits
}

// DiffCause is the line that made the difference. Side is base for a line that head no longer has.
type DiffCause struct {
	Source string `json:"source"` // path:line:column
	Side   string `json:"side"`   // base or head
	What   string `json:"what"`   // "window weekend"
}

// DiffExample is one row.
type DiffExample struct {
	Host   string `json:"host,omitempty"`
	Update string `json:"update,omitempty"`
}
