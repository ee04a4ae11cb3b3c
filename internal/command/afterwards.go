package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/transport"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/report"
)

// where names tenant and site as flags do.
func (p *pipeline) where() string { return whereOf(p.tenant, p.site) }

func whereOf(t *policy.Tenant, site string) string {
	flags := "--tenant " + t.Name
	if len(sites(t)) > 1 {
		flags += " --site " + site
	}
	return flags
}

// place names the tenant, with the site where it has several.
func (p *pipeline) place() string {
	if len(sites(p.tenant)) > 1 {
		return p.tenant.Name + " at " + p.site
	}
	return p.tenant.Name
}

// tellSettled says what a scan found out about actions in doubt, and of which it could not.
func (p *pipeline) tellSettled(list []ledger.Action) {
	for _, a := range list {
		p.out.event("action", event{"tenant": p.tenant.Name, "host": a.Host, "ring": a.Ring, "verb": a.Verb, "status": a.Status, "id": a.ID, "reason": a.Reason},
			"  settled: %s: %s %s: %s", a.Host, a.Verb, a.Status, untrusted.Line(a.Reason, 300))
	}
	if p.fence == 0 {
		return // another run is at work
	}
	for _, d := range p.head.State.InDoubt {
		if slices.ContainsFunc(p.hosts(), func(h policy.Host) bool { return h.Name == d.Host }) {
			p.out.say("  %s: still in doubt; until the host can say what became of it, it counts as down", d.Host)
		}
	}
}

// inDoubt names the hosts of which nobody knows how an action ended, before anything else is said of a tenant.
func (a *app) inDoubt(r report.Report, where string) {
	var hosts []string
	for _, h := range r.Hosts {
		if h.State == string(report.InDoubt) {
			hosts = append(hosts, h.Host)
		}
	}
	if len(hosts) > 0 && !a.json {
		fmt.Fprintf(a.Stdout, "IN DOUBT %s: %s: started, and no outcome is recorded; who is at work: ringfence locks; to ask the hosts: ringfence scan %s\n",
			r.Name(), someOf(hosts), where)
	}
}

// leftover says what of the plan stays undone, though this run did all it could.
func (p *pipeline) leftover(d due) {
	if len(d.failed) > 0 {
		p.out.say("unfinished: %s failed in this window before and is not tried again before the next one", someOf(d.failed))
	}
	if len(d.doubt) > 0 {
		p.out.say("unfinished: %s is in doubt: an action was started there and nobody knows how it ended", someOf(d.doubt))
	}
}

func someOf(hosts []string) string {
	hosts = slices.Compact(slices.Sorted(slices.Values(hosts)))
	return strings.Join(phrase.First(hosts, 5), ", ")
}

// next is the command with which a person goes on after a run.
func (p *pipeline) next(out runner.Outcome, d due) string {
	switch {
	case out.Count(ledger.VerbApply, ledger.InDoubt)+out.Count(ledger.VerbReboot, ledger.InDoubt)+len(d.doubt) > 0:
		return "to ask the hosts what became of what is in doubt and go on: ringfence apply --resume " + p.where()
	case out.Interrupted:
		return "to go on: ringfence apply --resume " + p.where()
	case out.Count(ledger.VerbApply, ledger.Failed)+out.Count(ledger.VerbReboot, ledger.Failed)+len(d.failed) > 0:
		return "to see what failed and why: ringfence report " + p.where()
	}
	return "ringfence status --tenant " + p.tenant.Name
}

// afterScan is the command with which a person goes on after a scan: to plan, or, where no host could be read, to what
// mends that.
func (p *pipeline) afterScan(readings []runner.Reading) string {
	read := func(r runner.Reading) bool { return r.Err == nil }
	stranger := func(r runner.Reading) bool { return errors.Is(r.Err, transport.ErrHostKeyUnknown) }
	switch {
	case len(readings) == 0 || slices.ContainsFunc(readings, read):
		return "ringfence plan " + p.where() + " -out plan.json"
	case slices.ContainsFunc(readings, stranger):
		return "ringfence hosts enroll --tenant " + p.tenant.Name
	}
	return "mend what keeps every host from being read, as said above; then ringfence scan " + p.where()
}
