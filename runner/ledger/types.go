// Package ledger is the record of what was done, and the state that all records of a tenant add up to: plain data, and
// Reduce, which is the whole meaning of a record. Its children keep both in Git (branch, over remote), say who may write
// now (lease) and what stops everyone (control), what gates may go by (evidence), from what a run's plan can be made
// again (inputs), and whether all of it is true (verify).
package ledger

import (
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
)

// Phase says what a record tells.
type Phase string

// The phases.
const (
	PhaseScan   Phase = "scan"
	PhaseIntent Phase = "intent" // the actions of a wave, before the first start
	PhaseWave   Phase = "wave"   // the outcomes of a wave
	PhaseEnd    Phase = "end"    // the run is over
	PhaseLease  Phase = "lease"
	PhaseHalt   Phase = "halt"
	PhaseNote   Phase = "note"
)

// Skew is how far the clocks of two runners may be apart. Leases allow for it, verifiers take no smaller difference for
// back-dating, and a runner whose clock is further behind the ledger starts nothing.
const Skew = 2 * time.Minute

// Record is one commit's run/record.json.
type Record struct {
	APIVersion   string    `json:"apiVersion"`
	Kind         string    `json:"kind"` // "Record"
	Tenant       string    `json:"tenant"`
	Seq          int       `json:"seq"` // 1 for the first, without gaps
	Phase        Phase     `json:"phase"`
	Run          string    `json:"run"`
	At           time.Time `json:"at"`
	TestClock    bool      `json:"testClock,omitempty"` // At is not real time
	Plan         string    `json:"plan,omitempty"`      // digest
	PolicyCommit string    `json:"policyCommit"`
	Policy       string    `json:"policy"` // digest
	Site         string    `json:"site"`
	Runner       string    `json:"runner"`
	Fence        int       `json:"fence"` // of the site's lease, 0 without one
	Actions      []Action  `json:"actions"`
	Scan         *Scan     `json:"scan,omitempty"`
	Outcome      string    `json:"outcome,omitempty"` // of phase end: the reason word of the exit code
}

// Verb is what an action does on a host.
type Verb string

// The verbs.
const (
	VerbApply   Verb = "apply"
	VerbAcquire Verb = "acquire"
	VerbReboot  Verb = "reboot"
	VerbHook    Verb = "hook"
	VerbHealth  Verb = "health"
)

// Status is where an action stands.
type Status string

// The statuses of an action.
const (
	Started   Status = "started"
	Succeeded Status = "succeeded"
	Failed    Status = "failed"
	Skipped   Status = "skipped" // nothing was started
	InDoubt   Status = "in-doubt"
)

// Action is one verb on one host.
type Action struct {
	ID        string              `json:"id"` // hash of tenant, host, verb, exact set, plan, attempt
	Host      string              `json:"host"`
	Verb      Verb                `json:"verb"`
	Ring      string              `json:"ring"`
	Lane      string              `json:"lane"`
	Wave      int                 `json:"wave"`
	Window    string              `json:"window"`
	Opens     time.Time           `json:"opens"` // the window occurrence
	Updates   []plan.ChangeUpdate `json:"updates"`
	Status    Status              `json:"status"`
	HostState string              `json:"hostState"` // untouched, partial, done, in-doubt
	Platform  string              `json:"platform,omitempty"`
	StartedAt time.Time           `json:"startedAt"`
	EndedAt   *time.Time          `json:"endedAt"`
	Reason    string              `json:"reason"`
	Log       string              `json:"log,omitempty"` // end of the output, bounded and neutralised
	// Overrun: it was started inside its window and ended after the window had closed.
	Overrun bool `json:"overrun,omitempty"`
	// AwaitsReboot: the updates are installed, and the ring reboots in a window of its own. They are no success yet.
	AwaitsReboot bool `json:"awaitsReboot,omitempty"`
	// Unhealthy: it is installed, and these checks of the host fail since, which makes it a failure.
	Unhealthy []string `json:"unhealthy,omitempty"`
	// Of verb reboot: the boot and kernel that it ended, and those that the host came back with. PendingBefore says that
	// the host asked for a reboot before this run changed anything.
	BootBefore    string `json:"bootBefore,omitempty"`
	BootAfter     string `json:"bootAfter,omitempty"`
	KernelBefore  string `json:"kernelBefore,omitempty"`
	KernelAfter   string `json:"kernelAfter,omitempty"`
	PendingBefore bool   `json:"pendingBefore,omitempty"`
	// CatchUp: the host was away when its ring's window was open, and the window is the one in which it is caught up.
	CatchUp bool `json:"catchUp,omitempty"`
}

// Scan is what a scan adds to the state.
type Scan struct {
	Snapshot    string        `json:"snapshot"` // digest
	Hosts       int           `json:"hosts"`
	Scanned     int           `json:"scanned"`
	Unreachable []string      `json:"unreachable"`
	Stale       []string      `json:"stale"`
	Quarantined []string      `json:"quarantined"`
	Missing     []RingMissing `json:"missing"`          // sorted by ring, update; complete: a pair that is absent has none missing
	Unseen      []RingUnseen  `json:"unseen,omitempty"` // sorted by ring
	Rings       []RingHosts   `json:"rings,omitempty"`  // sorted by ring: those that have hosts at the site
	Seen        []string      `json:"seen"`             // purls of every update in the snapshot's table
	Health      []RingHealth  `json:"health,omitempty"` // sorted by ring, update: what was ever started in the ring
	Away        []string      `json:"away,omitempty"`   // sorted: hosts that were not scanned, of rings with a rule for that
	Awake       []string      `json:"awake,omitempty"`  // sorted: hosts of State.Asleep that ask for no reboot any more
}

// RingUnseen counts the hosts of a ring that a scan could not look at: nobody knows what they lack.
type RingUnseen struct {
	Ring  string `json:"ring"`
	Hosts int    `json:"hosts"`
}

// RingHosts counts the hosts of a ring at the site of a scan, whatever their state.
type RingHosts struct {
	Ring  string `json:"ring"`
	Hosts int    `json:"hosts"`
}

// SiteHosts is RingHosts of each site's latest scan.
type SiteHosts struct {
	Site  string `json:"site"`
	Ring  string `json:"ring"`
	Hosts int    `json:"hosts"`
}

// RingMissing counts the scanned hosts of a ring that lack an update.
type RingMissing struct {
	Ring   string `json:"ring"`
	Update string `json:"update"`
	Hosts  int    `json:"hosts"`
}

// SiteMissing is RingMissing of one site: a scan sees no other site's hosts, so it replaces its own site's counts only.
type SiteMissing struct {
	Site   string `json:"site"`
	Ring   string `json:"ring"`
	Update string `json:"update"`
	Hosts  int    `json:"hosts"`
}

// State is what all records so far add up to: state.json.
type State struct {
	APIVersion  string               `json:"apiVersion"`
	Kind        string               `json:"kind"`              // "State"
	Version     int                  `json:"version,omitempty"` // StateVersion of what made it; 0 before there was one
	Tenant      string               `json:"tenant"`
	Seq         int                  `json:"seq"`
	Evidence    decision.Evidence    `json:"evidence"`
	Missing     []SiteMissing        `json:"missing"` // of each site's latest scan; evidence holds their sums
	Failures    []plan.Failure       `json:"failures"`
	Occurrences []Occurrence         `json:"occurrences"`
	InDoubt     []plan.InDoubt       `json:"inDoubt"`
	FirstSeen   map[string]time.Time `json:"firstSeen"` // purl → first scan that saw it
	GoneSince   map[string]time.Time `json:"goneSince"` // purl → first scan after the last one that saw it
	Durations   map[string]int       `json:"durations"` // verb → seconds of the longest action
	Fences      map[string]int       `json:"fences"`    // site → highest fencing number of its records
	Reboots     []plan.Rebooted      `json:"reboots,omitempty"`
	Asleep      []Asleep             `json:"asleep,omitempty"`
	Rings       []SiteHosts          `json:"rings,omitempty"`  // sorted by site, ring
	Health      []SiteHealth         `json:"health,omitempty"` // sorted by site, ring, update
	Canaries    []Canaries           `json:"canaries,omitempty"`
	Away        []plan.Away          `json:"away,omitempty"` // sorted by host, since
}

// Canaries are the hosts of a ring on which an update succeeded as on its canaries. Those on which it failed, is in
// doubt or lacks a reboot are marked where the state lists them.
type Canaries struct {
	Ring        string    `json:"ring"`
	Update      string    `json:"update"`
	Hosts       []string  `json:"hosts"` // sorted
	SucceededAt time.Time `json:"succeededAt"`
}

// Asleep is an update that is installed on a host and takes effect with a reboot that is still to be done. Its host is
// attempted and, until that reboot, neither a success nor, unless a reboot failed, a failure.
type Asleep struct {
	Host     string `json:"host"`
	Ring     string `json:"ring"`
	Update   string `json:"update"`
	Platform string `json:"platform,omitempty"`
	Canary   bool   `json:"canary,omitempty"`
}

// Occurrence is one window occurrence in which a ring was worked on.
type Occurrence struct {
	Ring   string    `json:"ring"`
	Lane   string    `json:"lane"`
	Window string    `json:"window"`
	Opens  time.Time `json:"opens"`
	Hosts  int       `json:"hosts"` // hosts on which something was started
}
