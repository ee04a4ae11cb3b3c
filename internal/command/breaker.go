package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
	"github.com/ringfence/ringfence/runner/ledger/control"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

// trip holds what failed on too many hosts of the tenants that share the breaker. It is asked whenever this tenant's
// ledger may have another failure, and looks at levels, not at edges: what another runner saw and could not write is
// written by the next one that looks. It can only tighten, so when it fails it says so and the verb goes on.
func (p *pipeline) trip(ctx context.Context) {
	most := p.settings.Breaker.Hosts
	if !p.tenant.Breaker || most == 0 {
		return
	}
	sw := p.control(p.ws, p.settings, p.share)
	c, err := sw.Known(ctx)
	if err == nil && len(control.CountFailing([]ledger.State{p.head.State}, c.Released)) > 0 {
		err = p.tripAt(ctx, sw, most)
	}
	if err != nil {
		p.out.say("warning: the breaker could not be asked: %v", controlError(err))
	}
}

func (p *pipeline) tripAt(ctx context.Context, sw *control.Switch, most int) error {
	c, err := sw.ReadHalts(ctx, p.machineTime())
	if err != nil {
		return err
	}
	for _, f := range control.CountFailing(p.sharing(ctx, p.ws, p.share, p.head.State), c.Released) {
		if _, stands := c.Broken(f.Update); stands || f.Hosts < most {
			continue
		}
		order := control.Order{
			Update: f.Update, Hosts: f.Hosts, Tenants: f.Tenants, By: "the breaker", At: p.machineTime(),
			Reason: fmt.Sprintf("it failed on %s of %s", phrase.Count(f.Hosts, "host"), phrase.Count(f.Tenants, "tenant")),
		}
		after, err := sw.Break(ctx, order)
		if errors.Is(err, control.ErrStands) {
			continue
		}
		if err != nil {
			return err
		}
		c = after
		p.out.event("break", event{"update": f.Update, "hosts": f.Hosts, "tenants": f.Tenants}, "the breaker holds %s for all tenants that share it: %s\n%s", phrase.Update(f.Update), order.Reason, proposal(order))
	}
	p.hold(c)
	return nil
}

// sharing are the newest states of all tenants that share the breaker, as far as they can be read from here; own, if it
// is of a tenant, is one of them already.
func (a *app) sharing(ctx context.Context, ws *workspace, share remote.Options, own ledger.State) []ledger.State {
	var out []ledger.State
	if own.Tenant != "" {
		out = append(out, own)
	}
	for _, t := range a.everyone(ctx, ws) {
		if !t.Breaker || t.Name == own.Tenant {
			continue
		}
		l := branch.OpenWith(ws.repo, t.Name, share)
		if err := l.Sync(ctx); err != nil {
			a.out.say("warning: the breaker does not count the newest of %s: %v", t.Name, err)
		}
		head, err := l.Head(ctx)
		if err != nil {
			a.out.say("warning: the breaker does not count %s: %v", t.Name, err)
			continue
		}
		out = append(out, head.State)
	}
	return out
}

// everyone are all tenants that compile at the commit that was read: a verb for one tenant may have compiled no other.
func (a *app) everyone(ctx context.Context, ws *workspace) []*policy.Tenant {
	whole, err := a.at(ctx, ws.commit)
	if err != nil {
		a.out.say("warning: the breaker does not count other tenants: %v", err)
		return ws.set.Tenants
	}
	return whole.set.Tenants
}

// proposal is a rule that rejects what the breaker holds, ready to be reviewed, and how to release it instead. The breaker
// itself never changes policy.
func proposal(b control.Order) string {
	update := untrusted.Line(b.Update, 500)
	return fmt.Sprintf(`  to reject it, propose this as baseline/breaker.cue (or in it):
    package baseline

    #Tenant: approval: "%s": {match: purl: [%s], reject: reason: %s}
  to release it: ringfence unhalt --update '%s' --reason TEXT`,
		ruleName("broken "+phrase.Update(b.Update)), quoted(update), quoted(untrusted.Line(b.Reason, 200)), update)
}

// quoted is a string of CUE, which reads those of JSON.
func quoted(s string) string {
	raw, _ := json.Marshal(s) // a string cannot fail
	return string(raw)
}

var noName = lazyregexp.New(`[^A-Za-z0-9]+`)

// ruleName makes a name of words.
func ruleName(words string) string {
	s := noName.ReplaceAllString(words, "-")
	return strings.Trim(s[:min(len(s), 63)], "-")
}

// release asks for a break to be lifted. What failed until now is forgiven, or it would be held again at once.
func (a *app) release(ctx context.Context, ws *workspace, update string, order control.Order) error {
	set, share, err := a.shared(ws)
	if err != nil {
		return err
	}
	sw := a.control(ws, set, share)
	c, err := sw.ReadHalts(ctx, order.At)
	if err != nil {
		return controlError(err)
	}
	b, ok := c.Broken(update)
	if !ok {
		return diag.New(diag.Usage, "the breaker does not hold %q", untrusted.Line(update, 200)).WithFix("see what it holds: ringfence status")
	}
	order.Kind, order.Tenant, order.Update, order.UpTo = control.Unbreak, control.Everyone, update, &b.At
	for _, f := range control.CountFailing(a.sharing(ctx, ws, share, ledger.State{}), c.Released) {
		if f.Update == update && f.Newest.After(*order.UpTo) {
			order.UpTo = &f.Newest
		}
	}
	return a.lift(ctx, sw, order)
}
