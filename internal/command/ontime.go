package command

import (
	"context"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
)

// takeTurn takes the lease for a verb that may start something. A machine whose clock is behind what others wrote gets no
// turn: that is said before anything is recorded, and once more of each intent (see mayAnnounce).
func (p *pipeline) takeTurn(ctx context.Context) (*leased, error) {
	if err := p.onTime(ctx, p.head); err != nil {
		return nil, err
	}
	l, err := p.takeLease(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.onTime(ctx, p.head); err != nil { // the last holder may have written since
		l.release()
		return nil, err
	}
	return l, nil
}

// onTime refuses to start anything on top of a record that by this machine's clock is still to come. Windows, freezes and
// leases hang on the clock, and what starts before it was announced does not verify. Test clocks may run backwards.
func (p *pipeline) onTime(ctx context.Context, h branch.Head) error {
	now := p.clock()
	tooLate := func(r ledger.Record) bool { return !r.TestClock && r.At.After(now.Add(ledger.Skew)) }
	if p.test || !tooLate(h.Record) {
		return nil
	}
	first := h.Record // what follows it was dated by it, whoever wrote that
	for r, err := range p.ledger.Records(ctx, h) {
		if err != nil {
			return ledgerError(p.tenant.Name, err)
		}
		if !tooLate(r) {
			break
		}
		first = r
	}
	at := first.At.UTC().Format(time.RFC3339)
	return diag.New(diag.ClockBehind, "nothing starts for %s: record %d, by runner %q, is of %s, which by this machine's clock is still to come",
		p.tenant.Name, first.Seq, untrusted.Line(first.Runner, 100), at).
		WithDetail("here it is %s, %s earlier", now.UTC().Format(time.RFC3339), first.At.Sub(now)).
		WithFix("set the clock that is wrong, best by NTP: timedatectl; if it is not this one, nothing starts before %s", h.Record.At.UTC().Format(time.RFC3339))
}

// notBefore is an instant as the next record tells it: no earlier than the newest record, whoever's clock that is of. What
// a machine settles whose clock is behind must not have ended before it began.
func (p *pipeline) notBefore(at time.Time) time.Time {
	if r := p.head.Record; !p.test && !r.TestClock && r.At.After(at) {
		return r.At
	}
	return at
}
