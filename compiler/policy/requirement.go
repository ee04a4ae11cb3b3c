package policy

import "slices"

// Requirement is the gate that one earlier ring, or the pool, must pass for an update before a ring may have it.
type Requirement struct {
	Tenant       string     `json:"tenant,omitempty"` // set when the ring is another tenant's; AllTenants for the pool
	Ring         string     `json:"ring"`
	Succeeded    int        `json:"succeeded"` // percent of attempted
	MinSucceeded int        `json:"minSucceeded"`
	Soak         Duration   `json:"soak"`
	IfUntested   IfUntested `json:"ifUntested"`
	Source       string     `json:"source"`
	// MinReported is how many hosts of the ring, or what share of them, the newest scans must have looked at. Zero: any.
	MinReported Amount `json:"minReported,omitzero"`
	// SamePlatform: it must have succeeded on each platform of the hosts that are to get it.
	SamePlatform bool     `json:"samePlatform,omitempty"`
	Platforms    []string `json:"platforms,omitempty"` // on each of these it must have succeeded; sorted
	Tenants      int      `json:"tenants,omitempty"`   // of the pool: in so many tenants it must have succeeded
	// Healthy: the hosts that have it must be well, by a scan that is newer than its success there.
	Healthy bool `json:"healthy,omitempty"`
	// EachPlatform: MinSucceeded and Tenants must hold on each of the platforms by itself.
	EachPlatform bool `json:"eachPlatform,omitempty"`
}

// The pool is required like a ring of all tenants: what this tenant and those that share their evidence saw together.
const (
	AllTenants = "*"
	PoolRing   = "pool"
)

// Key names the required ring as policies do: "pilot" or "msp-lab/test". The pool is "*/pool", which no ring can be.
func (r Requirement) Key() string {
	if r.Tenant == "" {
		return r.Ring
	}
	return r.Tenant + "/" + r.Ring
}

// Pooled reports whether it requires the pool.
func (r Requirement) Pooled() bool { return r.Tenant == AllTenants }

// Foreign reports whether it rests on the evidence of other tenants.
func (r Requirement) Foreign() bool { return r.Tenant != "" }

// Gates are all requirements of the ring: those that must hold, then those of the alternatives.
func (r Ring) Gates() []Requirement {
	out := r.Requires[:len(r.Requires):len(r.Requires)]
	for _, alternative := range r.RequiresAny {
		out = append(out, alternative...)
	}
	return out
}

// Pooled reports whether a ring of the tenant may go by the pool.
func (t *Tenant) Pooled() bool {
	return slices.ContainsFunc(t.Rings, func(r Ring) bool { return slices.ContainsFunc(r.Gates(), Requirement.Pooled) })
}

// Abroad names the other tenants whose rings are required by name, sorted.
func (t *Tenant) Abroad() []string {
	var out []string
	for _, r := range t.Rings {
		for _, q := range r.Gates() {
			if q.Foreign() && !q.Pooled() {
				out = append(out, q.Tenant)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// IfUntested says what happens when attempted + still missing earlier hosts can never reach minSucceeded.
type IfUntested string

// The choices of ifUntested.
const (
	UntestedNeedsApproval IfUntested = "needs-approval"
	UntestedWait          IfUntested = "wait"
	UntestedApprove       IfUntested = "approve"
)
