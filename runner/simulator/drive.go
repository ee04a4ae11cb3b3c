package simulator

import (
	"slices"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
)

func (r *run) moment() runner.Moment {
	m := runner.Moment{At: r.w.now.time(), Now: r.w.now.time()}
	if p := r.plan; p != nil && r.w.bug("clock-of-the-plan") {
		m.At = p.At
	}
	return m
}

// carryOut drives Step over what is due, as runner.Run does.
func (r *run) carryOut() error {
	head := r.disk.head.state
	r.prepared = runner.Prepare(runner.Input{
		Policy: r.policy, Site: r.site, Plan: r.plan, Failures: head.Failures, InDoubt: r.limiting(head.InDoubt),
		Clock: fixed(r.moment().At),
	})
	waves := r.prepared.Waves()
	if len(waves) == 0 {
		return nil
	}
	r.w.count("runs with something due")
	r.ended, r.failures = map[int][]ending{}, map[string]int{}
	r.state = runner.NewState(runner.Beginning{
		Waves: waves, Limits: r.prepared.Limits(), Pools: r.prepared.Pools(), Timing: timing, Halt: r.readHalt(), Parallel: r.parallel,
		Lease: runner.Lease{Fence: r.lease.fence, Until: r.lease.expires.time()},
	})
	done := r.step(runner.Tick{Moment: r.moment()})
	for !done {
		done = r.step(r.await())
	}
	r.w.count("runs that ended: " + string(r.state.Why()))
	return r.end()
}

// limiting are the doubts that count against budgets.
func (r *run) limiting(doubt []plan.InDoubt) []plan.InDoubt {
	if r.w.bug("budget-ignores-doubt") {
		return nil
	}
	if r.w.bug("others-doubt-ignored") {
		return r.doubtOf(doubt, true)
	}
	return doubt
}

// doubtOf is what this runner left in doubt itself, or what others did.
func (r *run) doubtOf(doubt []plan.InDoubt, own bool) []plan.InDoubt {
	return slices.DeleteFunc(slices.Clone(doubt), func(d plan.InDoubt) bool {
		a := r.w.announced[d.ID]
		return a == nil || (a.intent.record.Runner == r.name) != own
	})
}

// await waits for a job to end, a request to stop, or the next tick.
func (r *run) await() runner.Event {
	if len(r.inbox) == 0 && !r.stop {
		r.t.wait(10)
	}
	switch {
	case len(r.inbox) > 0:
		f := r.inbox[0]
		r.inbox = r.inbox[1:]
		r.ended[f.Wave] = append(r.ended[f.Wave], f.ending)
		if f.End == runner.EndFailed {
			r.failures[r.prepared.Waves()[f.Wave].Ring]++
		}
		f.Moment = r.moment()
		return f.Finished
	case r.stop:
		r.stop = false
		return runner.Interrupted{Moment: r.moment()}
	}
	return runner.Tick{Moment: r.moment()}
}

// step takes an event and carries out what Step asks for, in order, until nothing is asked any more.
func (r *run) step(e runner.Event) (done bool) {
	var todo []runner.Effect
	r.state, todo = runner.Step(r.state, e)
	for len(todo) > 0 {
		effect := todo[0]
		todo = todo[1:]
		if _, over := effect.(runner.Finish); over {
			return true
		}
		if answer := r.answer(effect); answer != nil {
			var more []runner.Effect
			r.state, more = runner.Step(r.state, answer)
			todo = append(todo, more...)
		}
	}
	return false
}

func (r *run) answer(e runner.Effect) runner.Event {
	switch e := e.(type) {
	case runner.TakeLease:
		if err := r.renew(); err != nil {
			return runner.LeaseLost{Moment: r.moment()}
		}
		return runner.Leased{Moment: r.moment(), Lease: runner.Lease{Fence: r.lease.fence, Until: r.lease.expires.time()}}
	case runner.ReadHalt:
		return runner.HaltRead{Halt: r.readHalt(), Moment: r.moment()}
	case runner.Announce:
		if err := r.announce(e.Wave); err != nil {
			r.w.say("%s: wave %d is not announced: %v", r.name, e.Wave, err)
			r.w.count("waves not announced")
			if !r.w.bug("not-announced-ignored") {
				return runner.NotAnnounced{Moment: r.moment(), Wave: e.Wave}
			}
		}
		return runner.Announced{Moment: r.moment(), Wave: e.Wave}
	case runner.Start:
		r.start(e)
	case runner.Settle:
		r.settle(e.Wave)
		return runner.Tick{Moment: r.moment()}
	case runner.Finish:
	}
	return nil
}

// announce pushes the intent of a wave.
func (r *run) announce(wave int) error {
	actions := r.prepared.Intent(wave)
	if r.w.chance(r.w.mood.halts) {
		r.w.after(r.w.between(0, 60), r.w.haltAll)
	}
	if r.w.bug("intent-lists-one") {
		actions = actions[:1]
	}
	return r.append(entry{
		record: r.draft(ledger.PhaseIntent, actions), mustPush: true, check: func(tip *commit) error { return r.stillDue(tip, actions) },
	})
}

// stillDue looks again whether a wave may be announced, once others wrote since it was planned.
func (r *run) stillDue(tip *commit, actions []ledger.Action) error {
	if err := r.fenced(tip); err != nil {
		return err
	}
	if err := r.monotonic(tip); err != nil && !r.w.bug("old-policy-announced") {
		return err
	}
	if !r.overtaken(tip) || r.w.bug("intent-not-checked-again") {
		return nil
	}
	r.w.count("intents planned again")
	if err := r.doubts(tip); err != nil {
		return err
	}
	fresh, err := r.build(tip, r.planned(tip))
	if err != nil {
		return err
	}
	for _, a := range actions {
		if !dueIn(fresh, r.w.now, a) {
			r.w.count("intents gone stale")
			return errStale
		}
	}
	return nil
}

// doubts: others left a host of the site in doubt since the run counted, so its budgets know one too few.
func (r *run) doubts(tip *commit) error {
	before := r.base.inDoubt()
	for _, id := range tip.inDoubt() {
		a := r.w.announced[id]
		if a == nil || a.intent.record.Site != r.site || a.intent.record.Run == r.id || slices.Contains(before, id) {
			continue
		}
		r.w.count("intents refused: new doubts")
		return errStale
	}
	return nil
}

// overtaken reports whether a record of another run stands between the plan and tip.
func (r *run) overtaken(tip *commit) bool {
	return slices.ContainsFunc(tip.since(fork(tip, r.base)), func(c *commit) bool { return c.record.Run != r.id })
}

// fork is the last commit that two histories share.
func fork(a, b *commit) *commit {
	for a != b {
		if a.seq() < b.seq() {
			a, b = b, a
		}
		a = a.parent
	}
	return a
}

func dueIn(p *plan.Plan, at second, a ledger.Action) bool {
	for _, w := range plan.Due(p, at.time()) {
		if w.Ring != a.Ring || !slices.Contains(w.Hosts, a.Host) {
			continue
		}
		if slices.Equal(p.Changes[w.Change].Updates, a.Updates) {
			return true
		}
	}
	return false
}

// settle records how the actions of a wave ended; what was announced and never started is skipped.
func (r *run) settle(wave int) {
	var actions []ledger.Action
	for _, e := range r.ended[wave] {
		actions = append(actions, e.action)
	}
	for _, h := range r.state.Left(wave) {
		actions = append(actions, closed(r.action(wave, h), r.w.now, ledger.Skipped, "the run stopped before this host's turn"))
	}
	if left := r.state.Left(wave); len(left) > 0 {
		if c := r.prepared.Waves()[wave].Closes; c != nil && instant(*c) < r.w.now+need {
			r.w.count("windows that ended before a wave was through")
		}
		if r.state.Why() == runner.WhyHalted {
			r.w.count("waves that a halt cut short")
		}
	}
	delete(r.ended, wave)
	if len(actions) == 0 {
		return
	}
	if err := r.append(entry{record: r.draft(ledger.PhaseWave, actions)}); err != nil {
		r.w.say("%s: the outcomes of wave %d are not recorded: %v", r.name, wave, err)
	}
}

func (r *run) action(wave int, host string) ledger.Action {
	for _, a := range r.prepared.Intent(wave) {
		if a.Host == host {
			return a
		}
	}
	panic("no action on " + host)
}

// readHalt reads the control branch; when it cannot be read, the last reading stands.
func (r *run) readHalt() runner.Halt {
	r.hop()
	if r.w.dark() {
		r.w.count("control branch unreadable")
		if r.w.bug("halt-dated-late") {
			r.halt.Read = r.w.now.time()
		}
		r.hop()
		return r.halt
	}
	r.io("control fetch", func() { r.halt = runner.Halt{Read: r.w.now.time(), Halted: r.w.remote.halted} }, nil)
	if r.w.bug("halt-not-seen") {
		r.halt.Halted = false
	}
	r.hop()
	return r.halt
}
