package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner/ledger/lease"
)

func newLocks(a *app) *cobra.Command {
	var all bool
	var release string
	c := &cobra.Command{
		Use:   "locks",
		Short: "List who holds the lease of which tenant and site, and for how long",
		Long: `A run holds the lease of its tenant and site; while it does, no other run starts anything there. A lease that is not
renewed ends by itself. --release takes one away from a holder that is known to be gone: hosts refuse whatever the old
holder might still start once they have seen the next one's fencing number.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.locks(c.Context(), all, release) },
	}
	c.Flags().BoolVar(&all, "all", false, "also list leases that nobody holds")
	c.Flags().StringVar(&release, "release", "", "release the lease of `TENANT/SITE`")
	return c
}

func (a *app) locks(ctx context.Context, all bool, release string) error {
	ws, err := a.at(ctx, "HEAD")
	if err != nil {
		return err
	}
	_, share, err := a.shared(ws)
	if err != nil {
		return err
	}
	leases := lease.Open(ws.repo, share)
	list, broken := leases.Locks(ctx)
	if broken != nil && len(list) == 0 {
		return leasesError(broken)
	}
	if broken != nil {
		a.out.failure(exitOf(broken)) // the others are still worth reading
	}
	if release != "" {
		return a.releaseLease(ctx, leases, list, release)
	}
	var held []lease.Held
	for _, l := range list {
		valid := l.Valid(a.Now())
		if valid {
			held = append(held, l)
		}
		if valid || all {
			a.lockLine(l, valid)
		}
	}
	a.lockAdvice(held)
	return nil
}

// lockAdvice says what becomes of the leases that are held.
func (a *app) lockAdvice(held []lease.Held) {
	dead := slices.ContainsFunc(held, func(l lease.Held) bool { return isDead(l.Holder) })
	name := "TENANT/SITE"
	if len(held) == 1 {
		name = held[0].Tenant + "/" + held[0].Site
	}
	switch {
	case len(held) == 0:
		a.out.say("nobody holds a lease")
	case dead:
		a.out.say("the next run on this machine takes over what a dead process holds; at once, from elsewhere: ringfence locks --release %s", name)
	default:
		a.out.say("a lease ends by itself; if its holder is known to be gone: ringfence locks --release %s", name)
	}
}

// leasesError is of leases that could not be listed.
func leasesError(err error) error {
	if errors.Is(err, gitrepo.ErrRemoteDown) || errors.Is(err, gitrepo.ErrRemoteRefused) {
		return diag.New(diag.RemoteDown, "the leases stand on the ledger's remote: %v", err).WithFix("look again as soon as it answers; until then no run gets a lease")
	}
	return fmt.Errorf("leases: %w", err)
}

func (a *app) lockLine(l lease.Held, valid bool) {
	if a.json {
		a.out.emit("lease", l.Holder, event{"lease": l, "valid": valid})
		return
	}
	state := fmt.Sprintf("until %s", l.Expires.Format(time.RFC3339))
	switch {
	case l.Released:
		state = "released"
	case valid && isDead(l.Holder):
		state += ", and its process is gone"
	case !valid:
		state = fmt.Sprintf("ended %s without being released", l.Expires.Format(time.RFC3339))
	}
	link := ""
	if l.Link != "" {
		link = ", see " + untrusted.Line(l.Link, 200)
	}
	fmt.Fprintf(a.Stdout, "%s/%s  %s  run %s, for %s, fence %d, %s%s\n", l.Tenant, l.Site, untrusted.Line(l.Holder, 80),
		untrusted.Line(l.Run, 80), a.Now().Sub(l.Taken).Truncate(time.Second), l.Fence, state, link)
}

func (a *app) releaseLease(ctx context.Context, leases *lease.Store, list []lease.Held, name string) error {
	for _, l := range list {
		if l.Tenant+"/"+l.Site != name {
			continue
		}
		if l.Released {
			a.out.say("nobody holds the lease of %s", name)
			return nil
		}
		if err := leases.Release(ctx, a.Now(), l); err != nil {
			return ledgerError(l.Tenant, err)
		}
		a.out.event("lease", event{"tenant": l.Tenant, "site": l.Site, "released": true}, "released the lease of %s, which %s held", name, untrusted.Line(l.Holder, 80))
		return nil
	}
	return diag.New(diag.Usage, "there is no lease of %q", name).WithFix("see: ringfence locks --all")
}
