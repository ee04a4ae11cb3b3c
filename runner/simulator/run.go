package simulator

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/journal"
	"github.com/ringfence/ringfence/runner/ledger"
)

// timing is what runs go by. Need is the longest that an action takes in this world.
var timing = func() runner.Timing {
	t := runner.DefaultTiming
	t.Need = 10 * time.Minute
	return t
}()

const (
	need     = 10 * minute
	leaseFor = 15 * minute
	margin   = 2 * minute
)

// run is one run of a process, step by step as the command does it. At each place where the real code talks to
// somebody it gives way, so that it may be killed, stopped or overtaken there.
type run struct {
	*process
	t        *task
	id       string
	lease    lease
	held     bool
	version  int // of the policy
	policy   *policy.Tenant
	plan     *plan.Plan
	base     *commit // that the plan was made from
	prepared runner.Prepared
	state    runner.State
	ended    map[int][]ending
	halt     runner.Halt
	failures map[string]int // by ring, as the runner was told
	journal  *journal.Journal
	recalled []journal.Entry // ends of runs before this one
	nextIn   second
}

// hop is the way to somebody else, or back.
func (r *run) hop() { r.t.sleep(r.w.latency()) }

func (w *world) latency() second {
	switch {
	case w.chance(w.mood.slow):
		w.count("slow answers")
		return w.between(3, 25)
	default:
		return w.between(0, 1)
	}
}

// all is the whole run.
func (r *run) all() error {
	for _, step := range []func() error{r.sync, r.checkout, r.take, r.openJournal, r.sync, r.checkRecorded, r.settleDoubt, r.lateFailure, r.scan, r.makePlan, r.carryOut} {
		if err := step(); err != nil {
			return err
		}
		r.hop()
	}
	return nil
}

// checkout reads the policy branch, which may be an old copy of it.
func (r *run) checkout() error {
	r.hop()
	if !r.w.remoteUp() {
		return errDown
	}
	r.io("policy fetch", func() { r.version = r.w.remote.policy }, nil)
	if r.version > 0 && r.w.chance(r.w.mood.oldPolicy) {
		r.version--
		r.w.count("old policies served")
	}
	r.policy = r.w.tenant.versions[r.version]
	r.hop()
	return nil
}

// checkRecorded refuses a policy that is older than one that was used before.
func (r *run) checkRecorded() error {
	return r.monotonic(r.disk.head)
}

func (r *run) monotonic(tip *commit) error {
	switch {
	case tip == nil || r.w.bug("old-policy-accepted"):
		return nil
	case r.w.bug("policy-compared-with-own"):
		if r.version < r.newest {
			return errOldRule
		}
		r.newest = r.version
		return nil
	}
	if recorded(tip) > r.version {
		r.w.count("old policies refused")
		return errOldRule
	}
	return nil
}

// settleDoubt asks the hosts about every action in doubt, showing them the new fence, reads those again that answered,
// and records what that settles.
func (r *run) settleDoubt() error {
	doubt := r.ownDoubt()
	if len(doubt) == 0 || r.w.bug("doubt-never-asked") {
		return nil
	}
	standings := map[string]runner.Standing{}
	var readings []runner.Reading
	for _, d := range doubt {
		h := r.w.host(d.Host)
		standings[d.ID] = r.ask(h, d.ID)
		if standings[d.ID] == runner.StandingRunning {
			continue
		}
		readings = append(readings, r.read(h))
	}
	r.hop()
	r.trust(doubt, standings, readings)
	actions := runner.Recall(runner.SettleDoubt(r.policy, doubt, standings, readings, nil, r.w.now.time()), r.recalled)
	for _, a := range actions {
		r.w.count("in doubt, then " + string(a.Status) + " because " + string(word(standings[a.ID])))
	}
	if len(actions) == 0 {
		return nil
	}
	return r.note(ledger.PhaseScan, actions)
}

// trust makes up what a host would say if its word were the truth, for bugs of that kind.
func (r *run) trust(doubt []plan.InDoubt, standings map[string]runner.Standing, readings []runner.Reading) {
	for _, d := range doubt {
		believed := standings[d.ID] == runner.StandingEnded && r.w.bug("ended-taken-for-success") ||
			standings[d.ID] == runner.StandingLost && r.w.bug("lost-taken-for-success")
		i := slices.IndexFunc(readings, func(x runner.Reading) bool { return x.Host == d.Host })
		if !believed || i < 0 || readings[i].Scan == nil {
			continue
		}
		for _, u := range d.Updates {
			name, version := parsed(u)
			readings[i].Scan.Installed = append(readings[i].Scan.Installed, providers.Package{Name: name, Arch: "amd64", Version: version})
		}
	}
}

func word(s runner.Standing) runner.Standing {
	if s == runner.StandingUntold {
		return "untold"
	}
	return s
}

// ownDoubt is what is in doubt at this site.
func (r *run) ownDoubt() []plan.InDoubt {
	if r.disk.head == nil {
		return nil
	}
	var out []plan.InDoubt
	for _, d := range r.disk.head.state.InDoubt {
		if r.w.host(d.Host).site == r.site {
			out = append(out, d)
		}
	}
	return out
}

// ask asks a host's supervisor about an action. A host that does not answer may be running it.
func (r *run) ask(h *host, id string) runner.Standing {
	r.hop()
	if !r.w.reachable(h) {
		return runner.StandingRunning
	}
	standing := runner.StandingNone
	shown := func() {
		if !r.w.bug("ask-without-fence") {
			h.fence = max(h.fence, r.lease.fence)
		}
		h.shown = max(h.shown, r.lease.fence)
		if c := h.claims[id]; c != nil {
			standing = runner.Standing(c.state)
		}
	}
	r.io("host ask", shown, shown)
	switch {
	case standing == runner.StandingRunning && r.w.bug("running-taken-for-ended"):
		standing = runner.StandingEnded
	case standing == runner.StandingRunning && r.w.bug("running-taken-for-none"):
		standing = runner.StandingNone
	}
	r.w.say("%s: %s says of %s: %s", r.name, h.name, short(id), standing)
	r.hop()
	return standing
}

// note records something that happened.
func (r *run) note(phase ledger.Phase, actions []ledger.Action) error {
	return r.append(entry{record: r.draft(phase, actions), check: r.fenced})
}

func (r *run) draft(phase ledger.Phase, actions []ledger.Action) ledger.Record {
	rec := ledger.Record{
		APIVersion: canonical.APIVersion, Kind: "Record", Tenant: r.policy.Name, Phase: phase, Run: r.id, At: r.w.now.time(),
		PolicyCommit: commitOf(r.version), Site: r.site, Runner: r.name, Fence: r.lease.fence, Actions: slices.Clone(actions),
	}
	if r.plan != nil {
		rec.Plan = r.plan.Digest
	}
	return rec
}

// fenced refuses to write as the holder of a lease that is not the newest.
func (r *run) fenced(tip *commit) error {
	if tip != nil && tip.state.Fences[r.site] > r.lease.fence {
		return errFenced
	}
	return nil
}

// end closes the run's records.
func (r *run) end() error { return r.append(entry{record: r.draft(ledger.PhaseEnd, nil)}) }

// lateFailure notes what somebody found out long after the host was read: that a success was none.
func (r *run) lateFailure() error {
	if !r.w.chance(r.w.mood.late) {
		return nil
	}
	for _, x := range r.w.executions {
		a := r.w.announced[x.id]
		if a == nil || r.w.outcomes[x.id] != ledger.Succeeded || x.host.site != r.site || !r.disk.head.descends(a.intent) {
			continue
		}
		r.w.count("late failures")
		late := closed(a.action, r.w.now, ledger.Failed, "the shop is down")
		late.ID, late.StartedAt = "late of "+r.id+" "+x.id, r.w.now.time()
		return r.note(ledger.PhaseNote, []ledger.Action{late})
	}
	return nil
}
