package policy

import "time"

// Scenario is one test of a policy, from tests/*.cue: what is given, and what the plan must decide.
type Scenario struct {
	Name     string
	Tenant   string
	At       time.Time // of the plan, in UTC
	Hosts    []string  // that take part; empty means all the tenant has
	Missing  []ScenarioMissing
	Evidence []ScenarioEvidence
	Expect   []Expectation
	Source   string // path:line:column
}

// ScenarioMissing is one update that a scan found missing on one host.
type ScenarioMissing struct {
	Host       string
	Update     string // purl
	From       string // installed version
	Class      string
	Released   *time.Time // nil: the source does not say
	FirstSeen  time.Time
	Exploited  bool
	Severity   string
	Origin     string
	Advisories []string // sorted
	CVEs       []string // sorted
	Source     string
}

// ScenarioEvidence is what the ledger knows of one ring and one update.
type ScenarioEvidence struct {
	Tenant      string // set when the ring is another tenant's
	Ring        string
	Update      string
	Attempted   int
	Succeeded   int
	SucceededAt *time.Time // the newest success
	Missing     int        // hosts of the ring that still need it
	Platforms   []string   // on which it succeeded; sorted
	Tenants     int        // of the pool: in how many tenants it succeeded
	On          []ScenarioPlatform
	Source      string
	// Healthy and Unhealthy are hosts that have it, by the newest scan.
	Healthy, Unhealthy int
	Canaries           *ScenarioCanaries // of lanes that have some
}

// ScenarioCanaries is how an update went on the hosts that got it first.
type ScenarioCanaries struct {
	Attempted, Succeeded int
	SucceededAt          *time.Time // the newest success
}

// ScenarioPlatform is on how many hosts, in how many tenants, it succeeded on one platform.
type ScenarioPlatform struct {
	Platform           string
	Succeeded, Tenants int
}

// Expectation is one decision that the plan must make. Fields that are not set are not compared.
type Expectation struct {
	Ring    string
	Update  string
	Outcome string // approved, pending, needs-approval, rejected
	Until   *time.Time
	Window  string     // in which it was planned
	Opens   *time.Time // when that window's occurrence opens
	Closes  *time.Time // when it closes
	Wave    int        // which of its waves; 0: the first
	Hosts   []string   // of that wave, or of all waves when none is named; sorted
	Source  string
}
