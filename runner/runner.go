package runner

import (
	"context"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner/ledger"
)

// Patience is how long a rebooting host is waited for: the pause before asking it grows from First to Most.
type Patience struct {
	First, Most time.Duration
	Tries       int
}

// DefaultPatience waits about ten minutes.
var DefaultPatience = Patience{First: 200 * time.Millisecond, Most: 5 * time.Second, Tries: 120}

// Recorder keeps what happens. Intent must be durable when it returns: only then does anything start.
type Recorder interface {
	Intent(ctx context.Context, actions []ledger.Action) error
	Outcome(ctx context.Context, actions []ledger.Action, readings []Reading) error
}

// Input is what a run needs. Plan is the plan to carry out; Preview, when there is one, is its closure.
type Input struct {
	Policy   *policy.Tenant
	Site     string // budgets do not cross sites
	Plan     *plan.Plan
	Preview  *plan.Preview
	Failures []plan.Failure
	InDoubt  []plan.InDoubt
	Opener   Opener
	Clock    Clock
	Recorder Recorder
	Parallel int
	Reboot   Patience
	// Left says whether a due host still has work: a plan that is applied again leaves alone what is done. Nil: all.
	Left func(host string, c plan.Change, opens time.Time) bool
	// Stop asks for a safe point: nothing more starts, what runs goes on.
	Stop <-chan struct{}
	// Observe is told of each action as it is started and as it ends; never from two goroutines at once.
	Observe func(ledger.Action)
}

// Outcome is what a run did.
type Outcome struct {
	Actions     []ledger.Action // in the order in which they ended
	Stopped     []string        // rings that stopAtFailures stopped
	Left        int             // hosts that were due and never started
	Interrupted bool
	Provider    error // set when a provider was gone
}

// Count returns how many actions of a verb ended with a status.
func (o Outcome) Count(verb ledger.Verb, status ledger.Status) int {
	n := 0
	for _, a := range o.Actions {
		if a.Verb == verb && a.Status == status {
			n++
		}
	}
	return n
}

// Run carries out what is due of the plan at the clock's time. The error is the recorder's: without a record nothing
// starts, and a run that cannot record what it did stops and says so.
func Run(ctx context.Context, in Input) (Outcome, error) {
	waves := dueWaves(in.Plan, in.Clock(), in.Left)
	r := &run{Input: in, waves: waves, events: make(chan finishedJob), slots: make(chan struct{}, max(1, in.Parallel))}
	if r.Reboot.Tries == 0 {
		r.Reboot = DefaultPatience
	}
	return r.drive(ctx, NewState(r.steps(), r.limits()))
}

// run is the adapter around Step: it turns effects into sessions and records, and their ends into events.
type run struct {
	Input
	waves   []dueWave
	events  chan finishedJob
	slots   chan struct{}
	outcome Outcome
	ended   map[int][]ending
}

func (r *run) drive(ctx context.Context, s State) (Outcome, error) {
	r.ended = map[int][]ending{}
	stop := r.Stop
	s, todo := Step(s, Tick{r.Clock()})
	for {
		next, done, err := r.perform(ctx, &s, todo)
		if err != nil || done {
			return r.finish(s), err
		}
		if next == nil {
			select {
			case f := <-r.events:
				r.ended[f.Wave] = append(r.ended[f.Wave], f.ending)
				r.note(f.ending)
				next = f.Finished
			case <-stop:
				stop, r.outcome.Interrupted = nil, true
				next = Interrupted{r.Clock()}
			}
		}
		s, todo = Step(s, next)
	}
}

// perform carries out effects in order. Announce and Settle are synchronous; an announcement answers with an event.
func (r *run) perform(ctx context.Context, s *State, todo []Effect) (Event, bool, error) {
	for len(todo) > 0 {
		e := todo[0]
		todo = todo[1:]
		switch e := e.(type) {
		case Announce:
			if err := r.Recorder.Intent(context.WithoutCancel(ctx), r.announced(e.Wave)); err != nil {
				return nil, false, err
			}
			var more []Effect
			*s, more = Step(*s, Announced{At: r.Clock(), Wave: e.Wave})
			todo = append(todo, more...)
		case Start:
			r.start(ctx, e)
		case Settle:
			if err := r.settle(ctx, *s, e.Wave); err != nil {
				return nil, false, err
			}
			var more []Effect
			*s, more = Step(*s, Tick{r.Clock()})
			todo = append(todo, more...)
		case Finish:
			return nil, true, nil
		}
	}
	return nil, false, nil
}

func (r *run) start(ctx context.Context, e Start) {
	j := r.waves[e.Wave].job(r, e.Host)
	r.observe(j.action)
	go func() {
		r.slots <- struct{}{}
		end := r.inTime(ctx, e.Wave, j)
		<-r.slots
		r.events <- finishedJob{Finished{At: r.Clock(), Wave: e.Wave, Host: e.Host, End: end.end}, end}
	}()
}

// inTime looks at the window once more: a job may have waited for its slot past the window's end.
func (r *run) inTime(ctx context.Context, wave int, j job) ending {
	if c := r.waves[wave].closes; c != nil && !r.Clock().Before(*c) {
		a := j.close(r.Clock(), ledger.Skipped, providers.Untouched, "the window closed before this host's turn")
		return ending{actions: []ledger.Action{a}, end: EndSkipped}
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
	for _, h := range s.Left(wave) {
		j := r.waves[wave].job(r, h)
		actions = append(actions, j.close(r.Clock(), ledger.Skipped, "untouched", "the run stopped before this host's turn"))
	}
	delete(r.ended, wave)
	r.outcome.Actions = append(r.outcome.Actions, actions...)
	return r.Recorder.Outcome(context.WithoutCancel(ctx), actions, readings)
}

func (r *run) finish(s State) Outcome {
	r.outcome.Stopped = s.Stopped()
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
