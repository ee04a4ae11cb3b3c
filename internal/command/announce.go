package command

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
	"github.com/ringfence/ringfence/runner/ledger/evidence"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

// Intent is the record that stands before the first start of a wave. The wave is judged once more by what is known by
// then: other tenants' evidence is read anew here, this tenant's own is that of the very record which the intent is
// pushed on top of. A gate that closed since the plan was made is a *runner.RefusedError.
func (r *recorder) Intent(ctx context.Context, actions []ledger.Action) error {
	if err := r.syncForeign(ctx); err != nil {
		return err
	}
	in, err := r.judging(ctx)
	if err != nil {
		return err
	}
	files := maps.Clone(r.inputs)
	if r.preview != nil {
		if files[inputs.PreviewFile], err = canonical.Marshal(r.preview); err != nil {
			return err
		}
	}
	rec, err := r.planned(ledger.PhaseIntent, actions)
	if err != nil {
		return err
	}
	err = r.appendIf(ctx, rec, files, func(h branch.Head) error { return r.mayAnnounce(ctx, h, rec, in) })
	var refused *runner.RefusedError
	switch {
	case err == nil:
		r.announced(actions)
	case errors.As(err, &refused):
		r.refused(actions[0], refused.Why)
	}
	return err
}

// refused says why a wave does not start, once for all waves of a ring that do not for one reason.
func (r *recorder) refused(a ledger.Action, why string) {
	fields := event{"tenant": r.tenant.Name, "ring": a.Ring, "lane": a.Lane, "wave": a.Wave, "reason": why}
	if key := a.Ring + " " + why; !r.begun[key] {
		r.tell(key)
		r.out.event("wave_refused", fields, "  %s %s wave %d does not start: %s", r.tenant.Name, a.Ring, a.Wave, why)
		return
	}
	r.out.emit("wave_refused", why, fields)
}

// announced remembers what is merely under way, and not in doubt to the run itself.
func (r *recorder) announced(actions []ledger.Action) {
	for _, a := range actions {
		r.underway[a.ID] = true
	}
}

// judging is the input of a plan made now, but for what the ledger says, which is known when the intent is written.
type judging struct {
	plan.Input
	foreign map[string]ledger.State
	pool    []string
}

func (r *recorder) judging(ctx context.Context) (judging, error) {
	foreign, err := r.foreignHeads(ctx)
	if err != nil {
		return judging{}, err
	}
	in, err := r.unproven(ctx, r.clock(), r.snapshot)
	if err != nil {
		return judging{}, err
	}
	in.SnapshotDigest = r.plan.Parents.Snapshot // nothing here measures it
	return judging{in, states(foreign), r.pool()}, nil
}

// mayAnnounce is what an intent must stand on the record that it follows, whoever wrote that.
func (r *recorder) mayAnnounce(ctx context.Context, h branch.Head, rec ledger.Record, in judging) error {
	if f := h.State.Fences[r.site]; f > r.fence {
		return fmt.Errorf("%w: a run with lease %d has written, this one has %d", remote.ErrMoved, f, r.fence)
	}
	if err := r.onTime(ctx, h); err != nil {
		return err
	}
	if err := r.policyFollows(ctx, h); err != nil {
		return err
	}
	if err := r.judgedByNewest(ctx, h); err != nil {
		return err
	}
	if err := r.doubts(h.State, rec.Actions); err != nil {
		return err
	}
	return in.still(h.State.Without(func(id string) bool { return r.underway[id] }), rec.Actions)
}

// judgedByNewest: the first intent of a run follows what its plan was judged by. What other sites recorded in between is
// judged below; a scan of this site would have made another plan.
func (r *recorder) judgedByNewest(ctx context.Context, h branch.Head) error {
	if len(r.underway) > 0 || len(r.settled) > 0 {
		return nil
	}
	for x, err := range r.ledger.Records(ctx, h) {
		switch {
		case err != nil:
			return err
		case x.Seq <= r.began:
			return nil
		case x.Site == r.site && (x.Phase == ledger.PhaseScan || x.Phase == ledger.PhaseIntent || x.Phase == ledger.PhaseWave):
			return fmt.Errorf("%w: record %d is of the same site", remote.ErrMoved, x.Seq)
		}
	}
	return nil
}

// doubts counts the hosts of the wave's ring that others put in doubt since the run counted: they are down, and the
// run's budget does not know. A host of the wave itself may be busy with what others started.
func (r *recorder) doubts(s ledger.State, actions []ledger.Action) error {
	rings, pools := r.ringNames(), r.tenant.Pools(r.site)
	shares := func(host string) bool {
		return slices.ContainsFunc(pools, func(p policy.Pool) bool {
			return slices.Contains(p.Hosts, host) && slices.ContainsFunc(actions, func(a ledger.Action) bool { return slices.Contains(p.Hosts, a.Host) })
		})
	}
	var hosts []string
	for _, d := range s.InDoubt {
		own := r.underway[d.ID] || r.settled[d.ID]
		busy := slices.ContainsFunc(actions, func(a ledger.Action) bool { return a.Host == d.Host })
		if !own && (busy || !r.counted[d.Host] && (rings[d.Host] == actions[0].Ring || shares(d.Host))) {
			hosts = append(hosts, d.Host)
		}
	}
	if len(hosts) == 0 {
		return nil
	}
	slices.Sort(hosts)
	return &runner.RefusedError{Why: "in doubt since the run began: " + strings.Join(phrase.First(slices.Compact(hosts), 5), ", ")}
}

// still asks rules, approvals and gates once more about every update of a wave.
func (in judging) still(s ledger.State, actions []ledger.Action) error {
	in.Evidence, in.Failures, in.InDoubt = evidence.Extract(s, in.foreign, in.Policy, in.pool...), s.Failures, s.InDoubt
	if err := in.present(s.Away, actions); err != nil {
		return err
	}
	judgements, err := plan.Judgements(in.Input)
	if err != nil {
		return err
	}
	for _, j := range judgements {
		if j.Decision.Ring != actions[0].Ring {
			continue
		}
		if err := in.stands(j, actions); err != nil {
			return err
		}
	}
	return nil
}

// stands is what a judgement has against the actions of a wave: those of its canaries, and those of other hosts.
func (in judging) stands(j plan.Judgement, actions []ledger.Action) error {
	update, first, others := j.Decision.Update, 0, 0
	for _, a := range actions {
		for _, u := range a.Updates {
			switch {
			case u.Update != update || u.Canary && in.retried(a.Host, update):
			case u.Canary:
				first++
			default:
				others++
			}
		}
	}
	d := j.Decision
	if others > 0 && j.Rest != nil && holds(d) {
		d = *j.Rest
	}
	switch {
	case !slices.ContainsFunc(actions, func(a ledger.Action) bool { return has(a, update) }):
		return nil
	case !holds(d):
		return &runner.RefusedError{Why: fmt.Sprintf("%s is no longer approved: %s", phrase.Update(update), untrusted.Line(d.Reasons[0].Msg, 300))}
	case first > j.Left:
		return &runner.RefusedError{Why: fmt.Sprintf("%s: %s of %s may go as canaries now, and not %d", phrase.Update(update), phrase.Count(j.Left, "more host"), d.Ring, first)}
	}
	return nil
}

// present: who is caught up was away and has not been caught up since, and who is to be left out is.
func (in judging) present(away []plan.Away, actions []ledger.Action) error {
	for _, a := range actions {
		if len(a.Updates) == 0 {
			continue
		}
		why := plan.Skips(in.Policy, away, a.Host, a.Ring, a.Lane, a.Opens)
		if a.CatchUp {
			why = plan.MayCatchUp(in.Policy, away, a.Host, a.Ring, a.Lane, in.At)
		}
		if why != "" {
			return &runner.RefusedError{Why: a.Host + ": " + why}
		}
	}
	return nil
}

// retried reports whether an update failed on a host that was its canary: it stays one when it is tried again.
func (in judging) retried(host, update string) bool {
	return slices.ContainsFunc(in.Failures, func(f plan.Failure) bool { return f.Host == host && f.Update == update && f.Canary })
}

func has(a ledger.Action, update string) bool {
	return slices.ContainsFunc(a.Updates, func(u plan.ChangeUpdate) bool { return u.Update == update })
}

// holds: what was approved when the run began is so still. A success since then starts the soak anew, which puts off
// later plans and closes nothing that was open.
func holds(d decision.Decision) bool {
	soaks := len(d.Reasons) > 0 && d.Reasons[0].Code == decision.ReasonWaitSoak && d.Until != nil
	return d.Outcome == decision.Approved || d.Outcome == decision.Pending && soaks
}
