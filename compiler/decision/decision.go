// Package decision turns what the rules say of an update into one answer per ring: approved, pending until an
// instant, needs approval, or rejected, each with its reasons. It knows nothing of OPA: package decide asks the rules
// and hands over time-free grants and blocks; this package adds instants, evidence and the fixed precedence.
package decision

import (
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// Answer is what the rules say of one class of update, before any clock. The zero Answer grants nothing.
type Answer struct {
	Grants  []Grant  `json:"grants"`  // sorted by rule
	Blocks  []Block  `json:"blocks"`  // sorted by rule, code, message
	Lanes   []string `json:"lanes"`   // every lane that matches, sorted
	Freezes []string `json:"freezes"` // every freeze whose allow matches, sorted
	Class   string   `json:"class"`   // digest of the class of update that the rules saw
}

// Grant is one way to approval: exactly one of Approve and Require is set.
type Grant struct {
	Rule    string          `json:"rule"`
	Approve *policy.Approve `json:"approve,omitempty"`
	Require *policy.Require `json:"require,omitempty"`
	Source  string          `json:"source"`
}

// BlockKind says what a block does while it stands.
type BlockKind string

// The kinds of block.
const (
	Reject      BlockKind = "reject"
	Hold        BlockKind = "hold"
	RequireKind BlockKind = "require" // a Rego module asks for signatures on top of the grants
	Failed      BlockKind = "error"   // the evaluator failed: a deny that is still counted as missing
)

// Block stands in the way whatever the grants say.
type Block struct {
	Kind    BlockKind       `json:"kind"`
	Rule    string          `json:"rule"` // the rule or module that blocks
	Msg     string          `json:"msg"`
	Require *policy.Require `json:"require,omitempty"`
	Expires string          `json:"expires,omitempty"` // a date or wall time of the tenant; none: nobody knows
	Source  string          `json:"source"`
}

// BlockOf is the block that a rule which rejects or holds makes of the updates that it matches.
func BlockOf(r policy.Rule) Block {
	switch {
	case r.Reject != nil:
		return Block{Kind: Reject, Rule: r.Name, Msg: r.Reject.Reason, Expires: r.Reject.Expires, Source: r.Source}
	case r.Hold != nil:
		return Block{Kind: Hold, Rule: r.Name, Msg: r.Hold.Reason, Expires: r.Hold.Until, Source: r.Source}
	}
	return Block{Kind: Failed, Rule: r.Name, Msg: "the rule says nothing", Source: r.Source}
}

// Outcome is the answer for one update in one ring.
type Outcome string

// The outcomes.
const (
	Approved      Outcome = "approved"
	Pending       Outcome = "pending"
	NeedsApproval Outcome = "needs-approval"
	Rejected      Outcome = "rejected"
)

// Reason codes. They are contract: tests, reports and people grep for them.
const (
	ReasonGranted       = "GRANTED"
	ReasonWaitAnchor    = "WAIT_ANCHOR"    // anchor + after is in the future
	ReasonNoAnchor      = "NO_ANCHOR"      // the anchor is unknown and there is no fallback
	ReasonNeedsApproval = "NEEDS_APPROVAL" // a require rule without its signatures
	ReasonNoRule        = "NO_RULE"        // no rule matches and there is no otherwise
	ReasonPastUntil     = "PAST_UNTIL"     // it came after what the rule approves
	ReasonRejected      = "REJECTED"
	ReasonHold          = "HOLD"
	ReasonExploited     = "DECLARED_EXPLOITED" // the policy declares a CVE of the update exploited
	ReasonEvaluator     = "EVALUATOR_ERROR"
	ReasonBreaker       = "BREAKER_OPEN" // it failed on too many hosts of the tenants that share the breaker
	ReasonWaitGate      = "WAIT_GATE"    // the earlier ring has not succeeded yet
	ReasonGateFailed    = "GATE_FAILED"  // too many failures in the earlier ring
	ReasonGateInDoubt   = "GATE_IN_DOUBT"
	ReasonWaitSoak      = "WAIT_SOAK"
	ReasonUntested      = "UNTESTED"      // no earlier host can ever test it
	ReasonWaitReports   = "WAIT_REPORTS"  // too few hosts of the earlier ring were reached by its scans
	ReasonWaitHealth    = "WAIT_HEALTH"   // a host that has it is not well, or nobody knows
	ReasonWaitPlatform  = "WAIT_PLATFORM" // it has not succeeded on a platform that is required
	ReasonWaitCanary    = "WAIT_CANARY"   // the canaries of the ring have not succeeded yet
	ReasonCanaryFailed  = "CANARY_FAILED"
	ReasonCanaryInDoubt = "CANARY_IN_DOUBT"
	ReasonWaitWindow    = "WAIT_WINDOW"
	ReasonNoWindow      = "NO_WINDOW" // no occurrence within the horizon
	ReasonFrozen        = "FROZEN"
	ReasonHostHold      = "HOST_HOLD" // the host's own package manager holds it
	ReasonHostInDoubt   = "HOST_IN_DOUBT"
	ReasonWasAway       = "WAS_AWAY"    // the host was away while the window was open, and its ring leaves it out
	ReasonRetryLater    = "RETRY_LATER" // it failed in this occurrence already
	ReasonRebootLoop    = "REBOOT_LOOP" // the host asks for one reboot after the other
)

// Break says that the breaker holds an update for this tenant until people release it.
type Break struct {
	Update string    `json:"update"` // purl
	Hosts  int       `json:"hosts"`  // on which it failed
	At     time.Time `json:"at"`
}

// Reason is one sentence of an explanation. Until is the instant it ends, null when nobody can know.
type Reason struct {
	Code   string     `json:"code"`
	Msg    string     `json:"msg"`
	Source string     `json:"source,omitempty"` // path:line:column of the rule
	Until  *time.Time `json:"until"`
}

// Decision is the answer for one update in one ring and lane.
type Decision struct {
	Tenant  string     `json:"tenant"`
	Ring    string     `json:"ring"`
	Lane    string     `json:"lane"`
	Update  string     `json:"update"` // purl
	Outcome Outcome    `json:"outcome"`
	Until   *time.Time `json:"until"` // when it next changes by itself, null if never
	Reasons []Reason   `json:"reasons"`
	Rule    string     `json:"rule"`  // the rule that decided
	Class   string     `json:"class"` // digest of the class of update that the rules saw
}

// AnyUpdate is the update of evidence about a ring's hosts that nobody looked at: they may lack any.
const AnyUpdate = ""

// Evidence is what the ledgers know of updates in rings, own ones ("pilot") and named foreign ones ("msp-lab/test").
// It is sorted by ring, then update.
type Evidence []RingEvidence

// RingEvidence is the record of one exact update in one ring.
type RingEvidence struct {
	Ring        string     `json:"ring"`
	Update      string     `json:"update"`
	Attempted   int        `json:"attempted"` // hosts on which it was started
	Succeeded   int        `json:"succeeded"` // of those, hosts whose newest outcome is success
	Failed      int        `json:"failed"`
	InDoubt     int        `json:"inDoubt"`
	Missing     int        `json:"missing"` // hosts of the ring that a scan saw without it
	FirstAt     *time.Time `json:"firstAt"`
	SucceededAt *time.Time `json:"succeededAt"` // the newest success: soak counts from here
	Platforms   []string   `json:"platforms"`   // on which it succeeded, sorted
	// OnPlatforms counts the successes of hosts whose platform is known. Sorted by platform.
	OnPlatforms []OnPlatform `json:"onPlatforms,omitempty"`
	// Tenants: of the pool, in how many tenants it succeeded.
	Tenants int `json:"tenants,omitempty"`
	// Hosts and Reported stand beside AnyUpdate, where a requirement asks for them: the hosts of the ring at sites that
	// were ever scanned, and how many of them the newest scans reached.
	Hosts    int `json:"hosts,omitempty"`
	Reported int `json:"reported,omitempty"`
	// Healthy, Unhealthy and HealthUnknown are, where a requirement asks for it, how the hosts are that have the update,
	// by the newest scan. A host on which it succeeded after that scan is unknown.
	Healthy       int `json:"healthy,omitempty"`
	Unhealthy     int `json:"unhealthy,omitempty"`
	HealthUnknown int `json:"healthUnknown,omitempty"`
	// Canaries, of own rings: how the update went on the hosts that were to go first.
	Canaries *Canaries `json:"canaries,omitempty"`
}

// Canaries is what became of an update on the canaries of a ring.
type Canaries struct {
	Succeeded   int        `json:"succeeded"`
	Failed      int        `json:"failed"`
	InDoubt     int        `json:"inDoubt"`
	SucceededAt *time.Time `json:"succeededAt"` // the newest success of one
}

// OnPlatform is what is known of one update on one platform.
type OnPlatform struct {
	Platform  string `json:"platform"`
	Succeeded int    `json:"succeeded"`         // hosts
	Tenants   int    `json:"tenants,omitempty"` // of the pool: in so many tenants
}

// On is what is known of one platform.
func (e RingEvidence) On(platform string) OnPlatform {
	for _, p := range e.OnPlatforms {
		if p.Platform == platform {
			return p
		}
	}
	return OnPlatform{Platform: platform}
}

// Of returns the evidence of an update in a ring; ok is false when there is none.
func (e Evidence) Of(ring, update string) (RingEvidence, bool) {
	for _, r := range e {
		if r.Ring == ring && r.Update == update {
			return r, true
		}
	}
	return RingEvidence{Ring: ring, Update: update}, false
}
