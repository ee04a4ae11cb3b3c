// Package inputs is what an intent carries beside its record: the plan that is carried out, and everything from which
// anybody can make that plan again and compare.
package inputs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
)

// The files.
const (
	PlanFile    = "run/plan.json"
	PreviewFile = "run/preview.json"
	PolicyFile  = "inputs/policy.json" // the compiled policy, canonical
	DecideFile  = "inputs/decide.json" // what the rules were asked
	RunFile     = "inputs/run.json"    // a Run
)

// ModuleFile is where an intent keeps the text of a rule module that inputs/decide.json names by digest.
func ModuleFile(digest string) string {
	return "inputs/modules/" + strings.TrimPrefix(digest, "sha256:") + ".rego"
}

// Run says from what a run made the plan that it compared the one it carries out with: the state and the snapshot
// of the ledger's own record Head, what other tenants' ledgers said, and the instant.
type Run struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"` // "RunInput"
	Tenant     string            `json:"tenant"`
	Head       string            `json:"head"` // commit of the tenant's ledger
	At         time.Time         `json:"at"`
	Foreign    decision.Evidence `json:"foreign"` // of the rings "tenant/ring" that the policy names
	Ledgers    []ForeignHead     `json:"ledgers"` // where Foreign was read, sorted by tenant, then commit

	Breaks []decision.Break `json:"breaks,omitempty"` // of the breaker, if the policy shares it
}

// ForeignHead is the record of another tenant's ledger that its evidence was read from; no commit: it had none. One that
// was read for the pool alone goes without the tenant's name: this ledger is shown to auditors who may not know who else
// there is. Who has that ledger finds the name in it.
type ForeignHead struct {
	Tenant string `json:"tenant,omitempty"`
	Commit string `json:"commit"`
	Pool   bool   `json:"pool,omitempty"` // it shares its evidence, and the policy goes by the pool
}

// Of makes the document from what a plan was built from: all its evidence, own rows included, and the heads of
// the foreign ledgers by tenant.
func Of(head branch.Head, at time.Time, evidence decision.Evidence, foreign map[string]branch.Head) Run {
	in := Run{
		APIVersion: canonical.APIVersion, Kind: "RunInput", Tenant: head.State.Tenant, Head: head.Commit, At: at.UTC().Truncate(time.Second),
		Foreign: decision.Evidence{}, Ledgers: []ForeignHead{},
	}
	for _, e := range evidence {
		if strings.Contains(e.Ring, "/") {
			in.Foreign = append(in.Foreign, e)
		}
	}
	for tenant, h := range foreign {
		in.Ledgers = append(in.Ledgers, ForeignHead{Tenant: tenant, Commit: h.Commit})
	}
	in.sort()
	return in
}

// sort goes by name, then commit, so that the order of those without a name says nothing of it.
func (in *Run) sort() {
	slices.SortFunc(in.Ledgers, func(a, b ForeignHead) int {
		return cmp.Or(strings.Compare(a.Tenant, b.Tenant), strings.Compare(a.Commit, b.Commit))
	})
}

// MarkPool says which of the foreign ledgers were counted in the pool. Those of tenants that the policy does not name
// lose their name.
func (in *Run) MarkPool(tenants, named []string) {
	for i, h := range in.Ledgers {
		in.Ledgers[i].Pool = slices.Contains(tenants, h.Tenant)
		if in.Ledgers[i].Pool && !slices.Contains(named, h.Tenant) {
			in.Ledgers[i].Tenant = ""
		}
	}
	in.sort()
}

// Decode reads a Run strictly.
func Decode(raw []byte) (Run, error) {
	var in Run
	if err := ledger.Decode(raw, &in); err != nil {
		return Run{}, fmt.Errorf("run input: %w", err)
	}
	if in.APIVersion != canonical.APIVersion || in.Kind != "RunInput" || in.Head == "" {
		return Run{}, errors.New("run input: it is no RunInput with a head")
	}
	if slices.ContainsFunc(in.Foreign, func(e decision.RingEvidence) bool { return !strings.Contains(e.Ring, "/") }) {
		return Run{}, errors.New("run input: it has evidence of an own ring, which only the ledger's state may say")
	}
	return in, nil
}
