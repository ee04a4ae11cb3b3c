package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

type runKey struct{ id, site string }

// run is what its first intent recorded, as far as it could be read.
type run struct {
	runKey
	policy   *policy.Tenant // nil: it could not be read, which has been told
	plan     *plan.Plan     // the same
	at       time.Time      // when the run compared its plan with the world
	base     ledger.State   // what the ledger said then
	snapshot *inventory.Snapshot
	evidence decision.Evidence
	breaks   []decision.Break // what the breaker held then
	foreign  bool             // evidence of other tenants' rings is recorded
	digests  [2]string
	commit   string          // of the policy
	hosts    map[string]bool // on which something was announced
	gates    map[gateKey]decision.Decision
	index    *decision.Index          // of evidence, once asked for
	by       *recorded                // what gates are judged by once more
	rings    map[string]*members      // once asked for
	pools    map[string][]policy.Pool // by host, once asked for
}

// begin returns the run that a record belongs to; nil when the record is of none. The first intent of a run starts it.
func (v *verifier) begin(ctx context.Context, s *step) *run {
	key := runKey{s.record.Run, s.record.Site}
	r := v.runs[key]
	switch {
	case r == nil && s.record.Phase == ledger.PhaseIntent:
		r = v.newRun(ctx, s, key)
		v.runs[key] = r
		v.report.Runs++
	case r != nil && s.record.Plan != "" && s.record.Plan != r.digests[0]:
		v.found(s, Plan, "it is of run %s and names plan %s; the run began with %s", key.id, s.record.Plan, r.digests[0])
	case r != nil && s.record.Phase == ledger.PhaseIntent && s.record.Policy != r.digests[1]:
		v.found(s, Inputs, "it is of run %s and names policy %s; the run began with %s", key.id, s.record.Policy, r.digests[1])
	}
	return r
}

func (v *verifier) newRun(ctx context.Context, s *step, key runKey) *run {
	r := &run{runKey: key, digests: [2]string{s.record.Plan, s.record.Policy}, commit: s.record.PolicyCommit, hosts: map[string]bool{}, gates: map[gateKey]decision.Decision{}}
	var err error
	if r.policy, err = v.policyOf(s); err != nil {
		v.found(s, Inputs, "%v", err)
	}
	if r.plan, err = v.planOf(s); err != nil {
		v.found(s, Plan, "%v", err)
	}
	whole := v.base(s, r)
	if r.policy != nil && r.plan != nil && whole {
		v.replay(ctx, s, r)
	}
	return r
}

// policyOf reads the compiled policy that the record names by digest.
func (v *verifier) policyOf(s *step) (*policy.Tenant, error) {
	raw, err := v.file(s, inputs.PolicyFile)
	if err != nil {
		return nil, err
	}
	t := &policy.Tenant{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(t); err != nil {
		return nil, &fileError{inputs.PolicyFile, err}
	}
	own, err := canonical.Marshal(t)
	if err != nil {
		return nil, &fileError{inputs.PolicyFile, err}
	}
	if !bytes.Equal(own, raw) || canonical.DigestBytes(raw) != s.record.Policy || t.Name != v.Tenant {
		return nil, &fileError{inputs.PolicyFile, errNotNamed}
	}
	v.policies[s.record.Policy] = t
	return t, nil
}

// planOf reads the plan that the record names by digest, and makes sure that a preview is that plan's.
func (v *verifier) planOf(s *step) (*plan.Plan, error) {
	raw, err := v.file(s, inputs.PlanFile)
	if err != nil {
		return nil, err
	}
	p, _, err := plan.Load(bytes.NewReader(raw))
	if err != nil {
		return nil, &fileError{inputs.PlanFile, err}
	}
	if p.Digest != s.record.Plan || p.Tenant != v.Tenant {
		return nil, &fileError{inputs.PlanFile, errNotNamed}
	}
	if _, ok := s.files[inputs.PreviewFile]; ok {
		return p, v.previewOf(s, p)
	}
	return p, nil
}

func (v *verifier) previewOf(s *step, p *plan.Plan) error {
	raw, err := v.file(s, inputs.PreviewFile)
	if err != nil {
		return err
	}
	var preview plan.Preview
	if err := json.Unmarshal(raw, &preview); err != nil {
		return &fileError{inputs.PreviewFile, err}
	}
	claimed := preview.Digest
	preview.Digest = ""
	if got, err := canonical.Digest(preview); err != nil || got != claimed || preview.Plan != p.Digest {
		return &fileError{inputs.PreviewFile, errNotNamed}
	}
	return nil
}
