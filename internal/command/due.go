package command

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
)

// due sorts the hosts of a plan's open waves by what a run may still do with them. A plan that is applied again leaves
// alone what is done, what failed in this window, and above all what nobody knows the outcome of.
type due struct {
	todo          int
	failed, doubt []string
	installed     map[[2]string]bool // host, update
	failures      []plan.Failure
	inDoubt       map[string]bool
	asking        map[string]bool // hosts that ask for a reboot
	reboots       []plan.Rebooted
}

func dueAt(p *plan.Plan, at time.Time, s *inventory.Snapshot, state ledger.State) due {
	d := due{installed: map[[2]string]bool{}, failures: state.Failures, inDoubt: map[string]bool{}, asking: map[string]bool{}, reboots: state.Reboots}
	for _, h := range s.Hosts {
		d.asking[h.Name] = h.RebootPending
		for _, i := range h.Installed {
			d.installed[[2]string{h.Name, s.Updates[i.Update].PURL}] = true
		}
	}
	for _, x := range state.InDoubt {
		d.inDoubt[x.Host] = true
	}
	for _, w := range plan.Due(p, at) {
		for _, h := range w.Hosts {
			switch c := p.Changes[w.Change]; {
			case d.done(h, c):
			case d.inDoubt[h]:
				d.doubt = append(d.doubt, h)
			case d.failedSince(h, c, w.Opens):
				d.failed = append(d.failed, h)
			default:
				d.todo++
			}
		}
	}
	return d
}

// left is the runner's question: may this host still be started for this change in this occurrence?
func (d due) left(host string, c plan.Change, opens time.Time) bool {
	return !d.done(host, c) && !d.inDoubt[host] && !d.failedSince(host, c, opens)
}

func (d due) done(host string, c plan.Change) bool {
	if len(c.Updates) == 0 {
		return !d.asking[host]
	}
	return !slices.ContainsFunc(c.Updates, func(u plan.ChangeUpdate) bool { return !d.installed[[2]string{host, u.Update}] })
}

func (d due) failedSince(host string, c plan.Change, opens time.Time) bool {
	if len(c.Updates) == 0 {
		return slices.ContainsFunc(d.reboots, func(r plan.Rebooted) bool { return r.Host == host && r.Failed > 0 && !r.At.Before(opens) })
	}
	return slices.ContainsFunc(d.failures, func(f plan.Failure) bool {
		return f.Host == host && !f.At.Before(opens) &&
			slices.ContainsFunc(c.Updates, func(u plan.ChangeUpdate) bool { return u.Update == f.Update })
	})
}

// nothingDue says why nothing starts and when something will; it writes no record.
func (p *pipeline) nothingDue(made *plan.Plan, at time.Time, d due) error {
	switch {
	case len(d.doubt) > 0:
		return fail(ExitUnfinished, diag.New(diag.Stopped, "in doubt: %s; an action was started there and nobody knows how it ended", strings.Join(phrase.First(d.doubt, 5), ", ")).
			WithFix("a scan settles what the hosts can tell: ringfence scan %s", p.where()))
	case len(d.failed) > 0:
		return fail(ExitUnfinished, diag.New(diag.Stopped, "%s failed in this window and is not tried again before the next one", strings.Join(phrase.First(d.failed, 5), ", ")).
			WithFix("see why: ringfence report %s", p.where()))
	case len(plan.Due(made, at)) > 0:
		p.out.event("progress", nil, "everything that is due is done; nothing was changed")
		return nil
	case isEmpty(made):
		p.out.event("progress", nil, "the plan is empty: nothing is missing on the %d hosts that are judged%s; nothing was changed", judgedHosts(made), unjudged(made))
		return nil
	}
	if next, ok := plan.NextDue(made, at); ok {
		return fail(ExitNothingDue, diag.Note(diag.NothingDue, "nothing is due now; next: %s", p.words(made, next)).
			WithFix("apply again then, or let ringfence run --all do it on a schedule"))
	}
	if onlyApprovals(made) {
		return fail(ExitApproval, diag.Note(diag.ApprovalMissing, "everything that is left waits for an approval").
			WithFix("see who must approve: ringfence plan %s", p.where()))
	}
	return fail(ExitNothingDue, diag.Note(diag.NothingDue, "nothing is due now, and no wave is planned yet").
		WithFix("see what each update waits for: ringfence plan %s", p.where()))
}

// missed counts the hosts whose window of this plan is over while they still have its work to do.
func (d due) missed(p *plan.Plan, at time.Time) int {
	hosts := map[string]bool{}
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			for _, h := range w.Hosts {
				if d.left(h, p.Changes[w.Change], w.Opens) && w.Closes != nil && !at.Before(*w.Closes) {
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
	return fail(ExitNothingDue, diag.Note(diag.NothingDue, "nothing is due now: this plan's window is over for %s; %s", phrase.Count(n, "host"), words).
		WithFix("make a new plan: ringfence plan %s -out plan.json", p.where()))
}

func isEmpty(p *plan.Plan) bool {
	waits := slices.ContainsFunc(p.Rings, func(r plan.Ring) bool { return len(r.Reboots) > 0 })
	return p.Summary.Planned+p.Summary.Waiting+p.Summary.Reboots == 0 && !waits
}

// judgedHosts and unjudged say how far "nothing is missing" reaches.
func judgedHosts(p *plan.Plan) int { return p.Summary.Hosts - len(notJudged(p)) }

func notJudged(p *plan.Plan) []string {
	out := slices.Concat(p.Unreachable, p.Stale)
	for _, q := range p.Quarantined {
		out = append(out, q.Host)
	}
	return out
}

func unjudged(p *plan.Plan) string {
	if n := len(notJudged(p)); n > 0 {
		return fmt.Sprintf(" (%d more are unreachable, not fully scanned or quarantined)", n)
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
		if len(r.Reboots) > 0 {
			return false
		}
	}
	return true
}

// notBegun explains a run in which nothing could start; it writes no record.
func (p *pipeline) notBegun(out runner.Outcome, exit int) error {
	switch {
	case out.Trouble != nil:
		return leaseError(p.tenant.Name, out.Trouble)
	case len(out.Refused) > 0 && out.Why == "":
		return fail(ExitNothingDue, diag.Note(diag.NothingDue, "nothing is due any more: %s", out.Refused[0].Why).
			WithFix("see what each update waits for: ringfence plan %s", p.where()))
	case out.Why == runner.WhyHalted:
		return fail(exit, p.haltedFor())
	case exit == ExitUnfinished:
		return fail(exit, diag.New(diag.Stopped, "%d %s due, and none may start: hosts in doubt use up the ring's maxUnavailable", out.Left, map[bool]string{true: "host is", false: "hosts are"}[out.Left == 1]).
			WithFix("a scan settles what the hosts can tell: ringfence scan %s", p.where()))
	}
	return done(exit)
}
