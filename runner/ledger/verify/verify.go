// Package verify checks a tenant's ledger from its history alone, offline: that every record follows from the one
// before, who signed it, under which policy it stands, and that what it tells was allowed. Start at Verify.
//
// It believes nothing that it can compute: states are reduced anew, plans are built anew from the recorded inputs,
// windows, gates and budgets are judged again. The one thing it cannot have is OPA, so the caller injects a Decider.
// docs/verify/verify.py is a second verifier that shares no line with this one.
package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/signing"
	"github.com/ringfence/ringfence/runner/ledger/branch"
)

// Input is a ledger and what is known from elsewhere. What is left nil is not judged, and the report says so.
type Input struct {
	Repo     *gitrepo.Repo
	Tenant   string
	Head     string           // commit of the newest record to look at; "": the tip of the tenant's branch
	Seen     *Seen            // a record that the history must contain
	Signers  *signing.Signers // whose signatures count
	Policies Ancestry         // the policy repository
	Decide   Decider          // answers for recorded decision inputs
}

// Seen is a record that somebody saw earlier, or got from a witness. With it truncation, forks and rewritten histories
// are found even if whoever wrote them has every key. Either field may be empty.
type Seen struct {
	Seq    int
	Commit string
}

// Ancestry is the part of a policy repository that the verifier asks. *gitrepo.Repo implements it.
type Ancestry interface {
	Descends(ctx context.Context, commit, ancestor string) (bool, error)
}

var _ Ancestry = (*gitrepo.Repo)(nil)

// Decider evaluates a recorded decision input and returns an answer for each update, same index. It must fail when the
// input's rules are not the policy's, or when text lacks a module.
type Decider func(ctx context.Context, t *policy.Tenant, asked []byte, text func(digest string) (string, bool),
	updates []inventory.Update) ([]decision.Answer, error)

// ErrNoLedger says that there is nothing to verify.
var ErrNoLedger = errors.New("the tenant has no ledger here")

// Verify looks at every record from the first to the head. What is wrong with the ledger stands in the report; an error
// means that it could not be looked at.
func Verify(ctx context.Context, in Input) (*Report, error) {
	defer in.Repo.Hold()()
	v := newVerifier(in)
	head, err := v.head()
	if err != nil {
		return nil, err
	}
	v.report.Head = head
	hashes, whole := v.walk(head)
	v.seen(ctx, head, hashes)
	if !whole {
		return v.report.finish(), nil // without the beginning, no record can be judged
	}
	var prev *step
	for i, hash := range hashes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s := v.load(i+1, hash, prev)
		if s == nil && v.partial != nil {
			return nil, v.partial // nothing is wrong with a ledger that is elsewhere
		}
		if s == nil {
			break // what follows depends on what cannot be read
		}
		v.check(ctx, s)
		prev = s
	}
	v.endStretch()
	v.budgets()
	v.signed()
	return v.report.finish(), nil
}

// check is the table of contents: everything that one record has to stand.
func (v *verifier) check(ctx context.Context, s *step) {
	v.form(s)
	v.tree(s)
	v.state(s)
	v.clock(s)
	v.fence(s)
	v.signature(s)
	v.descent(ctx, s)
	v.snapshots(s)
	run := v.begin(ctx, s)
	v.actions(s, run)
	v.note(s)
	v.past = append(v.past, past{s.commit.Hash, s.record.Run, s.record.Site, s.record.Phase})
	s.prev = nil // a long history must not be held whole
}

// head finds the newest record.
func (v *verifier) head() (string, error) {
	if v.Head != "" {
		return v.Head, nil
	}
	hash, err := v.Repo.Ref(branch.Open(v.Repo, v.Tenant).Ref())
	if errors.Is(err, gitrepo.ErrRefNotFound) {
		return "", fmt.Errorf("%s: %w", v.Tenant, ErrNoLedger)
	}
	if err != nil {
		return "", fmt.Errorf("ledger of %s: %w", v.Tenant, err)
	}
	return hash, nil
}

type verifier struct {
	Input
	report   Report
	unsigned []*step            // since the last signed record
	anchored bool               // a signed record was seen
	partial  error              // the repository is a partial clone that lacks a record
	unnamed  map[[2]string]bool // runners and keys that do not go together, told once
	policies map[string]*policy.Tenant
	commit   string // the newest policy commit
	runs     map[runKey]*run
	hashes   map[string]int // commit to number
	past     []past         // by number - 1
	intents  map[string]*intent
	order    []*intent
	sites    map[string]*inventory.Exact // what reads the snapshots of each
	other    *stretch                    // of states of another version, that has not ended yet
}

func newVerifier(in Input) *verifier {
	v := &verifier{
		Input: in, policies: map[string]*policy.Tenant{}, runs: map[runKey]*run{}, hashes: map[string]int{},
		intents: map[string]*intent{}, sites: map[string]*inventory.Exact{}, unnamed: map[[2]string]bool{},
	}
	v.report = newReport(in)
	return v
}
