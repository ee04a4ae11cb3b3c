package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
	"github.com/ringfence/ringfence/runner/ledger/evidence"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
	"github.com/ringfence/ringfence/runner/ledger/remote"
	"github.com/ringfence/ringfence/runner/report"
)

// pipeline is the whole flow for one tenant. Each verb enters it somewhere:
//
//	compile → scan → decide → plan → [preview] → run → record → report
//
// compile happened in workspace; scan, run and record are in files of their own; what stands here is pure but for
// reading the ledger.
type pipeline struct {
	*app
	ws     *workspace
	tenant *policy.Tenant
	site   string // where this runner reaches hosts

	settings policy.Settings

	share  remote.Options
	ledger *branch.Ledger
	head   branch.Head
	clock  runner.Clock     // of verbs that write the ledger
	fence  int              // of the lease that is held, 0 for none
	test   bool             // clock is not machine time
	basis  inputs.Run       // of the newest plan, from which anybody can make it again
	breaks []decision.Break // what the breaker holds for this tenant, as read last
	begun  map[string]bool  // waves that a person was told of

	overdue []plan.Overdue // hosts that the newest plan raises an alarm about
	halts   haltNews       // what the halt orders said last

	// newest is the newest record of another tenant's ledger, as the verb reads it.
	newest func(ctx context.Context, tenant string) (branch.Head, error)

	journal  *runnerJournal // while the lease is held
	unpushed bool           // the newest record is here alone
}

func (a *app) pipeline(ctx context.Context, ws *workspace, t *policy.Tenant, site string) (*pipeline, error) {
	set, share, err := a.shared(ws)
	if err != nil {
		return nil, err
	}
	p := &pipeline{app: a, ws: ws, tenant: t, site: site, settings: set, share: share, ledger: branch.OpenWith(ws.repo, t.Name, share)}
	p.newest = p.fetched
	if err := p.knownBreaks(ctx); err != nil {
		return nil, err
	}
	return p, p.reload(ctx)
}

// sync brings the ledgers that this tenant's decisions rest on here from their remote, if they have one.
func (p *pipeline) sync(ctx context.Context) error {
	if err := p.ledger.Sync(ctx); err != nil {
		return ledgerError(p.tenant.Name, err)
	}
	if err := p.syncBreaks(ctx); err != nil {
		return err
	}
	if err := p.syncForeign(ctx); err != nil {
		return err
	}
	return p.reload(ctx)
}

func (p *pipeline) syncForeign(ctx context.Context) error {
	for _, name := range p.foreign() {
		if err := branch.OpenWith(p.ws.repo, name, p.share).Sync(ctx); err != nil {
			return ledgerError(name, err)
		}
	}
	return nil
}

// foreign lists the other tenants whose evidence this tenant's rings require, by name or in the pool.
func (p *pipeline) foreign() []string {
	out := append(p.tenant.Abroad(), p.pool()...)
	slices.Sort(out)
	return slices.Compact(out)
}

// pool lists the other tenants that share their evidence, if this tenant goes by it. To know them the compiler reads
// every tenant; one that does not compile shares nothing.
func (p *pipeline) pool() []string {
	if !p.tenant.Pooled() {
		return nil
	}
	var out []string
	for _, t := range p.ws.set.Tenants {
		if t.SharesEvidence && t.Name != p.tenant.Name {
			out = append(out, t.Name)
		}
	}
	return out
}

// hosts are the tenant's hosts at this site: a runner reaches, judges and counts no others.
func (p *pipeline) hosts() []policy.Host {
	return slices.DeleteFunc(slices.Clone(p.tenant.Hosts), func(h policy.Host) bool { return h.Site() != p.site })
}

// reload reads the ledger's newest state.
func (p *pipeline) reload(ctx context.Context) error {
	head, err := p.ledger.Head(ctx)
	if err != nil {
		return ledgerError(p.tenant.Name, err)
	}
	p.head = head
	return nil
}

// snapshot is the newest scan.
func (p *pipeline) snapshot(ctx context.Context) (*inventory.Snapshot, error) {
	if p.head.Commit == "" {
		return nil, p.noSnapshot()
	}
	s, err := p.ledger.Snapshot(ctx, p.head, p.site)
	switch {
	case errors.Is(err, branch.ErrNoSnapshot):
		return nil, p.noSnapshot()
	case errors.Is(err, inventory.ErrSnapshot):
		return nil, diag.New(diag.BadSnapshot, "the snapshot of %s in its ledger: %v", p.tenant.Name, err).
			WithFix("scan again: ringfence scan %s", p.where())
	case err != nil:
		return nil, ledgerError(p.tenant.Name, err)
	}
	return s, nil
}

func (p *pipeline) noSnapshot() error {
	if p.head.Commit == "" && p.share.Remote != "" {
		return diag.New(diag.NoSnapshot, "no record of %s is here", p.tenant.Name).
			WithFix("bring them here: ringfence ledger pull; if it was never scanned: ringfence scan %s", p.where())
	}
	return diag.New(diag.NoSnapshot, "%s was never scanned", p.place()).WithFix("ringfence scan %s", p.where())
}

// evidence is what this tenant's ledger and the ledgers of the tenants it names say. A foreign ledger that does not
// exist says nothing, which opens no gate.
func (p *pipeline) evidence(ctx context.Context, at time.Time) (decision.Evidence, error) {
	heads, err := p.foreignHeads(ctx)
	if err != nil {
		return nil, err
	}
	known := evidence.Extract(p.head.State, states(heads), p.tenant, p.pool()...)
	p.basis = inputs.Of(p.head, at, known, heads)
	p.basis.MarkPool(p.pool(), p.tenant.Abroad())
	p.basis.Breaks = p.breaks
	return known, nil
}

func (p *pipeline) foreignHeads(ctx context.Context) (map[string]branch.Head, error) {
	heads := map[string]branch.Head{}
	for _, name := range p.foreign() {
		head, err := p.newest(ctx, name)
		if err != nil {
			return nil, err
		}
		heads[name] = head
	}
	return heads, nil
}

// fetched is the newest record of another tenant that is here.
func (p *pipeline) fetched(ctx context.Context, tenant string) (branch.Head, error) {
	head, err := branch.OpenWith(p.ws.repo, tenant, p.share).Head(ctx)
	if err != nil {
		return head, ledgerError(tenant, err)
	}
	return head, nil
}

func states(heads map[string]branch.Head) map[string]ledger.State {
	out := map[string]ledger.State{}
	for name, h := range heads {
		out[name] = h.State
	}
	return out
}

// decide asks the rules about every update of the snapshot, as an instant has them. About none, nobody is asked.
func (p *pipeline) decide(ctx context.Context, s *inventory.Snapshot, at time.Time) ([]decision.Answer, error) {
	if len(s.Updates) == 0 {
		return nil, nil
	}
	return p.answers(ctx, p.tenant, decision.WithDeclared(p.tenant, at, s.Updates))
}

// plan makes the plan of an instant from what the ledger knows.
func (p *pipeline) plan(ctx context.Context, at time.Time) (*plan.Plan, *inventory.Snapshot, error) {
	s, err := p.snapshot(ctx)
	if err != nil {
		return nil, nil, err
	}
	in, err := p.input(ctx, at, s)
	if err != nil {
		return nil, nil, err
	}
	made, err := plan.Build(in)
	if err == nil {
		p.overdue = plan.FindOverdue(in, made, p.head.State.FirstSeen)
	}
	return made, s, err
}

// input is all that the plan of a snapshot is made from. diff compares plans that are made from it, too: whatever a plan
// rests on comes in here, or neither of them knows it.
func (p *pipeline) input(ctx context.Context, at time.Time, s *inventory.Snapshot) (plan.Input, error) {
	known, err := p.evidence(ctx, at)
	if err != nil {
		return plan.Input{}, err
	}
	in, err := p.unproven(ctx, at, s)
	in.Evidence = known
	return in, err
}

// unproven is what a plan is made from, but for the evidence.
func (p *pipeline) unproven(ctx context.Context, at time.Time, s *inventory.Snapshot) (plan.Input, error) {
	answers, err := p.decide(ctx, s, at)
	return plan.Input{
		At: at, Policy: p.tenant, Snapshot: s, Failures: p.head.State.Failures, InDoubt: p.head.State.InDoubt, Reboots: p.head.State.Reboots, Away: p.head.State.Away, Answers: answers, Tool: version(),
		Breaks: p.breaks,
	}, err
}

// report says where the tenant stands at an instant.
func (p *pipeline) report(ctx context.Context, at time.Time) (report.Report, error) {
	made, s, err := p.plan(ctx, at)
	if err != nil {
		return report.Report{}, err
	}
	return report.Build(report.Input{At: at, Policy: p.tenant, Snapshot: s, State: p.head.State, Plan: made, Overdue: p.overdue}), nil
}

func ledgerError(tenant string, err error) error {
	ref := "ringfence/ledger/" + tenant
	var known diag.Diagnostic
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, gitrepo.ErrPartial), errors.Is(err, gitrepo.ErrNoRemote):
		return systemError(err)
	case errors.Is(err, branch.ErrUnsigned):
		return diag.New(diag.NoSigningKey, "%v", err).WithFix("bring them together where there is one: RINGFENCE_SIGNING_KEY=FILE ringfence ledger push --tenant %s", tenant)
	case errors.Is(err, remote.ErrMoved):
		return diag.New(diag.LedgerMoved, "somebody else wrote %s meanwhile", ref).WithFix("run the command again")
	case errors.Is(err, ledger.ErrBroken):
		return diag.New(diag.LedgerBroken, "%s cannot be read: %v", ref, err).WithFix("look at it: git log %s; nothing was written", ref)
	}
	switch {
	case errors.Is(err, remote.ErrRewound):
		return diag.New(diag.RemoteRewound, "%v", err).WithFix("nothing starts until somebody explains it")
	case errors.Is(err, gitrepo.ErrRemoteDown), errors.Is(err, gitrepo.ErrRemoteRefused):
		return diag.New(diag.RemoteDown, "the remote of %s: %v", ref, err).WithFix("without it nothing starts; what is recorded here only goes there with: ringfence ledger push")
	}
	var locked *gitrepo.LockedError
	if errors.As(err, &locked) {
		return diag.New(diag.WriteFailed, "%v", err)
	}
	return fmt.Errorf("ledger of %s: %w", tenant, err)
}
