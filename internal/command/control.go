package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/control"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

// control is the branch of halt orders and breaks, judged by the policy that was read: who may lift one stands in the
// same commit as everything else that a verb acts on.
func (a *app) control(ws *workspace, set policy.Settings, share remote.Options) *control.Switch {
	if ws.orders == nil {
		q, _ := quorumOf(ws, set) // a list that cannot be read has nobody in it, so what is halted stays so
		q.Now = a.Now
		ws.orders = control.Open(ws.repo, share, q)
	}
	return ws.orders
}

// quorumOf is what a policy says of lifting orders.
func quorumOf(ws *workspace, set policy.Settings) (control.Quorum, error) {
	q := control.Quorum{Persons: set.Control.Approvers, Signed: set.Control.Approvers > 0 || set.Ledger.Signed}
	raw, err := fs.ReadFile(ws.tree, signersPath)
	if errors.Is(err, fs.ErrNotExist) {
		return q, nil
	}
	if err != nil {
		return q, err
	}
	q.Signers, err = parseSigners(signersPath, raw)
	return q, err
}

// tooFew says that nobody could ever lift an order: the list of signers has not as many persons as must agree.
func tooFew(set policy.Settings, q control.Quorum) (diag.Diagnostic, bool) {
	if q.Enough() {
		return diag.Diagnostic{}, false
	}
	why, at := "ledger.signed wants signed orders", set.Ledger.SignedAt
	if n := set.Control.Approvers; n > 0 {
		why, at = fmt.Sprintf("control.unhalt wants %s", phrase.Count(n, "person")), set.Control.Source
	}
	return diag.New(diag.BadSettings, "%s, and %s does not name so many: nobody could lift a halt order", why, signersPath).
		At(diag.ParsePlace(at)).WithFix("add a line per person: NAME ssh-ed25519 KEY"), true
}

// controlFindings are what check has to say of the remote, orders and the breaker, as warnings: no tenant is planned otherwise for it.
func controlFindings(ctx context.Context, ws *workspace) (list diag.List) {
	set, known := ws.known()
	if !known {
		return nil // why not is said already
	}
	if name := set.Ledger.Remote; name != "" {
		if err := ws.repo.CheckRemote(ctx, name); errors.Is(err, gitrepo.ErrNoRemote) {
			list = append(list, noRemote(err).At(diag.Range{File: repository.SettingsFile}))
		}
	}
	q, err := quorumOf(ws, set)
	var bad diag.Diagnostic
	if errors.As(err, &bad) {
		list = append(list, bad)
	} else if d, few := tooFew(set, q); few {
		list = append(list, d)
	}
	for _, t := range ws.set.Tenants {
		if t.Breaker && set.Breaker.Hosts == 0 {
			list = append(list, diag.New(diag.BadSettings, "tenant %s shares the breaker, and nothing says on how many hosts an update must fail for it", t.Name).
				At(diag.Range{File: "ringfence.cue"}).WithFix("add: breaker: hosts: 3"))
		}
	}
	for i := range list {
		list[i].Severity = diag.Warning
	}
	return list
}

// halt is the runner's: it reads the control branch, and what the breaker holds with it. What it finds is said when it is
// news.
func (p *pipeline) halt() func(context.Context) runner.Halt {
	return func(ctx context.Context) runner.Halt {
		c, err := p.control(p.ws, p.settings, p.share).ReadHalts(ctx, p.machineTime())
		order, halted := c.Halted(p.tenant.Name)
		news := haltNews{order: order, halted: halted}
		switch {
		case halted:
			news.text = fmt.Sprintf("halted%s: %s", by(" by ", order, ""), untrusted.Line(order.Reason, ledger.MaxText))
		case err != nil:
			news.text = fmt.Sprintf("the halt orders cannot be read: %v", err)
		}
		if news.text != "" && news.text != p.halts.text {
			p.out.say("%s", news.text)
		}
		p.halts = news
		p.hold(c)
		return runner.Halt{Read: c.Read, Halted: halted}
	}
}

// haltNews is what a run was told of the halt orders last.
type haltNews struct {
	text   string // "": nothing halts this tenant
	order  control.Standing
	halted bool
}

// by says who gave an order, and since when it stands; nothing of what stands because the orders cannot be read.
func by(lead string, s control.Standing, since string) string {
	if s.Voice == (control.Voice{}) {
		return ""
	}
	return fmt.Sprintf("%s%s%s (%s)", lead, untrusted.Line(s.By, 100), since, untrusted.Line(s.Voice.String(), 200))
}

// haltedFor says why nothing was started under the orders that were read last.
func (p *pipeline) haltedFor() diag.Diagnostic {
	if !p.halts.halted {
		return diag.New(diag.Halted, "nobody could read the halt orders for too long: nothing was started for %s", p.tenant.Name).
			WithFix("see that the ledger's remote answers: ringfence ledger pull")
	}
	if p.halts.order.Voice == (control.Voice{}) {
		return diag.New(diag.Halted, "the halt orders cannot be read, so %s is halted: nothing was started", p.tenant.Name).
			WithFix("look at them: git log ringfence/control")
	}
	return diag.New(diag.Halted, "%s is halted: nothing was started", p.tenant.Name).
		WithFix("when its reason is gone: %s", unhaltLine(p.halts.order.Tenant))
}

// unhaltLine is the command that lifts a halt.
func unhaltLine(tenant string) string {
	if tenant == control.Everyone {
		return "ringfence unhalt --reason TEXT"
	}
	return "ringfence unhalt --tenant " + tenant + " --reason TEXT"
}

// hold notes what the breaker holds for this tenant: nothing, unless it shares the breaker.
func (p *pipeline) hold(c control.Orders) {
	if p.tenant.Breaker {
		p.breaks = c.Held()
	}
}

// knownBreaks reads what was fetched last; syncBreaks asks the remote. A tenant that does not share the breaker reads
// nothing, so that nothing there can change its plan.
func (p *pipeline) knownBreaks(ctx context.Context) error {
	return p.readBreaks(func(s *control.Switch) (control.Orders, error) { return s.Known(ctx) })
}

func (p *pipeline) syncBreaks(ctx context.Context) error {
	return p.readBreaks(func(s *control.Switch) (control.Orders, error) { return s.ReadHalts(ctx, p.machineTime()) })
}

func (p *pipeline) readBreaks(read func(*control.Switch) (control.Orders, error)) error {
	if !p.tenant.Breaker {
		return nil
	}
	c, err := read(p.control(p.ws, p.settings, p.share))
	if err != nil {
		return controlError(err)
	}
	p.hold(c)
	return nil
}

// controlError gives the errors of the control branch their codes.
func controlError(err error) error {
	if errors.Is(err, ledger.ErrBroken) {
		return diag.New(diag.LedgerBroken, "%v", err).WithFix("everyone is halted until it can be read: git log ringfence/control")
	}
	if errors.Is(err, remote.ErrMoved) {
		return diag.New(diag.LedgerMoved, "%v", err).WithFix("look at what came in, then run the command again: ringfence status")
	}
	return ledgerError("*", err)
}

// orderError is of an order that did not reach the remote, where the others would see it.
func orderError(err error) error {
	switch {
	case errors.Is(err, gitrepo.ErrRemoteDown):
		return diag.New(diag.RemoteDown, "the order was not given: %v", err).
			WithFix("give it again as soon as the remote answers; a run that cannot read it for five minutes starts nothing more, and an interrupt stops one at once")
	case errors.Is(err, gitrepo.ErrRemoteRefused):
		return diag.New(diag.RemoteDown, "the order was not given: %v", err).
			WithFix("who may push ringfence/control can give it; an interrupt stops a run at once where it runs")
	}
	return controlError(err)
}

// standing prints what stands of all orders and concerns the tenant that is named, or else anybody: halts, who agreed to
// lift them, and breaks. A halt stands whether its tenant compiles or not. What was fetched last counts; nothing stands
// is no line.
func (a *app) standing(ctx context.Context, ws *workspace, tenant string, tenants []*policy.Tenant) error {
	set, share, err := a.shared(ws)
	if err != nil {
		return err
	}
	c, err := a.control(ws, set, share).Known(ctx)
	if err != nil {
		a.out.failure(exitOf(controlError(err)))
	}
	for _, h := range c.Halts {
		if tenant == "" || h.Tenant == control.Everyone || h.Tenant == tenant {
			a.orderLine("halt", h, "halted: %s%s: %s%s", who(h.Tenant), by(", by ", h, " since "+h.At.Format(time.RFC3339)), untrusted.Line(h.Reason, ledger.MaxText), agreed(h, c.Persons))
		}
	}
	if !slices.ContainsFunc(tenants, func(t *policy.Tenant) bool { return t.Breaker }) {
		return nil
	}
	for _, b := range c.Breaks {
		a.orderLine("break", b, "held by the breaker: %s, since %s (%s): %s%s\n%s", phrase.Update(b.Update), b.At.Format(time.RFC3339),
			untrusted.Line(b.Voice.String(), 200), untrusted.Line(b.Reason, ledger.MaxText), agreed(b, c.Persons), proposal(b.Order))
	}
	return nil
}

func (a *app) orderLine(kind string, s control.Standing, format string, args ...any) {
	if a.json {
		a.out.emit(kind, s.Reason, event{"order": s.Order, "voice": s.Voice.String(), "agreed": append([]string{}, s.People()...)})
		return
	}
	fmt.Fprintf(a.Stdout, format+"\n", args...)
}

// agreed says how far a quorum has come; one person alone needs no words.
func agreed(s control.Standing, need int) string {
	people := s.People()
	if need < 2 {
		return ""
	}
	if len(people) == 0 {
		return fmt.Sprintf("; %d persons must agree to lift it", need)
	}
	return fmt.Sprintf("; %d of %d agreed to lift it: %s", len(people), need, untrusted.Line(strings.Join(people, ", "), 300))
}
