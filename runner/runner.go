package runner

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger"
)

// Run carries out what is due of the plan at the clock's time. The error is the recorder's: without a record nothing
// starts, and a run that cannot record what it did stops and says so.
func Run(ctx context.Context, in Input) (Outcome, error) {
	r := newRun(in)
	b, err := r.beginning(ctx)
	if err != nil {
		return Outcome{}, err
	}
	return r.drive(ctx, NewState(b))
}

// beginning takes the lease and reads the control branch before anything else.
func (r *run) beginning(ctx context.Context) (Beginning, error) {
	if r.Reboot.Total == 0 {
		r.Reboot = DefaultPatience
	}
	if r.Now == nil {
		r.Now = r.Clock
	}
	b := Beginning{Waves: r.steps(), Limits: r.limits(), Pools: r.pools(), Timing: r.Timing, Parallel: max(1, r.Parallel), Lease: Lease{Until: r.Now().Add(never)}, Halt: Halt{Read: r.Now().Add(never)}}
	if r.Halt != nil {
		b.Halt = r.Halt(ctx)
	}
	if r.Lease == nil {
		return b, nil
	}
	lease, err := r.Lease(ctx)
	b.Lease = lease
	return b, err
}

// never is further away than any run lasts.
const never = 10 * 365 * 24 * time.Hour

func (r *run) moment() Moment { return Moment{At: r.Clock(), Now: r.Now()} }

// run is the adapter around Step: it turns effects into sessions and records, and their ends into events.
type run struct {
	Input
	waves    []dueWave
	events   chan finishedJob
	slots    chan struct{}
	stopping atomic.Bool // nothing more starts, in jobs that are under way neither
	booted   sync.Map    // hosts that this run rebooted
	outcome  Outcome
	ended    map[int][]ending
}

func newRun(in Input) *run {
	waves := dueWaves(in.Plan, in.Clock(), in.Left)
	urgentFirst(waves, in.Policy)
	return &run{Input: in, waves: waves, events: make(chan finishedJob), slots: make(chan struct{}, max(1, in.Parallel)), ended: map[int][]ending{}}
}

func (r *run) drive(ctx context.Context, s State) (Outcome, error) {
	stop := r.Stop
	tick := time.NewTicker(every)
	defer tick.Stop()
	s, todo := Step(s, Tick{r.moment()})
	for {
		done, err := r.perform(ctx, &s, todo)
		if err != nil || done {
			return r.finish(s), err
		}
		s, todo = Step(s, r.await(&stop, tick.C))
	}
}

// await waits for the next thing to happen.
func (r *run) await(stop *<-chan struct{}, tick <-chan time.Time) Event {
	select {
	case f := <-r.events:
		r.ended[f.Wave] = append(r.ended[f.Wave], f.ending)
		r.note(f.ending)
		f.Moment = r.moment()
		return f.Finished
	case <-*stop:
		*stop, r.outcome.Interrupted = nil, true
		return Interrupted{r.moment()}
	case <-tick:
		return Tick{r.moment()}
	}
}

// every is how often a run looks around while nothing happens: often enough to renew a lease and see a halt order.
const every = 10 * time.Second

// perform carries out effects in order, and those that their answers ask for. Only jobs answer later.
func (r *run) perform(ctx context.Context, s *State, todo []Effect) (done bool, err error) {
	defer func() { r.stopping.Store(s.Why() != "") }()
	for len(todo) > 0 {
		e := todo[0]
		todo = todo[1:]
		answer, err := r.answer(ctx, *s, e)
		if err != nil {
			return false, err
		}
		if _, over := e.(Finish); over {
			return true, nil
		}
		if answer != nil {
			var more []Effect
			*s, more = Step(*s, answer)
			todo = append(todo, more...)
		}
	}
	return false, nil
}

// answer carries out one effect; the event says how it went. A record that cannot be written ends the run, but for an
// intent: without it nothing of its wave starts, and that is an answer.
func (r *run) answer(ctx context.Context, s State, e Effect) (Event, error) {
	switch e := e.(type) {
	case TakeLease:
		lease, err := r.Lease(ctx)
		if err != nil {
			r.outcome.Trouble = err
			return LeaseLost{r.moment()}, nil
		}
		return Leased{r.moment(), lease}, nil
	case ReadHalt:
		return HaltRead{r.moment(), r.Halt(ctx)}, nil
	case Announce:
		return r.announce(ctx, e.Wave), nil
	case Start:
		r.start(ctx, e)
	case Settle:
		return Tick{r.moment()}, r.settle(ctx, s, e.Wave)
	case Finish:
	}
	return nil, nil
}

// announce records the intent of a wave.
func (r *run) announce(ctx context.Context, wave int) Event {
	err := r.Recorder.Intent(context.WithoutCancel(ctx), r.announced(wave))
	var refused *RefusedError
	switch {
	case err == nil:
		return Announced{r.moment(), wave}
	case errors.As(err, &refused):
		r.outcome.Refused = append(r.outcome.Refused, RefusedWave{refused.Why, r.skipped(wave, r.waves[wave].hosts, refused.Why)})
		return Refused{r.moment(), wave}
	}
	r.outcome.Trouble = err
	return NotAnnounced{r.moment(), wave}
}

// skipped are the actions of hosts that were not started.
func (r *run) skipped(wave int, hosts []string, why string) []ledger.Action {
	out := make([]ledger.Action, 0, len(hosts))
	for _, h := range hosts {
		out = append(out, r.waves[wave].job(r, h).untouched(r.Clock(), why)...)
	}
	return out
}

func (r *run) start(ctx context.Context, e Start) {
	j := r.waves[e.Wave].job(r, e.Host)
	j.fence, j.by = e.Fence, e.By
	r.observe(j.action)
	go func() {
		r.slots <- struct{}{}
		end := r.inTime(ctx, e.Wave, j)
		<-r.slots
		r.events <- finishedJob{Finished{Wave: e.Wave, Host: e.Host, End: end.end, Fenced: end.fenced}, end}
	}()
}

// inTime looks at the window once more: a job may have waited for its slot past the window's end.
func (r *run) inTime(ctx context.Context, wave int, j job) ending {
	if c := r.waves[wave].closes; c != nil && !r.Clock().Before(*c) {
		return ending{actions: j.untouched(r.Clock(), "the window closed before this host's turn"), end: EndSkipped}
	}
	return r.job(ctx, j)
}

func (r *run) observe(a ledger.Action) {
	if r.Observe != nil {
		r.Observe(a)
	}
}

// finishedJob brings what a job leaves beside the event that Step needs.
type finishedJob struct {
	Finished
	ending
}

func (r *run) note(e ending) {
	for _, a := range e.actions {
		r.observe(a)
	}
	if e.err != nil {
		r.outcome.Provider = e.err
	}
}

// settle records the outcomes of a wave; hosts that were announced and never started are skipped, so that nothing
// stays in doubt.
func (r *run) settle(ctx context.Context, s State, wave int) error {
	var actions []ledger.Action
	var readings []Reading
	for _, e := range r.ended[wave] {
		actions = append(actions, e.actions...)
		if e.reading != nil {
			readings = append(readings, *e.reading)
		}
	}
	actions = append(actions, r.skipped(wave, s.Left(wave), "the run stopped before this host's turn")...)
	delete(r.ended, wave)
	r.outcome.Actions = append(r.outcome.Actions, actions...)
	return r.Recorder.Outcome(context.WithoutCancel(ctx), actions, readings)
}

func (r *run) finish(s State) Outcome {
	r.outcome.Stopped, r.outcome.Why = s.Stopped(), s.Why()
	for i := range r.waves {
		if !s.Asked(i) { // hosts of the others are among the actions
			r.outcome.Left += len(s.Left(i))
		}
	}
	return r.outcome
}

// actionID names one attempt of one verb with one exact set on one host under one plan.
func actionID(tenant, planDigest, host string, verb ledger.Verb, updates []plan.ChangeUpdate, attempt int) string {
	d, err := canonical.Digest([]any{tenant, host, verb, updates, planDigest, attempt})
	if err != nil {
		panic(err) // strings and integers always encode
	}
	return d
}

// attempt counts how often this host failed with any of the updates: a retry is another action.
func (r *run) attempt(host string, updates []plan.ChangeUpdate) int {
	n := 0
	for _, f := range r.Failures {
		if f.Host == host && slices.ContainsFunc(updates, func(u plan.ChangeUpdate) bool { return u.Update == f.Update }) {
			n = max(n, f.Times)
		}
	}
	return n + 1
}
