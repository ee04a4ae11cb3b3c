package command

import (
	"context"
	"slices"

	"github.com/package-url/packageurl-go"
	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner/ledger"
)

func newFail(a *app) *cobra.Command {
	var where scope
	var why reason
	var at instant
	c := &cobra.Command{
		Use:   "fail HOST UPDATE",
		Short: "Record that an update turned out bad on a host",
		Long: `Records a late failure: a phone call, a monitor, anything that came after the host was patched. It counts as a failed
attempt in the host's ring, so gates that build on that ring close again until its evidence is good enough.

UPDATE is one that the newest scan lists of the host, or that was started there by any record: a purl, or a package name
that only one of them has. A name means what the newest scan lists; an older update is named by its purl.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if why == "" {
				return usage(c, errNoReason)
			}
			return a.fail(c.Context(), where, at, args[0], args[1], string(why))
		},
	}
	where.flags(c)
	c.Flags().Var(&why, "reason", "what went wrong, for the record: `TEXT`")
	at.flag(c, "record as of `TIME` (tenants with testClock only)")
	return c
}

func (a *app) fail(ctx context.Context, where scope, at instant, host, update, reason string) error {
	p, err := a.writer(ctx, where, at)
	if err != nil {
		return err
	}
	ring, err := p.ringOf(host)
	if err != nil {
		return err
	}
	s, err := p.snapshot(ctx)
	if err != nil {
		return err
	}
	u, err := p.updateOf(ctx, s, host, update)
	if err != nil {
		return err
	}
	platform := ""
	if h := s.Host(host); h != nil {
		platform = untrusted.Line(h.OS, 60)
	}
	if lacks(s, host, u) {
		p.out.say("the newest scan says that %s lacks %s: look whether host and update are the ones you mean", host, phrase.Update(u))
	}
	return p.recordFailure(ctx, host, ring.Name, u, platform, reason)
}

// lacks reports whether a host has not, or no more, what is said to have failed there. It counts all the same: somebody
// may have taken it back by hand before the call came.
func lacks(s *inventory.Snapshot, host, update string) bool {
	h := s.Host(host)
	return h != nil && slices.ContainsFunc(h.Missing, func(m inventory.Missing) bool { return s.Updates[m.Update].PURL == update })
}

func (p *pipeline) ringOf(host string) (*policy.Ring, error) {
	i := slices.IndexFunc(p.hosts(), func(h policy.Host) bool { return h.Name == host })
	if i < 0 {
		return nil, diag.New(diag.Usage, "%s has no host %q", p.tenant.Name, host).WithFix("see tenants/%s and its hosts files", p.tenant.Name)
	}
	ring, ok := p.tenant.RingOf(p.hosts()[i])
	if !ok {
		return nil, diag.New(diag.HostInNoRing, "%s is in no single ring", host).WithFix("see: ringfence check")
	}
	return ring, nil
}

func (p *pipeline) recordFailure(ctx context.Context, host, ring, update, platform, reason string) error {
	run := p.runID()
	r, err := p.draft(ledger.PhaseNote, run)
	if err != nil {
		return err
	}
	id, err := canonical.Digest([]string{p.tenant.Name, run, host, update})
	if err != nil {
		return err
	}
	from := ""
	if u, err := packageurl.FromString(update); err == nil {
		from = u.Version // the host has it: the failure is of the version that is there
	}
	at := r.At
	r.Actions = []ledger.Action{{
		ID: id, Host: host, Verb: ledger.VerbApply, Ring: ring, Lane: policy.DefaultLane, Opens: at, Status: ledger.Failed, HostState: "done",
		Updates: []plan.ChangeUpdate{{Update: update, From: from}}, StartedAt: at, EndedAt: &at, Reason: reason, Platform: platform,
	}}
	if err := p.written(p.append(ctx, r, nil)); err != nil {
		return err
	}
	p.out.event("record", event{"tenant": p.tenant.Name, "host": host, "update": update}, "recorded: %s failed on %s in ring %s\nnext: ringfence plan %s", phrase.Update(update), host, ring, p.where())
	return nil
}
