package command

import (
	"fmt"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
)

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
	if a.Overrun {
		fields["overrun"] = true
		line += " (ended after its window had closed)"
	}
	if a.Verb == ledger.VerbReboot && a.Reason == runner.NotNeeded {
		p.out.emit("action", line, fields)
		return
	}
	p.out.event("action", fields, "%s", line)
}

// waveStarted says once that a wave of a lane has begun.
func (p *pipeline) waveStarted(wave string, a ledger.Action) {
	if a.Lane != policy.DefaultLane {
		wave += ", lane " + a.Lane
	}
	if !p.begun[wave] {
		p.tell(wave)
		p.out.event("wave_start", event{"tenant": p.tenant.Name, "ring": a.Ring, "lane": a.Lane, "wave": a.Wave, "window": a.Window}, "  %s begins", wave)
	}
}

// tell notes that a person was told of something that is said once.
func (p *pipeline) tell(what string) {
	if p.begun == nil {
		p.begun = map[string]bool{}
	}
	p.begun[what] = true
}
