package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/journal"
	"github.com/ringfence/ringfence/runner/ledger"
)

type applyFlags struct {
	scope
	resume bool
	effort
	patience
	at instant
}

// effort is how hard a run works and how long it waits.
type effort struct {
	parallel int
	reboot   time.Duration
}

func (e *effort) flags(c *cobra.Command) {
	c.Flags().IntVar(&e.parallel, "parallel", 16, "work on at most `N` hosts at once")
	c.Flags().DurationVar(&e.reboot, "reboot-wait", runner.DefaultPatience.Total, "wait `DURATION` for a rebooting host to come back; then it is in doubt")
}

func (e effort) patience() runner.Patience {
	p := runner.DefaultPatience
	p.Total = e.reboot
	return p
}

func newApply(a *app) *cobra.Command {
	var f applyFlags
	c := &cobra.Command{
		Use:   "apply [FILE]",
		Short: "Carry out what is due of a plan, and record it",
		Long: `Carries out the waves of FILE whose window is open now: exactly the planned versions, within the ring's budget, and
re-reads each host before it calls it done. Every start is recorded on branch ringfence/ledger/<tenant> before it
happens. It does not ask: the plan is what was approved.

Exit 0 all that was due is done; 4 only approvals are missing; 5 nothing is due now (says when); 6 the plan is stale
(says what changed); 7 another run holds the lease; 8 something due is unfinished; 9 a ring was stopped; 10 a provider is
gone; 130/143 interrupted. The first Ctrl-C stops starting and waits for what runs, the second one cancels what runs, the
third one ends the program. After each, ringfence apply --resume goes on.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case f.resume && len(args) == 0:
				return a.resume(c.Context(), f)
			case f.resume || len(args) == 0:
				return usage(c, errors.New("name a plan FILE, or --resume the newest run that did not end well"))
			}
			made, preview, err := a.loadPlan(args[0])
			if err != nil {
				return err
			}
			return a.again(c.Context(), f.patience, func() (bool, error) { return a.apply(c.Context(), made, preview, f) })
		},
	}
	f.scope.flags(c)
	c.Flags().BoolVar(&f.resume, "resume", false, "instead of a FILE: ask the hosts what became of the newest unfinished run at the site, then go on with it")
	f.effort.flags(c)
	f.patience.flags(c, "until nothing of the plan is still to come, or a ring is stopped")
	f.at.flag(c, "act as of `TIME` (tenants with testClock only)")
	return c
}

// apply carries out what is due of a plan; over says that looking again later cannot bring more of it.
func (a *app) apply(ctx context.Context, made *plan.Plan, preview *plan.Preview, f applyFlags) (over bool, err error) {
	p, err := a.applier(ctx, made, f)
	if err != nil {
		return lasting(err), err
	}
	if err := p.onTime(ctx, p.head); err != nil {
		return false, err
	}
	if d, _, err := p.due(ctx, made); err != nil || d.todo == 0 {
		return p.over(ctx, made, err), err
	}
	l, err := p.takeTurn(ctx)
	if err != nil {
		return false, err
	}
	defer l.release()
	err = l.apply(ctx, made, preview, f.effort)
	return p.over(ctx, made, err), err
}

// applier enters the pipeline of the plan's tenant.
func (a *app) applier(ctx context.Context, made *plan.Plan, f applyFlags) (*pipeline, error) {
	if f.tenant != "" && f.tenant != made.Tenant {
		return nil, diag.New(diag.WrongTenant, "the plan is for tenant %q, not %q", made.Tenant, f.tenant).
			WithFix("leave out --tenant (RINGFENCE_TENANT): the plan says it")
	}
	ws, err := a.head(ctx)
	if err != nil {
		return nil, err
	}
	if ws.set.Tenant(made.Tenant) == nil && !about(ws.list, made.Tenant).HasErrors() {
		return nil, diag.New(diag.WrongTenant, "the plan is for tenant %q, which this repository does not have", made.Tenant).
			WithFix("apply it in the repository it was made in (-C DIR)")
	}
	return a.writer(ctx, scope{made.Tenant, f.site}, f.at)
}

// over reports whether a look that ended with err was the last one that may start anything of a plan: it is stale, a
// person must look at a ring that was stopped, or no wave opens later and those that are open have no host left.
func (p *pipeline) over(ctx context.Context, made *plan.Plan, err error) bool {
	if lasting(err) || hasCode(err, diag.PlanStale) || errors.Is(err, errRingStopped) {
		return true
	}
	at := p.clock()
	if _, later := plan.NextDue(made, at); later {
		return false
	}
	s, unread := p.snapshot(ctx)
	return unread == nil && dueAt(made, at, s, p.head.State).todo == 0
}

// apply carries out what is due of a plan: stale is found first, then whether anything is due at all.
func (p *leased) apply(ctx context.Context, made *plan.Plan, preview *plan.Preview, e effort) error {
	d, snapshot, err := p.due(ctx, made)
	if err != nil || d.todo == 0 {
		return err
	}
	return p.carryOut(ctx, made, preview, snapshot, d, e)
}

// due finds what of a plan may be started now. Without an error and with nothing to do, everything is done. It reads
// only, so a verb that has nothing to do leaves no trace, not even a lease.
func (p *pipeline) due(ctx context.Context, made *plan.Plan) (due, *inventory.Snapshot, error) {
	at := p.clock()
	fresh, snapshot, err := p.plan(ctx, at)
	if err != nil {
		return due{}, nil, err
	}
	if diffs := plan.Stale(made, fresh, snapshot, at); len(diffs) > 0 {
		return due{}, nil, p.stale(diffs)
	}
	d := dueAt(made, at, snapshot, p.head.State)
	if n := d.missed(made, at); d.todo == 0 && n > 0 && len(d.failed)+len(d.doubt) == 0 {
		return d, nil, p.windowsOver(made, at, n)
	}
	if d.todo == 0 {
		return d, nil, p.nothingDue(made, at, d)
	}
	return d, snapshot, nil
}

func (p *pipeline) stale(diffs []plan.Difference) error {
	var lines []string
	for _, d := range diffs {
		lines = append(lines, untrusted.Line(d.String(), 300))
	}
	return fail(ExitStale, diag.New(diag.PlanStale, "the plan is stale: %s due now changed since it was made", phrase.Count(len(diffs), "thing")).
		WithDetail("%s", strings.Join(lines, "\n")).WithFix("make a new plan: ringfence plan %s -out plan.json", p.where()))
}

// words names the waves that open at an instant.
func (p *pipeline) words(made *plan.Plan, next time.Time) string {
	clocks := phrase.ClocksOf(p.tenant)
	for _, r := range made.Rings {
		for _, w := range r.Waves {
			if w.Opens.Equal(next) {
				return fmt.Sprintf("%s, window %s: %s", r.Ring, w.Window, clocks.Occurrence(window.Occurrence{Window: w.Window, Opens: w.Opens, Closes: w.Closes}, w.Hosts))
			}
		}
	}
	return clocks.Instant(next)
}

// carryOut runs what is due and turns how it ended into an exit code.
func (p *leased) carryOut(ctx context.Context, made *plan.Plan, preview *plan.Preview, s *inventory.Snapshot,
	d due, e effort,
) error {
	f, err := p.fleet()
	if err != nil {
		return err
	}
	defer f.Close()
	rec, err := p.newRecorder(made, preview, s)
	if err != nil {
		return err
	}
	stop := p.signals.safely()
	live := newProgress(p.tenant.Name, "apply", p.clock)
	live.due(made, p.clock(), d.left)
	quiet := p.out.follow(live)
	timing := runner.DefaultTiming
	timing.Need = p.longest(ledger.VerbApply)
	out, err := runner.Run(ctx, runner.Input{
		Timing: timing, Lease: p.renew, Halt: p.halt(), Now: p.machineTime,
		Policy: p.tenant, Site: p.site, Plan: made, Preview: preview, Failures: p.head.State.Failures, InDoubt: p.head.State.InDoubt,
		Reboots: p.head.State.Reboots, Snapshot: s, RebootNeed: p.longest(ledger.VerbReboot),
		Opener: f, Clock: p.clock, Recorder: rec, Journal: journal.Book{Journal: p.journal.Journal, Run: rec.run}, Parallel: e.parallel, Reboot: e.patience(), Stop: stop,
		Observe: func(a ledger.Action) { live.acted(a); p.acted(a) },
		Left:    d.left,
	})
	quiet()
	if err != nil {
		return p.written(err)
	}
	exit := exitOfRun(out, p.signals.code())
	if exit == ExitOK && len(d.failed)+len(d.doubt) > 0 {
		exit = ExitUnfinished // of an earlier run in this window
	}
	if len(out.Actions) == 0 {
		return p.notBegun(out, exit)
	}
	if out.Trouble != nil && exit == ExitUnfinished {
		x := exitOf(ledgerError(p.tenant.Name, out.Trouble))
		p.out.failure(x)
		exit = x.code
	}
	if err := p.written(rec.finish(context.WithoutCancel(ctx), out, reasons[exit])); err != nil {
		return err
	}
	return p.runSummary(out, d, exit)
}

// longest is what the slowest action of a verb took so far.
func (p *pipeline) longest(verb ledger.Verb) time.Duration {
	return time.Duration(p.head.State.Durations[string(verb)]) * time.Second
}

func short(commit string) string { return commit[:min(12, len(commit))] }
