package verify

import (
	"context"
	"errors"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
)

// descent: policy never goes back. Each record's policy commit is the last one or descends from it; only the outcomes of
// a run may name the commit that its first intent named, though others recorded under a newer one meanwhile.
func (v *verifier) descent(ctx context.Context, s *step) {
	commit := s.record.PolicyCommit
	if commit == "" && s.record.Phase == ledger.PhaseIntent {
		v.found(s, PolicyGone, "it announces actions and names no policy commit")
	}
	if v.Policies == nil || commit == "" {
		return
	}
	if s.record.Phase == ledger.PhaseWave || s.record.Phase == ledger.PhaseEnd {
		if r := v.runs[runKey{s.record.Run, s.record.Site}]; r != nil && r.commit == commit {
			return
		}
	}
	last := v.commit
	if last == "" {
		last = commit
	}
	ok, err := v.Policies.Descends(ctx, commit, last)
	switch {
	case errors.Is(err, gitrepo.ErrNoObject) || errors.Is(err, gitrepo.ErrUnknownRevision):
		v.found(s, PolicyGone, "policy commit %.12s or %.12s is not in the policy repository", commit, last)
		return
	case err != nil:
		v.found(s, PolicyGone, "policy commit %.12s: %v", commit, err)
		return
	case !ok:
		v.found(s, PolicyBack, "policy commit %.12s does not descend from %.12s, which was in force before", commit, last)
		return
	}
	v.commit = commit
}
