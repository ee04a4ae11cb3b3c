package branch

import (
	"context"
	"fmt"
	"iter"

	"github.com/ringfence/ringfence/runner/ledger"
)

// Records yields the records up to h, the newest first. It ends without an error at the edge of a shallow clone.
func (l *Ledger) Records(ctx context.Context, h Head) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for e, err := range l.Log(ctx, h, 0) {
			r := h.Record
			if err == nil && e.Commit != h.Commit {
				if r, err = decodeFile(l, e.Commit, recordFile, ledger.DecodeRecord); err != nil {
					err = l.broken(e.Commit, fmt.Errorf("%s: %w", recordFile, err))
				}
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// PolicyCommit is the newest policy commit that anything up to h was decided under, "" if none is named. The outcomes
// of a run name the commit that the run began with, which may be older than what others recorded meanwhile: they decide
// nothing, so they are passed over.
func (l *Ledger) PolicyCommit(ctx context.Context, h Head) (string, error) {
	told := ""
	for r, err := range l.Records(ctx, h) {
		switch {
		case err != nil:
			return "", err
		case r.PolicyCommit == "":
		case r.Phase != ledger.PhaseWave && r.Phase != ledger.PhaseEnd:
			return r.PolicyCommit, nil
		case told == "":
			told = r.PolicyCommit
		}
	}
	return told, nil // a run's outcomes and nothing before them: the edge of a shallow clone
}
