package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
)

// runSummary says how a run went and what comes next.
func (p *pipeline) runSummary(out runner.Outcome, d due, code int) error {
	ended := func(s ledger.Status) int { return out.Count(ledger.VerbApply, s) }
	idle := ended(ledger.Skipped) + out.Left
	for _, w := range out.Refused {
		idle += len(w.Actions)
	}
	line := fmt.Sprintf("%s: %s patched, %d failed, %d in doubt, %d not started; recorded as %s", p.tenant.Name,
		phrase.Count(ended(ledger.Succeeded), "host"), ended(ledger.Failed), ended(ledger.InDoubt), idle, short(p.head.Commit))
	if n := out.Count(ledger.VerbReboot, ledger.Succeeded); n > 0 {
		line += fmt.Sprintf("; %d rebooted", n)
	}
	if n := overran(out); n > 0 {
		line += fmt.Sprintf("; %s ended after the window had closed", phrase.Count(n, "action"))
	}
	if p.json {
		p.out.emit("progress", line, nil)
	} else {
		fmt.Fprintln(p.Stdout, line)
	}
	if len(out.Stopped) > 0 {
		p.out.say("stopped: %s reached stopAtFailures; look at the failures before going on: ringfence report %s", strings.Join(out.Stopped, ", "), p.where())
	}
	if len(out.Refused) > 0 {
		p.out.say("refused: %s; what they wait for: ringfence plan %s", phrase.Count(len(out.Refused), "wave"), p.where())
	}
	p.leftover(d)
	p.out.say("next: %s", p.next(out, d))
	if out.Provider != nil {
		return fail(code, unwrapProvider(out.Provider))
	}
	if len(out.Stopped) > 0 {
		return &exit{code, errRingStopped}
	}
	return done(code)
}

// exitOfRun: an interrupt first, then a provider that is gone, a stopped ring, anything unfinished.
func exitOfRun(out runner.Outcome, signalled int) int {
	unfinished := out.Left+len(out.Refused) > 0 || out.Count(ledger.VerbApply, ledger.Succeeded) < applied(out) || notRebooted(out)
	switch {
	case out.Interrupted:
		return signalled
	case out.Why == runner.WhyLeaseLost:
		return ExitLease
	case out.Why == runner.WhyHalted:
		return ExitStopped
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

// notRebooted: a host that asks for a reboot still does.
func notRebooted(out runner.Outcome) bool {
	return slices.ContainsFunc(out.Actions, func(a ledger.Action) bool {
		return a.Verb == ledger.VerbReboot && a.Status != ledger.Succeeded && a.Reason != runner.NotNeeded
	})
}

func overran(out runner.Outcome) int {
	n := 0
	for _, a := range out.Actions {
		if a.Overrun {
			n++
		}
	}
	return n
}
