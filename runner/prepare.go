package runner

import "github.com/ringfence/ringfence/runner/ledger"

// Prepared is what a run would do with a plan, before it does anything. It asks nobody and changes nothing, so that
// the simulation of whole runs stands on the same waves, limits and action ids as a run does.
type Prepared struct{ r *run }

// Prepare selects what is due at the input's clock. It reads policy, site, plan, failures, doubts and Left.
func Prepare(in Input) Prepared {
	return Prepared{newRun(in)}
}

// Waves are the due waves in the order in which a run takes them.
func (p Prepared) Waves() []Wave { return p.r.steps() }

// Limits are the rings' limits, by name; hosts in doubt are down in them.
func (p Prepared) Limits() map[string]Limits { return p.r.limits() }

// Pools are the bounds that hold beside those of rings; hosts in doubt are down in them.
func (p Prepared) Pools() []Pool { return p.r.pools() }

// Intent lists every action that a wave may start.
func (p Prepared) Intent(wave int) []ledger.Action { return p.r.announced(wave) }
