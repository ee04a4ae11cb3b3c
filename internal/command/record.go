package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
	"github.com/ringfence/ringfence/runner/ledger/lease"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

// draft is a record with what every record of this pipeline has. A run's records share its id.
func (p *pipeline) draft(phase ledger.Phase, run string) (ledger.Record, error) {
	digest, err := p.tenant.Digest()
	if err != nil {
		return ledger.Record{}, err
	}
	return ledger.Record{
		APIVersion: canonical.APIVersion, Kind: "Record", Tenant: p.tenant.Name, Phase: phase, Run: run, At: p.clock(), TestClock: p.test,
		PolicyCommit: p.ws.commit, Policy: digest, Site: p.site, Runner: p.runnerName(), Fence: p.fence, Actions: []ledger.Action{},
	}, nil
}

// runID names a run by its lease and by where its first record goes.
func (p *pipeline) runID() string {
	return fmt.Sprintf("%s-%06d", lease.RunOf(p.tenant.Name, p.site, p.fence), p.head.State.Seq+1)
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
	return p.appendIf(ctx, r, files, func(h branch.Head) error { return p.policyFollows(ctx, h) })
}

func (p *pipeline) appendIf(ctx context.Context, r ledger.Record, files map[string][]byte, check func(branch.Head) error) error {
	head, err := p.onTop(ctx, branch.Entry{
		Record: r, Files: files, Outcome: r.Outcome, MustPush: r.Phase == ledger.PhaseIntent, Check: check,
	})
	switch {
	case errors.Is(err, branch.ErrUnpushed):
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
func (p *pipeline) onTop(ctx context.Context, e branch.Entry) (branch.Head, error) {
	for {
		head, err := p.ledger.Append(ctx, p.head, e)
		if !errors.Is(err, remote.ErrMoved) || p.share.Remote != "" || e.Record.Phase == ledger.PhaseScan {
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
	if r.Scan, err = ledger.ScanOf(s, p.tenant, p.head.State); err != nil {
		return err
	}
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
	return map[string][]byte{branch.SnapshotPath(p.site): b.Bytes()}, nil
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
