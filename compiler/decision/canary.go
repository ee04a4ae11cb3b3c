package decision

import (
	"fmt"

	"github.com/ringfence/ringfence/compiler/policy"
)

// canary is the gate between the canaries of a ring and its other hosts.
type canary struct {
	gate
	need int
	Canaries
}

func (q Query) canary() canary {
	c := canary{need: q.Canaries, gate: gate{key: q.Ring.Name, at: q.At}}
	if q.Lane != nil {
		c.Source = q.Lane.Source
		if q.Lane.Soak != nil {
			c.Soak = *q.Lane.Soak
		}
	}
	if e, ok := q.Evidence.Of(q.Ring.Name, q.Update.PURL); ok && e.Canaries != nil {
		c.Canaries = *e.Canaries
	}
	return c
}

// CanariesLeft is how many hosts more may go first: none once so many were tried, nor while one of them failed or is in
// doubt.
func (q Query) CanariesLeft() int {
	c := q.canary()
	if c.Failed != 0 || c.InDoubt != 0 {
		return 0
	}
	return max(0, c.need-c.Succeeded)
}

// AwaitsCanaries is why hosts that are no canaries wait for those; none when they do not.
func (q Query) AwaitsCanaries() (out []Reason) {
	for _, c := range q.canary().conditions() {
		out = append(out, Reason{Code: c.code, Msg: c.msg, Source: c.source, Until: c.until})
	}
	return out
}

// conditions are those on the other hosts. The soak counts from the newest success of a canary: those of the other hosts
// start nothing anew.
func (c canary) conditions() (out []condition) {
	if c.need <= 0 {
		return nil
	}
	if c.InDoubt != 0 {
		out = append(out, c.wait(ReasonCanaryInDoubt, "canaries of %s: %s must be settled first", c.key, hosts(c.InDoubt)+" in doubt"))
	}
	if c.Failed != 0 {
		out = append(out, c.wait(ReasonCanaryFailed, "canaries of %s: it failed on %s", c.key, hosts(c.Failed)))
	}
	if c.Succeeded < c.need {
		out = append(out, c.wait(ReasonWaitCanary, "canaries of %s: %d of %d needed hosts succeeded", c.key, c.Succeeded, c.need))
	}
	if len(out) > 0 {
		return out
	}
	c.gate.e = RingEvidence{Attempted: c.Succeeded, Succeeded: c.Succeeded, SucceededAt: c.SucceededAt}
	c.gate.key = fmt.Sprintf("canaries of %s", c.key)
	c.IfUntested = policy.UntestedWait
	return c.soaks()
}
