package verify

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

// replay makes the plan of the run's instant again from what the ledger recorded. A plan that names the same inputs must
// have the same bytes. One that was made earlier, from others, must have had nothing due that differs.
func (v *verifier) replay(ctx context.Context, s *step, r *run) {
	if v.Decide == nil || r.snapshot == nil {
		return
	}
	fresh, err := v.rebuild(ctx, s, r)
	if err != nil {
		v.found(s, Replay, "the plan cannot be made again: %v", err)
		return
	}
	v.report.Replayed++
	if err := dated(fresh, r.plan.Parents.Tzdata); err != nil {
		v.found(s, Replay, "%v", err)
		return
	}
	if r.plan.At.Equal(r.at) && r.plan.Parents == fresh.Parents {
		if differs(fresh, r.plan) {
			v.found(s, Replay, "the recorded inputs give plan %s, not %s%s", fresh.Digest, r.plan.Digest, zones(r.plan))
		}
		return
	}
	for _, d := range plan.Stale(r.plan, fresh, r.snapshot, r.at) {
		v.found(s, Replay, "the plan was stale when the run began: %s", d)
	}
}

// maxHorizon bounds how far a recorded plan may look ahead: nobody may keep a verifier busy for ever.
const maxHorizon = 2 * 366 * 24 * time.Hour

func (v *verifier) rebuild(ctx context.Context, s *step, r *run) (*plan.Plan, error) {
	horizon := r.plan.Horizon.Sub(r.plan.At)
	if horizon <= 0 || horizon > maxHorizon {
		return nil, fmt.Errorf("it looks %s ahead", horizon)
	}
	asked, err := v.file(s, inputs.DecideFile)
	if err != nil {
		return nil, err
	}
	text := func(digest string) (string, bool) {
		raw, err := v.file(s, inputs.ModuleFile(digest))
		if err == nil {
			return string(raw), true
		}
		for _, m := range r.policy.Modules {
			if canonical.DigestBytes([]byte(m.Text)) == digest {
				return m.Text, true
			}
		}
		return "", false
	}
	answers, err := v.Decide(ctx, r.policy, asked, text, decision.WithDeclared(r.policy, r.at, r.snapshot.Updates))
	if err != nil {
		return nil, err
	}
	return plan.Build(plan.Input{
		At: r.at, Horizon: horizon, Policy: r.policy, Snapshot: r.snapshot, Evidence: r.evidence,
		Failures: r.base.Failures, InDoubt: r.base.InDoubt, Reboots: r.base.Reboots, Away: r.base.Away, Answers: answers, Tool: r.plan.Parents.Tool,
		Breaks: r.breaks,
	})
}

// dated gives a plan the time zones of another: a later release has newer ones, which rarely change a plan.
func dated(p *plan.Plan, tzdata string) (err error) {
	if p.Parents.Tzdata == tzdata {
		return nil
	}
	p.Parents.Tzdata, p.Digest = tzdata, ""
	p.Digest, err = canonical.Digest(p)
	return err
}

func differs(a, b *plan.Plan) bool {
	x, err1 := canonical.Marshal(a)
	y, err2 := canonical.Marshal(b)
	return err1 != nil || err2 != nil || !bytes.Equal(x, y)
}

// zones says that this program has other time zones than the one that made a plan.
func zones(p *plan.Plan) string {
	if p.Parents.Tzdata == window.TzdataVersion() {
		return ""
	}
	return "; it was made with time zones " + p.Parents.Tzdata + ", here are " + window.TzdataVersion()
}
