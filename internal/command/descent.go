package command

import (
	"context"
	"errors"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger/branch"
)

// policyFollows refuses to act under a policy that goes back: the commit that was read must be, or descend from, the
// newest one that anybody acted under. It is asked when a verb begins and again for each record that is decided here,
// on the record that it is pushed on top of.
func (p *pipeline) policyFollows(ctx context.Context, h branch.Head) error {
	last, err := p.ledger.PolicyCommit(ctx, h)
	if err != nil {
		return ledgerError(p.tenant.Name, err)
	}
	if last == "" || last == p.ws.commit {
		return nil
	}
	ok, err := p.ws.repo.Descends(ctx, p.ws.commit, last)
	switch {
	case errors.Is(err, gitrepo.ErrNoObject), errors.Is(err, gitrepo.ErrUnknownRevision):
		return diag.New(diag.PolicyBack, "policy commit %s, under which %s was last acted for, is not in this clone", short(last), p.tenant.Name).
			WithFix("bring it here: git pull, in a shallow clone: git fetch --unshallow; if the commit is gone for good, ringfence's docs/policy.md says how to go on")
	case err != nil:
		return err
	case ok:
		return nil
	}
	if behind, err := p.ws.repo.Descends(ctx, last, p.ws.commit); err == nil && behind {
		return diag.New(diag.PolicyBack, "HEAD is policy commit %s; %s was acted for under %s already, which follows it", short(p.ws.commit), p.tenant.Name, short(last)).
			WithFix("bring this clone up to date: git pull")
	}
	return diag.New(diag.PolicyBack, "HEAD, policy commit %s, does not descend from %s, under which %s was last acted for", short(p.ws.commit), short(last), p.tenant.Name).
		WithFix("merge that commit: git merge %s; if it was taken out of history on purpose, say so there: git merge -s ours %s", short(last), short(last))
}
