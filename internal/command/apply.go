package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
)

type applyFlags struct {
	site     string
	parallel int
	at       instant
}

func newApply(a *app) *cobra.Command {
	var f applyFlags
	c := &cobra.Command{
		Use:   "apply FILE",
		Short: "Carry out what is due of a plan, and record it",
		Long: `Carries out the waves of FILE whose window is open now: exactly the planned versions, within the ring's budget, and
re-reads each host before it calls it done. Every start is recorded on branch ringfence/ledger/<tenant> before it
happens. It does not ask: the plan is what was approved.

Exit 0 all that was due is done; 4 only approvals are missing; 5 nothing is due now (says when); 6 the plan is stale
(says what changed); 8 something due is unfinished; 9 a ring was stopped; 10 a provider is gone; 130/143 interrupted.
The first Ctrl-C stops starting and waits for what runs; the second one cancels what runs.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.apply(c.Context(), args[0], f) },
	}
	c.Flags().StringVar(&f.site, "site", "", "the `SITE` that the plan is for (default: the tenant's only one)")
	c.Flags().IntVar(&f.parallel, "parallel", 16, "work on at most `N` hosts at once")
	f.at.flag(c, "act as of `TIME` (tenants with testClock only)")
	return c
}

func (a *app) apply(ctx context.Context, path string, f applyFlags) error {
	made, preview, err := a.loadPlan(path)
	if err != nil {
		return err
	}
	ws, err := a.head(ctx)
	if err != nil {
		return err
	}
	if ws.set.Tenant(made.Tenant) == nil && !about(ws.list, made.Tenant).HasErrors() {
		return diag.New(diag.WrongTenant, "the plan is for tenant %q, which this repository does not have", made.Tenant).
			WithFix("apply it in the repository it was made in (-C DIR)")
	}
	p, err := a.writer(ctx, scope{made.Tenant, f.site}, f.at)
	if err != nil {
		return err
	}
	return p.apply(ctx, made, preview, f.parallel)
}

// apply carries out what is due of a plan: stale is found first, then whether anything is due at all.
func (p *pipeline) apply(ctx context.Context, made *plan.Plan, preview *plan.Preview, parallel int) error {
	at := p.clock()
	fresh, snapshot, err := p.plan(ctx, at)
	if err != nil {
		return err
	}
	if diffs := plan.Stale(made, fresh, snapshot, at); len(diffs) > 0 {
		return p.stale(diffs)
	}
	left := leftOf(snapshot, p.head.State.Failures)
	n, failed := countDue(made, at, left)
	if n == 0 {
		if n := missed(made, at, left); n > 0 && len(failed) == 0 {
			return p.windowsOver(made, at, n)
		}
		return p.nothingDue(made, at, failed)
	}
	return p.carryOut(ctx, made, preview, snapshot, left, parallel)
}

func (p *pipeline) stale(diffs []plan.Difference) error {
	var lines []string
	for _, d := range diffs {
		lines = append(lines, untrusted.Line(d.String(), 300))
	}
	return fail(ExitStale, diag.New(diag.PlanStale, "the plan is stale: %s due now changed since it was made", count(len(diffs), "thing")).
		WithDetail("%s", strings.Join(lines, "\n")).WithFix("make a new plan: ringfence plan --tenant %s -out plan.json", p.tenant.Name))
}

// leftOf says whether a host still has work of a change in an occurrence: not when everything is installed, and not
// when it failed there already.
func leftOf(s *inventory.Snapshot, failures []plan.Failure) func(host string, c plan.Change, opens time.Time) (left, failed bool) {
	has := map[[2]string]bool{}
	for _, h := range s.Hosts {
		for _, i := range h.Installed {
			has[[2]string{h.Name, s.Updates[i.Update].PURL}] = true
		}
	}
	return func(host string, c plan.Change, opens time.Time) (bool, bool) {
		missing := slices.ContainsFunc(c.Updates, func(u plan.ChangeUpdate) bool { return !has[[2]string{host, u.Update}] })
		failed := missing && slices.ContainsFunc(failures, func(f plan.Failure) bool {
			return f.Host == host && !f.At.Before(opens) &&
				slices.ContainsFunc(c.Updates, func(u plan.ChangeUpdate) bool { return u.Update == f.Update })
		})
		return missing && !failed, failed
	}
}

func countDue(p *plan.Plan, at time.Time, left func(string, plan.Change, time.Time) (bool, bool)) (due int, failed []string) {
	for _, w := range plan.Due(p, at) {
		for _, h := range w.Hosts {
			l, f := left(h, p.Changes[w.Change], w.Opens)
			if l {
				due++
			}
			if f {
				failed = append(failed, h)
			}
		}
	}
	return due, failed
}

// nothingDue says why nothing starts and when something will; it writes no record.
func (p *pipeline) nothingDue(made *plan.Plan, at time.Time, failed []string) error {
	switch {
	case len(failed) > 0:
		return fail(ExitUnfinished, diag.New(diag.Stopped, "%s failed in this window and is not tried again before the next one", strings.Join(firstOf(failed, 5), ", ")).
			WithFix("see why: ringfence log --tenant %s", p.tenant.Name))
	case len(plan.Due(made, at)) > 0:
		p.out.event("progress", nil, "everything that is due is done; nothing was changed")
		return nil
	case isEmpty(made):
		p.out.event("progress", nil, "the plan is empty: nothing is missing on the %d hosts that were scanned%s; nothing was changed", scannedHosts(made), unjudged(made))
		return nil
	}
	if next, ok := plan.NextDue(made, at); ok {
		return fail(ExitNothingDue, diag.Note(diag.NothingDue, "nothing is due now; next: %s", p.words(made, next)).
			WithFix("apply again then, or let ringfence run --all do it on a schedule"))
	}
	if onlyApprovals(made) {
		return fail(ExitApproval, diag.Note(diag.ApprovalMissing, "everything that is left waits for an approval").
			WithFix("see who must approve: ringfence plan --tenant %s", p.tenant.Name))
	}
	return fail(ExitNothingDue, diag.Note(diag.NothingDue, "nothing is due now, and no wave is planned yet").
		WithFix("see what each update waits for: ringfence plan --tenant %s", p.tenant.Name))
}

// missed counts the hosts whose window of this plan is over while they still have its work to do.
func missed(p *plan.Plan, at time.Time, left func(string, plan.Change, time.Time) (bool, bool)) int {
	hosts := map[string]bool{}
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			for _, h := range w.Hosts {
				if l, _ := left(h, p.Changes[w.Change], w.Opens); l && w.Closes != nil && !at.Before(*w.Closes) {
					hosts[h] = true
				}
			}
		}
	}
	return len(hosts)
}

// windowsOver: an old plan has nothing more to give; a new one knows the next window.
func (p *pipeline) windowsOver(made *plan.Plan, at time.Time, n int) error {
	words := "no later one is in it"
	if next, ok := plan.NextDue(made, at); ok {
		words = "next: " + p.words(made, next)
	}
	return fail(ExitNothingDue, diag.Note(diag.NothingDue, "nothing is due now: this plan's window is over for %s; %s", count(n, "host"), words).
		WithFix("make a new plan: ringfence plan --tenant %s -out plan.json", p.tenant.Name))
}

func isEmpty(p *plan.Plan) bool { return p.Summary.Planned+p.Summary.Waiting == 0 }

// scannedHosts and unjudged say how far "nothing is missing" reaches.
func scannedHosts(p *plan.Plan) int { return p.Summary.Hosts - len(notJudged(p)) }

func notJudged(p *plan.Plan) []string {
	out := slices.Concat(p.Unreachable, p.Stale)
	for _, q := range p.Quarantined {
		out = append(out, q.Host)
	}
	return out
}

func unjudged(p *plan.Plan) string {
	if n := len(notJudged(p)); n > 0 {
		return fmt.Sprintf(" (%d more were not, and are not judged)", n)
	}
	return ""
}

func onlyApprovals(p *plan.Plan) bool {
	for _, r := range p.Rings {
		for _, w := range r.Waiting {
			if w.For != plan.ForApproval {
				return false
			}
		}
	}
	return true
}

// words names the waves that open at an instant.
func (p *pipeline) words(made *plan.Plan, next time.Time) string {
	v := planView{p: made, loc: zone(p.tenant)}
	for _, r := range made.Rings {
		for _, w := range r.Waves {
			if w.Opens.Equal(next) {
				return fmt.Sprintf("%s, window %s: %s", r.Ring, w.Window, v.when(w))
			}
		}
	}
	return v.instant(next)
}

// carryOut runs what is due and turns how it ended into an exit code.
func (p *pipeline) carryOut(ctx context.Context, made *plan.Plan, preview *plan.Preview, s *inventory.Snapshot,
	left func(string, plan.Change, time.Time) (bool, bool), parallel int,
) error {
	f, err := p.fleet()
	if err != nil {
		return err
	}
	defer f.Close()
	rec, err := p.newRecorder(ctx, made, preview, s)
	if err != nil {
		return err
	}
	stop := p.signals.safely()
	out, err := runner.Run(ctx, runner.Input{
		Policy: p.tenant, Site: p.site, Plan: made, Preview: preview, Failures: p.head.State.Failures, InDoubt: p.head.State.InDoubt,
		Opener: f, Clock: p.clock, Recorder: rec, Parallel: parallel, Stop: stop, Observe: p.acted,
		Left: func(h string, c plan.Change, opens time.Time) bool { l, _ := left(h, c, opens); return l },
	})
	if err != nil {
		return err
	}
	exit := exitOfRun(out, p.signals.code())
	if out.Trouble != nil && len(out.Actions) == 0 {
		return ledgerError(p.tenant.Name, out.Trouble) // nothing was announced, so there is nothing to record
	}
	if out.Trouble != nil && exit == ExitUnfinished {
		p.out.failure(exitOf(ledgerError(p.tenant.Name, out.Trouble)))
		exit = ExitError
	}
	if err := rec.finish(ctx, reasons[exit]); err != nil {
		return err
	}
	return p.runSummary(out, exit)
}

// exitOfRun: an interrupt first, then a provider that is gone, a stopped ring, anything unfinished.
func exitOfRun(out runner.Outcome, signalled int) int {
	unfinished := out.Left > 0 || out.Count(ledger.VerbApply, ledger.Succeeded) < applied(out)
	switch {
	case out.Interrupted:
		return signalled
	case out.Provider != nil:
		return ExitProvider
	case len(out.Stopped) > 0:
		return ExitStopped
	case unfinished:
		return ExitUnfinished
	}
	return ExitOK
}

func applied(out runner.Outcome) int {
	n := 0
	for _, a := range out.Actions {
		if a.Verb == ledger.VerbApply {
			n++
		}
	}
	return n
}

// acted tells of an action as it starts and as it ends: the stream of each, a person of each wave as it starts and of
// each host as it ends.
func (p *pipeline) acted(a ledger.Action) {
	fields := event{"tenant": p.tenant.Name, "host": a.Host, "ring": a.Ring, "wave": a.Wave, "verb": a.Verb, "status": a.Status, "id": a.ID}
	wave := fmt.Sprintf("%s %s wave %d", p.tenant.Name, a.Ring, a.Wave)
	if a.Status == ledger.Started {
		p.out.emit("action", a.Host, fields)
		p.waveStarted(wave, a)
		return
	}
	line := fmt.Sprintf("  %s %s: %s %s", wave, a.Host, a.Verb, a.Status)
	if a.Reason != "" {
		fields["reason"] = a.Reason
		line += ": " + untrusted.Line(a.Reason, 300)
	}
	p.out.event("action", fields, "%s", line)
}

// waveStarted says once that a wave of a lane has begun.
func (p *pipeline) waveStarted(wave string, a ledger.Action) {
	if a.Lane != policy.DefaultLane {
		wave += ", lane " + a.Lane
	}
	if p.begun == nil {
		p.begun = map[string]bool{}
	}
	if !p.begun[wave] {
		p.begun[wave] = true
		p.out.event("wave_start", event{"tenant": p.tenant.Name, "ring": a.Ring, "lane": a.Lane, "wave": a.Wave, "window": a.Window}, "  %s begins", wave)
	}
}

func (p *pipeline) runSummary(out runner.Outcome, code int) error {
	ended := func(s ledger.Status) int { return out.Count(ledger.VerbApply, s) }
	line := fmt.Sprintf("%s: %s patched, %d failed, %d in doubt, %d not started; recorded as %s", p.tenant.Name,
		count(ended(ledger.Succeeded), "host"), ended(ledger.Failed), ended(ledger.InDoubt), ended(ledger.Skipped)+out.Left, short(p.head.Commit))
	if n := out.Count(ledger.VerbReboot, ledger.Succeeded); n > 0 {
		line += fmt.Sprintf("; %d rebooted", n)
	}
	if p.json {
		p.out.emit("progress", line, nil)
	} else {
		fmt.Fprintln(p.Stdout, line)
	}
	if len(out.Stopped) > 0 {
		p.out.say("stopped: %s reached stopAtFailures; look at the failures before going on: ringfence log --tenant %s", strings.Join(out.Stopped, ", "), p.tenant.Name)
	}
	p.out.say("next: ringfence status --tenant %s", p.tenant.Name)
	if out.Provider != nil {
		return fail(code, unwrapProvider(out.Provider))
	}
	return done(code)
}

func short(commit string) string { return commit[:min(12, len(commit))] }
