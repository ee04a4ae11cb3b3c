package verify

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/evidence"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

var errNotNamed = errors.New("it is not what the record names by its digest")

// base finds what the run knew when it judged its plan: the ledger's state and snapshot of a record before, and what
// other tenants' ledgers said. It reports whether all of it is there.
func (v *verifier) base(s *step, r *run) (whole bool) {
	n := len(v.past)
	r.at = s.record.At
	in, err := v.runInput(s)
	switch {
	case errors.Is(err, errNoFile):
		v.found(s, NotReplayed, "%v: its run is judged by the record before it, and its plan is not made again", err)
	case err != nil:
		v.found(s, Inputs, "%v", err)
	default:
		n, r.at, whole = v.hashes[in.Head], in.At, v.fits(s, in)
	}
	if n == 0 || n > len(v.past) {
		return false
	}
	at, err := v.stateAt(n, r)
	if err != nil {
		v.found(s, Inputs, "record %d: %v", n, err)
		return false
	}
	if r.policy == nil {
		return false
	}
	r.evidence = own(at, r.policy)
	if whole {
		r.foreign, r.breaks = true, in.Breaks
		r.evidence = append(r.evidence, in.Foreign...)
		slices.SortFunc(r.evidence, func(a, b decision.RingEvidence) int {
			return cmp.Or(cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Update, b.Update))
		})
		v.foreign(s, r, in)
	}
	return whole
}

// own is what a tenant's plan reads of its own ledger's evidence.
func own(s ledger.State, t *policy.Tenant) decision.Evidence {
	return slices.DeleteFunc(evidence.Extract(s, nil, t), isForeign)
}

func isForeign(e decision.RingEvidence) bool { return strings.Contains(e.Ring, "/") }

func isOwn(e decision.RingEvidence) bool { return !isForeign(e) }

func (v *verifier) runInput(s *step) (inputs.Run, error) {
	raw, err := v.file(s, inputs.RunFile)
	if err != nil {
		return inputs.Run{}, err
	}
	return inputs.Decode(raw)
}

// fits: the run looked at the newest of its site. Only other sites, leases and orders may have come in between.
func (v *verifier) fits(s *step, in inputs.Run) bool {
	n := v.hashes[in.Head]
	if n == 0 || n >= s.seq || in.Tenant != v.Tenant {
		v.found(s, Inputs, "its run began at commit %.12s, which is no record of this tenant before it", in.Head)
		return false
	}
	if in.At.After(s.record.At.Add(ledger.Skew)) {
		v.found(s, Clock, "its run judged the plan at %s, after the record itself", stamp(in.At))
	}
	for i, p := range v.past[n:] {
		if p.site == s.record.Site && (p.phase == ledger.PhaseScan || p.phase == ledger.PhaseIntent || p.phase == ledger.PhaseWave) {
			v.found(s, Inputs, "its run judged by record %d, though record %d of the same site came after it", n, n+i+1)
			return false
		}
	}
	return true
}

// stateAt reads state and snapshot of an earlier record, which have been checked in their turn.
func (v *verifier) stateAt(n int, r *run) (ledger.State, error) {
	at := &step{seq: n}
	at.commit.Hash = v.past[n-1].hash
	var err error
	if at.files, err = v.Repo.PlainFiles(at.commit.Hash); err != nil {
		return ledger.State{}, err
	}
	raw, err := v.file(at, stateFile)
	if err != nil {
		return ledger.State{}, err
	}
	if r.base, err = ledger.DecodeState(raw); err != nil {
		return ledger.State{}, err
	}
	r.snapshot, _, err = v.snapshotOf(at, r.site)
	return r.base, err
}

// foreign compares recorded evidence of other tenants with their ledgers, as far as this repository has them.
func (v *verifier) foreign(s *step, r *run, in inputs.Run) {
	states, pool := map[string]ledger.State{}, []string{}
	for i, h := range in.Ledgers {
		state, err := v.foreignState(h)
		if errors.Is(err, gitrepo.ErrNoObject) {
			return // an auditor of one tenant has no other's
		}
		if err != nil {
			v.found(s, Inputs, "the ledger of %s at %.12s: %v", h.Tenant, h.Commit, err)
			return
		}
		name := cmp.Or(h.Tenant, state.Tenant, fmt.Sprintf("nobody's %d", i)) // of the pool, without a name and yet without a record
		states[name] = state
		if h.Pool {
			pool = append(pool, name)
		}
	}
	want := slices.DeleteFunc(evidence.Extract(r.base, states, r.policy, pool...), isOwn)
	if len(want)+len(in.Foreign) > 0 && !reflect.DeepEqual(want, in.Foreign) {
		v.found(s, Inputs, "the recorded evidence of other tenants is not what their ledgers said")
	}
}

func (v *verifier) foreignState(h inputs.ForeignHead) (ledger.State, error) {
	if h.Commit == "" {
		return ledger.State{}, nil
	}
	raw, err := v.Repo.ReadFile(h.Commit, stateFile, maxFile)
	if err != nil {
		return ledger.State{}, err
	}
	state, err := ledger.DecodeState(raw)
	if err == nil && h.Tenant != "" && state.Tenant != h.Tenant {
		err = errors.New("it is of tenant " + state.Tenant)
	}
	return state, err
}
