// Package plan turns one tenant's compiled policy, snapshot and evidence into the document that apply carries out.
// Build is a pure function: the same inputs give the same bytes on every machine.
package plan

import (
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

// DefaultHorizon is how far ahead a plan looks for an open window.
const DefaultHorizon = 35 * 24 * time.Hour

// Input is everything that a plan depends on.
type Input struct {
	At       time.Time
	Horizon  time.Duration // 0: DefaultHorizon
	Policy   *policy.Tenant
	Snapshot *inventory.Snapshot
	Evidence decision.Evidence // own rings and the foreign ones that the policy names
	Failures []Failure         // from the ledger: host-updates whose newest attempt failed
	InDoubt  []InDoubt         // from the ledger: started, outcome unknown
	Breaks   []decision.Break  // of the breaker that the tenant shares; others have none
	Reboots  []Rebooted        // from the ledger: what became of reboots
	Away     []Away            // from the ledger: when hosts were away
	Answers  []decision.Answer // one per update of the snapshot, same index
	Tool     string            // version of ringfence
	// SnapshotDigest is the snapshot's digest where the caller knows it already: a snapshot that was decoded has been
	// measured, and measuring is most of the work of a large plan. Empty: Build measures.
	SnapshotDigest string
}

// Failure is a host-update whose newest attempt failed. It is not tried again in the same occurrence.
type Failure struct {
	Host   string    `json:"host"`
	Ring   string    `json:"ring"` // in which it failed; a host may have moved since
	Update string    `json:"update"`
	At     time.Time `json:"at"`
	Times  int       `json:"times"`
	Reason string    `json:"reason"`
	// Untouched says that nothing was changed on the host, in this attempt or one before: it tells nothing of the update.
	Untouched bool `json:"untouched,omitempty"`
	Canary    bool `json:"canary,omitempty"` // it was a canary of its ring
}

// InDoubt is an action that was started and whose outcome nobody knows. Its host counts as down.
type InDoubt struct {
	ID      string    `json:"id"`
	Host    string    `json:"host"`
	Ring    string    `json:"ring"`
	Updates []string  `json:"updates"`
	Since   time.Time `json:"since"`
	Verb    string    `json:"verb,omitempty"`   // "reboot"; else it installs
	Boot    string    `json:"boot,omitempty"`   // of a reboot: the boot id that it was to end, if known
	Canary  []string  `json:"canary,omitempty"` // those of the updates with which the host is a canary of its ring
}

// Rebooted is what became of a host's reboots.
type Rebooted struct {
	Host   string     `json:"host"`
	Ring   string     `json:"ring"`
	At     time.Time  `json:"at"`               // end of the newest
	Times  int        `json:"times"`            // all that were tried
	Failed int        `json:"failed"`           // of them, how many in a row to the newest were of no use
	Before *time.Time `json:"before,omitempty"` // end of the one before, when Failed is more than one
}

// RebootBreak is within what time a second reboot that was of no use is the last one: a host that asks for another after
// each is looked at by a person.
const RebootBreak = 24 * time.Hour

// Looping returns until when the host is not rebooted again; ok is false when it may be.
func (r Rebooted) Looping(at time.Time) (until time.Time, ok bool) {
	if r.Failed < 2 || r.Before == nil || r.At.Sub(*r.Before) >= RebootBreak {
		return until, false
	}
	until = r.At.Add(RebootBreak)
	return until, at.Before(until)
}

// Plan is one tenant's plan. Lists are sorted; see the formats page for each field.
type Plan struct {
	APIVersion  string        `json:"apiVersion"`
	Kind        string        `json:"kind"` // "Plan"
	Digest      string        `json:"digest,omitempty"`
	Tenant      string        `json:"tenant"`
	At          time.Time     `json:"at"`
	Horizon     time.Time     `json:"horizon"`
	Parents     Parents       `json:"parents"`
	Changes     []Change      `json:"changes"`
	Rings       []Ring        `json:"rings"`
	Unreachable []string      `json:"unreachable"`
	Stale       []string      `json:"stale"`   // known to the policy, not fully scanned
	Ignored     []string      `json:"ignored"` // in the snapshot, but not in the policy: nothing is judged
	Quarantined []Quarantined `json:"quarantined"`
	InDoubt     []InDoubt     `json:"inDoubt"`
	Failed      []Failure     `json:"failed"`             // failures that put something off to a later occurrence
	Rebooted    []Rebooted    `json:"rebooted,omitempty"` // the same of reboots
	WorstCase   WorstCase     `json:"worstCase"`
	Summary     Summary       `json:"summary"`
}

// Parents are the digests of what the plan was made from.
type Parents struct {
	Policy    string `json:"policy"`
	Snapshot  string `json:"snapshot"`
	Evidence  string `json:"evidence"`  // covers evidence, failures and actions in doubt
	Approvals string `json:"approvals"` // of the empty list while approvals are not signed documents
	Tzdata    string `json:"tzdata"`
	Tool      string `json:"tool"`
}

// Change is one exact set of updates, interned: waves name it by id.
type Change struct {
	ID      int            `json:"id"`
	Updates []ChangeUpdate `json:"updates"` // sorted by purl; none: the host is rebooted, if it still asks for it
	Reboot  policy.Reboot  `json:"reboot"`
}

// ChangeUpdate is one update of a change and the version it replaces.
type ChangeUpdate struct {
	Update string `json:"update"`
	From   string `json:"from"`
	// Canary: the hosts go before the others of their ring, which wait for how it ends.
	Canary bool `json:"canary,omitempty"`
}

// Ring is what one ring does in one lane. Rings stand in the order of the policy's requires, then by name; the
// default lane first.
type Ring struct {
	Ring     string     `json:"ring"`
	Lane     string     `json:"lane"`
	Waves    []Wave     `json:"waves"`
	Waiting  []Waiting  `json:"waiting"`
	Rejected []Rejected `json:"rejected"`
	// Reboots wait for what keeps hosts from the reboot that they ask for. They are no host-updates.
	Reboots []RebootWaiting `json:"rebootWaiting,omitempty"`
}

// RebootWaiting is why hosts that ask for a reboot are in no wave that gives them one.
type RebootWaiting struct {
	Hosts   []string          `json:"hosts"`
	For     WaitFor           `json:"for"` // window, freeze, hold, budget
	Until   *time.Time        `json:"until"`
	Reasons []decision.Reason `json:"reasons"`
}

// Wave is a group of hosts that go together in one window occurrence with one change. Rows with the same number and
// occurrence go together.
type Wave struct {
	Wave   int        `json:"wave"`
	Window string     `json:"window"`
	Opens  time.Time  `json:"opens"`
	Closes *time.Time `json:"closes"` // null: always open
	Hosts  []string   `json:"hosts"`
	Change int        `json:"change"`
	// CatchUp: the hosts were away when their ring's window was open, and the window is the one in which they are caught up.
	CatchUp bool `json:"catchUp,omitempty"`
}

// Waiting is one update that cannot be planned yet, and the cause that ends last.
type Waiting struct {
	Update  string            `json:"update"`
	Hosts   []string          `json:"hosts"`
	For     WaitFor           `json:"for"`
	Until   *time.Time        `json:"until"`
	Reasons []decision.Reason `json:"reasons"`
}

// WaitFor names a cause of waiting.
type WaitFor string

// The causes of waiting.
const (
	ForSoak     WaitFor = "soak"
	ForGate     WaitFor = "gate"
	ForWindow   WaitFor = "window"
	ForFreeze   WaitFor = "freeze"
	ForApproval WaitFor = "approval"
	ForBudget   WaitFor = "budget"
	ForAnchor   WaitFor = "anchor"
	ForHold     WaitFor = "hold"
)

// Rejected is one update that policy refuses.
type Rejected struct {
	Update  string            `json:"update"`
	Hosts   []string          `json:"hosts"`
	Reasons []decision.Reason `json:"reasons"`
}

// Quarantined is a host that nothing is sent to.
type Quarantined struct {
	Host   string `json:"host"`
	Reason string `json:"reason"`
}

// WorstCase is the most that may happen if the plan is carried out.
type WorstCase struct {
	Down     int            `json:"down"`     // most hosts down at the same instant
	PerGroup map[string]int `json:"perGroup"` // by ring, and by pool where one of its hosts may be down
	DoneBy   *time.Time     `json:"doneBy"`   // when the last wave's window closes
}

// Summary counts host-updates: planned + waiting + rejected = missing on scanned hosts.
type Summary struct {
	Hosts    int `json:"hosts"` // of the policy, at the snapshot's site
	Planned  int `json:"planned"`
	Waiting  int `json:"waiting"`
	Rejected int `json:"rejected"`
	Reboots  int `json:"reboots"` // hosts that may be rebooted
}

// Preview is the exact resolver outcome on each host, asked of the providers. It has its own digest because it needs
// the hosts, which Build does not.
type Preview struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"` // "Preview"
	Plan       string        `json:"plan"`
	Digest     string        `json:"digest,omitempty"`
	Hosts      []PreviewHost `json:"hosts"`
}

// PreviewHost is the outcome on one host. Error is set when the host could not say.
type PreviewHost struct {
	Host          string   `json:"host"`
	Wave          int      `json:"wave"`
	Change        int      `json:"change"`
	Actions       []Action `json:"actions"`
	Held          []string `json:"held"`
	DownloadBytes int64    `json:"downloadBytes"`
	Restarts      []string `json:"restarts"`
	Reboot        Reboot   `json:"reboot"`
	Error         string   `json:"error,omitempty"`
}

// Action is one package operation: upgrade, install, remove or downgrade.
type Action struct {
	Op   string `json:"op"`
	Name string `json:"name"`
	From string `json:"from"`
	To   string `json:"to"`
}

// Reboot predicts whether the host asks for one.
type Reboot struct {
	Required bool   `json:"required"`
	Why      string `json:"why"`
}

// Sealed is a plan with its preview: apply admits nothing outside the previewed closure.
type Sealed struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"` // "SealedPlan"
	Plan       *Plan    `json:"plan"`
	Preview    *Preview `json:"preview"`
	Digest     string   `json:"digest,omitempty"`
}
