package command

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/policies"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
)

// draft is a record with what every record of this pipeline has. A run's records share its id.
func (p *pipeline) draft(phase ledger.Phase, run string) (ledger.Record, error) {
	digest, err := p.tenant.Digest()
	if err != nil {
		return ledger.Record{}, err
	}
	return ledger.Record{
		APIVersion: "ringfence.dev/v1", Kind: "Record", Tenant: p.tenant.Name, Phase: phase, Run: run, At: p.clock(), TestClock: p.test,
		PolicyCommit: p.ws.commit, Policy: digest, Site: p.site, Runner: p.runnerName(), Fence: p.fence, Actions: []ledger.Action{},
	}, nil
}

// runID names a run by its lease and by where its first record goes.
func (p *pipeline) runID() string {
	return fmt.Sprintf("%s-%06d", ledger.RunOf(p.tenant.Name, p.site, p.fence), p.head.State.Seq+1)
}

func (p *pipeline) runnerName() string {
	if name := p.Getenv("RINGFENCE_RUNNER"); name != "" {
		return name
	}
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}

// append writes a record. What is decided here is decided again on top of what others wrote meanwhile; the outcomes of
// what ran are recorded whatever they say.
func (p *pipeline) append(ctx context.Context, r ledger.Record, files map[string][]byte) error {
	if r.Phase == ledger.PhaseWave || r.Phase == ledger.PhaseEnd {
		return p.appendIf(ctx, r, files, nil)
	}
	return p.appendIf(ctx, r, files, func(h ledger.Head) error { return p.policyFollows(ctx, h) })
}

func (p *pipeline) appendIf(ctx context.Context, r ledger.Record, files map[string][]byte, check func(ledger.Head) error) error {
	head, err := p.onTop(ctx, ledger.Entry{
		Record: r, Files: files, Outcome: r.Outcome, MustPush: r.Phase == ledger.PhaseIntent, Check: check,
	})
	switch {
	case errors.Is(err, ledger.ErrUnpushed):
		p.out.say("warning: %v", ledgerError(p.tenant.Name, err)) // it is kept here, and what it tells happened already
	case err != nil:
		return err
	}
	p.head, p.unpushed = head, err != nil
	p.out.emit("record", string(r.Phase), event{"tenant": p.tenant.Name, "seq": head.State.Seq, "commit": head.Commit, "phase": r.Phase})
	if r.Phase != ledger.PhaseIntent {
		p.trip(ctx)
	}
	return nil
}

// onTop appends. A run goes on top of what other verbs of this repository wrote meanwhile, as it does of what comes from
// a remote: a late failure must not cost the record of what was done. A scan does not: the newer one would be hidden.
func (p *pipeline) onTop(ctx context.Context, e ledger.Entry) (ledger.Head, error) {
	for {
		head, err := p.ledger.Append(ctx, p.head, e)
		if !errors.Is(err, ledger.ErrMoved) || p.share.Remote != "" || e.Record.Phase == ledger.PhaseScan {
			return head, err
		}
		before := p.head.Commit
		if again := p.reload(ctx); again != nil || p.head.Commit == before {
			return head, errors.Join(err, again)
		}
	}
}

// recordScan writes a snapshot and what it settles.
func (p *pipeline) recordScan(ctx context.Context, s *inventory.Snapshot, settled []ledger.Action) error {
	r, err := p.draft(ledger.PhaseScan, p.runID())
	if err != nil {
		return err
	}
	r.Actions = settled
	if r.Scan, err = scanOf(s, p.ringNames(), p.tenant); err != nil {
		return err
	}
	r.Scan.Awake = awake(s, p.head.State.Asleep)
	r.Scan.Health = ledger.HealthOf(s, p.ringNames(), p.head.State.Evidence)
	files, err := p.snapshotFile(s)
	if err != nil {
		return err
	}
	return p.written(p.append(ctx, r, files))
}

// written gives the ledger's errors their codes.
func (p *pipeline) written(err error) error {
	if err == nil {
		return nil
	}
	return ledgerError(p.tenant.Name, err)
}

func (p *pipeline) snapshotFile(s *inventory.Snapshot) (map[string][]byte, error) {
	var b bytes.Buffer
	if err := s.Encode(&b); err != nil {
		return nil, err
	}
	return map[string][]byte{"snapshot/" + p.site + ".jsonl": b.Bytes()}, nil
}

// ringNames maps hosts to rings; a host without exactly one ring has none.
func (p *pipeline) ringNames() map[string]string {
	out := map[string]string{}
	for _, h := range p.hosts() {
		if r, ok := p.tenant.RingOf(h); ok {
			out[h.Name] = r.Name
		}
	}
	return out
}

// scanOf summarises a snapshot for the ledger's state.
func scanOf(s *inventory.Snapshot, ringOf map[string]string, t *policy.Tenant) (*ledger.Scan, error) {
	digest, err := s.Digest()
	if err != nil {
		return nil, err
	}
	out := &ledger.Scan{
		Snapshot: digest, Hosts: len(s.Hosts), Unreachable: []string{}, Stale: []string{}, Quarantined: []string{},
		Missing: []ledger.RingMissing{}, Seen: []string{},
	}
	count, unseen, sizes := map[ledger.RingMissing]int{}, map[string]int{}, map[string]int{}
	for _, h := range s.Hosts {
		if ring := ringOf[h.Name]; ring != "" {
			sizes[ring]++
		}
		if ring := ringOf[h.Name]; ring != "" && h.State != inventory.Scanned {
			unseen[ring]++
			if as := t.CatchesUp(ring, policy.DefaultLane).As; as == policy.CatchUpSeen || as == policy.CatchUpSkip {
				out.Away = append(out.Away, h.Name)
			}
		}
		switch h.State {
		case inventory.Unreachable:
			out.Unreachable = append(out.Unreachable, h.Name)
		case inventory.Stale:
			out.Stale = append(out.Stale, h.Name)
		case inventory.Quarantined:
			out.Quarantined = append(out.Quarantined, h.Name)
		case inventory.Scanned:
			out.Scanned++
			for _, m := range h.Missing {
				if ring := ringOf[h.Name]; ring != "" {
					count[ledger.RingMissing{Ring: ring, Update: s.Updates[m.Update].PURL}]++
				}
			}
		}
	}
	for _, ring := range slices.Sorted(maps.Keys(unseen)) {
		out.Unseen = append(out.Unseen, ledger.RingUnseen{Ring: ring, Hosts: unseen[ring]})
	}
	for _, ring := range slices.Sorted(maps.Keys(sizes)) {
		out.Rings = append(out.Rings, ledger.RingHosts{Ring: ring, Hosts: sizes[ring]})
	}
	for k := range maps.Keys(count) {
		k.Hosts = count[k]
		out.Missing = append(out.Missing, k)
	}
	slices.SortFunc(out.Missing, func(a, b ledger.RingMissing) int {
		return cmp.Or(cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Update, b.Update))
	})
	for _, u := range s.Updates {
		out.Seen = append(out.Seen, u.PURL)
	}
	return out, nil
}

// awake are the hosts that have updates waiting for a reboot and ask for none any more: somebody has rebooted them.
func awake(s *inventory.Snapshot, asleep []ledger.Asleep) []string {
	var out []string
	for _, a := range asleep {
		if h := s.Host(a.Host); h != nil && h.State == inventory.Scanned && !h.RebootPending && !slices.Contains(out, a.Host) {
			out = append(out, a.Host)
		}
	}
	slices.Sort(out)
	return out
}

// recorder writes the records of one run. It implements runner.Recorder.
type recorder struct {
	*pipeline
	run      string
	plan     *plan.Plan
	preview  *plan.Preview
	snapshot *inventory.Snapshot // kept current with what each wave read
	inputs   map[string][]byte
	began    int             // the record that the plan was judged by
	counted  map[string]bool // hosts in doubt when the run began, which its budgets know
	underway map[string]bool // actions that are announced and have no outcome yet
	settled  map[string]bool // actions of this run that have one, which may be that they are in doubt
}

var _ runner.Recorder = (*recorder)(nil)

// newRecorder prepares a run's records, with the inputs from which any later release can replay its decisions.
func (p *pipeline) newRecorder(made *plan.Plan, preview *plan.Preview, s *inventory.Snapshot) (*recorder, error) {
	inputs, err := p.inputs(made, s)
	r := &recorder{
		pipeline: p, run: p.runID(), plan: made, preview: preview, snapshot: s, inputs: inputs, began: p.head.State.Seq,
		counted: map[string]bool{}, underway: map[string]bool{}, settled: map[string]bool{},
	}
	for _, d := range p.head.State.InDoubt {
		r.counted[d.Host] = true
	}
	return r, err
}

func (p *pipeline) inputs(made *plan.Plan, s *inventory.Snapshot) (map[string][]byte, error) {
	compiled, err := canonical.Marshal(p.tenant)
	if err != nil {
		return nil, err
	}
	rules, err := decide.RulesOf(p.tenant, policies.Decide)
	if err != nil {
		return nil, err
	}
	asked, err := rules.Input(decision.WithDeclared(p.tenant, p.basis.At, s.Updates))
	if err != nil {
		return nil, err
	}
	document, err := canonical.Marshal(made)
	if err != nil {
		return nil, err
	}
	basis, err := canonical.Marshal(p.basis)
	out := map[string][]byte{
		ledger.PolicyFile: compiled, ledger.DecideFile: asked, ledger.PlanFile: document, ledger.RunFile: append(basis, '\n'),
	}
	for _, m := range rules.Modules() {
		out[ledger.ModuleFile(canonical.DigestBytes([]byte(m.Text)))] = []byte(m.Text)
	}
	return out, err
}

// Outcome records how a wave ended, with the snapshot as its re-read hosts leave it.
func (r *recorder) Outcome(ctx context.Context, actions []ledger.Action, readings []runner.Reading) error {
	r.snapshot = runner.Assemble(runner.Assembly{
		Tenant: r.tenant.Name, Site: r.site, At: r.clock(), Hosts: r.hosts(), Prev: r.snapshot,
		FirstSeen: r.head.State.FirstSeen, Readings: readings,
	})
	files, err := r.snapshotFile(r.snapshot)
	if err != nil {
		return err
	}
	rec, err := r.planned(ledger.PhaseWave, actions)
	if err != nil {
		return err
	}
	for _, a := range actions {
		delete(r.underway, a.ID)
		r.settled[a.ID] = true
	}
	if err := r.append(ctx, rec, files); err != nil {
		return err
	}
	r.outcomeRecorded()
	return nil
}

// finish closes the run's records, and says there which waves were refused.
func (r *recorder) finish(ctx context.Context, out runner.Outcome, outcome string) error {
	var skipped []ledger.Action
	for _, w := range out.Refused {
		skipped = append(skipped, w.Actions...)
	}
	rec, err := r.planned(ledger.PhaseEnd, skipped)
	if err != nil {
		return err
	}
	rec.Outcome = outcome
	return r.append(ctx, rec, nil)
}

// planned is a record of this run's plan.
func (r *recorder) planned(phase ledger.Phase, actions []ledger.Action) (ledger.Record, error) {
	rec, err := r.draft(phase, r.run)
	rec.Plan, rec.Actions = r.plan.Digest, actions
	return rec, err
}
