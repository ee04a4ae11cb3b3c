package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner/ledger"
)

const (
	maxReason = 500
	maxLog    = 2_000
)

// job is one host's part of a wave.
type job struct {
	tenant string
	host   policy.Host
	action ledger.Action  // as announced: id, updates, window, status started
	reboot *ledger.Action // the reboot that was announced with it; nil: none
	fence  int
	by     time.Time  // machine time after which nothing starts any more: see Start
	awaits bool       // what it installs may need a reboot, which has another window
	closes *time.Time // of the window; nil: open without end
	// closure is what the preview saw on this host beyond the targets.
	closure []providers.Action
	before  baseline // of the host's health
}

// ending is what a job leaves: its actions with their outcomes and the newest reading of the host, if there is one.
type ending struct {
	actions []ledger.Action
	reading *Reading
	end     End
	fenced  bool
	err     error // a provider that is gone: the run cannot go on as planned
}

// job carries a job out and believes nothing that it has not read from the host afterwards.
func (r *run) job(ctx context.Context, j job) ending {
	if j.action.Verb == ledger.VerbReboot {
		return r.concluded(j, r.rebootAlone(ctx, j))
	}
	return r.concluded(j, r.change(ctx, j))
}

// concluded leaves no announced action without an outcome, in the journal too.
func (r *run) concluded(j job, e ending) ending {
	e = j.whole(e, r.Clock())
	r.journalEnd(e)
	return e
}

func (r *run) change(ctx context.Context, j job) ending {
	s, err := r.Opener.Open(ctx, j.host, j.claim(r.Now))
	if err != nil {
		return j.notStarted(r.Clock(), err)
	}
	defer func() { s.Close() }()
	j.before = r.baseline(ctx, j, s)
	if err := r.journalStart(j.action); err != nil {
		return j.notWritten(r.Clock(), err)
	}
	if r.Now().After(j.by) {
		return ending{actions: j.untouched(r.Clock(), "the runner was held up, and what allowed this start may not hold any more"), end: EndSkipped}
	}
	return r.thenReboot(ctx, j, s, r.apply(ctx, j, s))
}

// apply starts the change and says how it went.
func (r *run) apply(ctx context.Context, j job, s Session) ending {
	res, err := s.Provider.Apply(ctx, j.request(r.Clock()), s.Exec)
	switch denied := s.Denied(); {
	case errors.Is(denied, ErrClaimed): // how that went is not known
		return ending{actions: []ledger.Action{j.close(r.Clock(), ledger.InDoubt, providers.InDoubt, note(denied))}, end: EndInDoubt}
	case denied != nil:
		return ending{actions: []ledger.Action{j.close(r.Clock(), ledger.Skipped, providers.Untouched, note(denied))}, end: EndSkipped, fenced: errors.Is(denied, ErrFenced)}
	}
	if err != nil {
		return r.applyBroke(j, s, err)
	}
	return r.judge(ctx, j, s, res)
}

// claim is what the job's own change happens under: the host refuses it once what allowed it may not hold any more.
func (j job) claim(now Clock) Claim {
	return Claim{ID: j.action.ID, Fence: j.fence, By: j.by, Now: now}
}

func (j job) ofHealth(at time.Time) providers.HealthRequest {
	return providers.HealthRequest{Host: ref(j.tenant, j.host), At: at}
}

func (j job) request(at time.Time) providers.ChangeRequest {
	return providers.ChangeRequest{ActionID: j.action.ID, Host: ref(j.tenant, j.host), At: at, Targets: Targets(j.action.Updates), Closure: j.closure}
}

// notStarted: no connection, a wrong key, no provider. Nothing was sent, so nothing is in doubt.
func (j job) notStarted(at time.Time, err error) ending {
	a := j.close(at, ledger.Skipped, providers.Untouched, note(err))
	e := ending{actions: []ledger.Action{a}, reading: &Reading{Host: j.host.Name, Err: err}, end: EndSkipped}
	if errors.Is(err, ErrProvider) {
		e.err = err
	}
	return e
}

// applyBroke: the call ended without a result. Unless the broker knows that no changing command was started, what
// happened on the host is unknown.
func (r *run) applyBroke(j job, s Session, err error) ending {
	if errors.Is(err, ErrProvider) { // it was gone before anything was sent
		return j.notStarted(r.Clock(), err)
	}
	e := ending{actions: []ledger.Action{j.close(r.Clock(), ledger.Failed, providers.Untouched, note(err))}, end: EndFailed}
	if s.Started() {
		e = ending{actions: []ledger.Action{j.close(r.Clock(), ledger.InDoubt, providers.InDoubt, note(err))}, end: EndInDoubt}
	}
	if errors.Is(err, providers.ErrCrashed) {
		e.err = err
	}
	return e
}

// judge re-reads the host and compares it with the change: exit codes and a provider's word are not evidence. A
// provider that does not know is believed, though: what it started may go on, so only a later scan settles that host.
// What is installed and left the host worse than it was failed.
func (r *run) judge(ctx context.Context, j job, s Session, res providers.Result) ending {
	if res.State == providers.InDoubt {
		a := j.close(r.Clock(), ledger.InDoubt, providers.InDoubt, untrusted.Line(res.Reason, maxReason))
		return ending{actions: []ledger.Action{a}, end: EndInDoubt}
	}
	reading := readAll(ctx, s, j.host.Name, providers.ScanRequest{Host: ref(j.tenant, j.host), At: r.Clock()})
	scan, err := reading.Scan, reading.Err
	if err != nil && res.State != providers.Untouched {
		a := j.close(r.Clock(), ledger.InDoubt, providers.InDoubt, "the host could not be read again: "+note(err))
		return ending{actions: []ledger.Action{a}, end: EndInDoubt}
	}
	if err != nil {
		a := j.close(r.Clock(), ledger.Failed, providers.Untouched, untrusted.Line(res.Reason, maxReason))
		return ending{actions: []ledger.Action{a}, end: EndFailed}
	}
	lacks := append(lacking(Targets(j.action.Updates), scan), j.beyond(res.Actions)...)
	if res.State == providers.Done && len(lacks) == 0 {
		a := j.close(r.Clock(), ledger.Succeeded, providers.Done, "")
		a.Platform = untrusted.Line(scan.OS, 60)
		if fell := j.before.fell(reading.Health); len(fell) > 0 {
			return ending{actions: []ledger.Action{unwell(a, fell)}, reading: &reading, end: EndFailed}
		}
		a.AwaitsReboot = j.awaits && scan.RebootPending
		return ending{actions: []ledger.Action{a}, reading: &reading, end: EndSucceeded}
	}
	a := j.close(r.Clock(), ledger.Failed, farthest(res.State, len(lacks), len(j.action.Updates)), failure(res, lacks))
	a.Platform = untrusted.Line(scan.OS, 60)
	a.Log = untrusted.Block(string(res.Log), maxLog)
	return ending{actions: []ledger.Action{a}, reading: &reading, end: EndFailed}
}

// close gives the announced action its outcome.
func (j job) close(at time.Time, status ledger.Status, state providers.HostState, reason string) ledger.Action {
	return closed(j.action, at, status, state, reason)
}

// lacking names the targets that the host does not have at exactly the planned version.
func lacking(targets []providers.Target, scan *providers.HostScan) []string {
	have := packages(scan.Installed)
	var out []string
	for _, t := range targets {
		if v := have[t.Name+"/"+t.Arch]; v != t.To {
			out = append(out, fmt.Sprintf("%s is at %s, planned %s", t.Name, orNone(v), t.To))
		}
	}
	return out
}

// beyond names what was done that neither the plan nor the preview has: nobody has approved it.
func (j job) beyond(done []providers.Action) []string {
	var out []string
	for _, a := range done {
		asked := slices.ContainsFunc(Targets(j.action.Updates), func(t providers.Target) bool {
			return a.Op == providers.Upgrade && a.Name == t.Name && a.To == t.To
		})
		seen := slices.ContainsFunc(j.closure, func(c providers.Action) bool { return c.Op == a.Op && c.Name == a.Name && c.To == a.To })
		if !asked && !seen {
			out = append(out, fmt.Sprintf("%s %s was not planned (%s)", a.Name, a.To, a.Op))
		}
	}
	return out
}

func orNone(v string) string {
	if v == "" {
		return "no clean version"
	}
	return v
}

// farthest never calls a host untouched on the provider's word alone when some of the change is there.
func farthest(claimed providers.HostState, lacks, targets int) providers.HostState {
	if claimed == providers.Untouched && lacks == targets {
		return providers.Untouched
	}
	return providers.Partial
}

func failure(res providers.Result, lacks []string) string {
	var why []string
	if res.Reason != "" {
		why = append(why, untrusted.Line(res.Reason, maxReason))
	} else if res.State == providers.Done {
		why = append(why, "the provider says done, the host says otherwise")
	}
	if len(lacks) > 3 {
		lacks = append(lacks[:3:3], fmt.Sprintf("and %d more", len(lacks)-3))
	}
	return untrusted.Line(strings.Join(append(why, lacks...), "; "), 2*maxReason)
}
