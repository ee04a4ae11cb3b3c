package command

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger/branch"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

// scanned is what both plans are made over.
type scanned struct {
	head     branch.Head
	snapshot *inventory.Snapshot
	site     string
}

var errNeverScanned = errors.New("never scanned")

// known reads the newest snapshot. Without any, hosts and rings can still be compared, over one that is empty.
func (d *diffSides) known(ctx context.Context, t *policy.Tenant, site string) (scanned, error) {
	none := scanned{snapshot: &inventory.Snapshot{Tenant: t.Name, Site: site, TakenAt: d.at}, site: site}
	head, err := d.recorded(ctx, t.Name)
	if err != nil || head.Commit == "" {
		return none, cmp.Or(err, errNeverScanned)
	}
	p := &pipeline{app: d.app, ws: d.head, tenant: t, site: site, head: head, ledger: branch.Open(d.head.repo, t.Name)}
	s, err := p.snapshot(ctx)
	var known diag.Diagnostic
	if errors.As(err, &known) && known.Code == diag.NoSnapshot {
		return none, errNeverScanned
	}
	return scanned{head, s, site}, err
}

// recorded is the newest record of a tenant's ledger that is here: of its branch, or where there is none, as in a fresh
// clone, of the remote's branch as it was fetched last.
func (d *diffSides) recorded(ctx context.Context, name string) (branch.Head, error) {
	l := branch.Open(d.head.repo, name)
	head, err := l.Head(ctx)
	if err == nil && head.Commit == "" {
		from := cmp.Or(d.shared.Ledger.Remote, "origin")
		if strings.ContainsAny(from, "/:") {
			from = "origin" // an address: what was fetched from it has no branch of its own
		}
		var hash string
		hash, err = d.head.repo.Ref("refs/remotes/" + from + "/ringfence/ledger/" + name)
		if errors.Is(err, gitrepo.ErrRefNotFound) {
			return branch.Head{}, nil
		}
		if err == nil {
			head, err = l.At(hash)
		}
	}
	if err != nil {
		return head, ledgerError(name, err)
	}
	return head, nil
}

// pipeline is the whole flow of a tenant on one side, over the records that are known here.
func (d *diffSides) pipeline(ws *workspace, t *policy.Tenant, known scanned) *pipeline {
	return &pipeline{
		app: d.app, ws: ws, tenant: t, site: known.site, head: known.head, newest: d.recorded,
		settings: d.shared, share: remote.Options{Remote: d.shared.Ledger.Remote},
	}
}

// input is what one side's plan is made from; a side without the tenant has no policy, or one that switches it off.
func (d *diffSides) input(ctx context.Context, ws *workspace, t *policy.Tenant, known scanned) (plan.Input, error) {
	if t == nil {
		return plan.Input{At: d.at, Snapshot: known.snapshot, Policy: ws.set.Tenant(known.snapshot.Tenant)}, nil
	}
	p := d.pipeline(ws, t, known)
	if err := p.knownBreaks(ctx); err != nil {
		return plan.Input{}, err
	}
	return p.input(ctx, d.at, known.snapshot)
}
