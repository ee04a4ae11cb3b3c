package command

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/signing"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger/lease"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

// leaseTime is how long a lease holds without being renewed: what a dead runner keeps others waiting.
const leaseTime = 10 * time.Minute

// shareOptions say where the ledger lives and how its records are signed.
func (a *app) shareOptions(ws *workspace, set policy.Settings) (remote.Options, error) {
	o := remote.Options{Remote: set.Ledger.Remote, Signed: set.Ledger.Signed, Rand: rand.Int64N}
	name := a.Getenv("RINGFENCE_SIGNING_KEY")
	if name == "" {
		return o, nil
	}
	key, err := signing.Open(name, a.Getenv("SSH_AUTH_SOCK"))
	if err != nil {
		return o, diag.New(diag.NoSigningKey, "RINGFENCE_SIGNING_KEY: %v", err).WithFix("name a private key file that only you can read, or \"agent\"")
	}
	o.Sign = key.Sign
	return o, nil
}

// mustSign refuses to write unsigned records where the repository's settings demand signed ones.
func (p *pipeline) mustSign() error {
	if p.settings.Ledger.Signed && p.share.Sign == nil {
		return diag.New(diag.NoSigningKey, "ringfence.cue demands signed records, and there is no signing key").
			WithFix("name one: RINGFENCE_SIGNING_KEY=FILE")
	}
	return nil
}

// leased is the pipeline of a verb that may start something at its site, for as long as it holds the lease.
type leased struct {
	*pipeline
	leases *lease.Store
	held   lease.Held
}

// takeLease takes the lease of this tenant and site, then reads the ledger again: its last holder may have written.
func (p *pipeline) takeLease(ctx context.Context) (*leased, error) {
	l := &leased{pipeline: p, leases: lease.Open(p.ws.repo, p.share)}
	want := lease.Held{
		APIVersion: canonical.APIVersion, Kind: "Lease", Tenant: p.tenant.Name, Site: p.site, Holder: p.holder(),
		Link: p.Getenv("RINGFENCE_LINK"), Expires: p.machineTime().Add(leaseTime), Fence: p.head.State.Fences[p.site],
	}
	held, err := l.acquire(ctx, want)
	if err != nil {
		return nil, leaseError(p.tenant.Name, err)
	}
	l.held, p.fence = held, held.Fence
	p.out.emit("lease", held.Holder, event{"tenant": held.Tenant, "site": held.Site, "fence": held.Fence, "expires": held.Expires})
	if err = p.reload(ctx); err == nil {
		err = p.openJournal()
	}
	if err != nil {
		l.release()
		return nil, err
	}
	p.trip(ctx)
	return l, nil
}

// acquire takes the lease, also from a holder that has no use for it any more: a process of this machine that ended, or
// this very one, whose release did not arrive.
func (l *leased) acquire(ctx context.Context, want lease.Held) (lease.Held, error) {
	held, err := l.leases.Acquire(ctx, l.machineTime(), want)
	var other *lease.HeldError
	if !errors.As(err, &other) {
		return held, err
	}
	switch dead := isDead(other.Lease.Holder); {
	case dead:
		l.out.say("taking over from %s, which ended without releasing its lease", untrusted.Line(other.Lease.Holder, 100))
	case !l.gaveUp(other.Lease):
		return held, err
	}
	if err := l.leases.Release(ctx, l.machineTime(), other.Lease); err != nil {
		return held, err
	}
	return l.leases.Acquire(ctx, l.machineTime(), want)
}

// gaveUp reports whether this process is done with a lease that still stands. No other run of its tenant and site has
// its number.
func (a *app) gaveUp(l lease.Held) bool {
	return slices.ContainsFunc(a.givenUp, func(g lease.Held) bool {
		return g.Tenant == l.Tenant && g.Site == l.Site && g.Fence == l.Fence && g.Holder == l.Holder
	})
}

func (p *pipeline) machineTime() time.Time { return canonical.Instant(p.Now()) }

// renew is the runner's: it moves the lease's end.
func (l *leased) renew(ctx context.Context) (runner.Lease, error) {
	now := l.machineTime()
	if l.held.Expires.Sub(now) < leaseTime/2 {
		held, err := l.leases.Renew(ctx, now, l.held, now.Add(leaseTime))
		if err != nil {
			return runner.Lease{}, err
		}
		l.held = held
	}
	return runner.Lease{Fence: l.held.Fence, Until: l.held.Expires}, nil
}

// release gives the lease up. A verb that cannot say so loses nothing: the lease ends by itself.
func (l *leased) release() {
	l.closeJournal()
	l.fence = 0
	if err := l.leases.Release(context.Background(), l.machineTime(), l.held); err != nil {
		l.givenUp = append(l.givenUp, l.held)
		l.out.say("the lease could not be released and ends by itself at %s: %v", l.held.Expires.Format(time.RFC3339), err)
	}
}

func leaseError(tenant string, err error) error {
	var held *lease.HeldError
	if errors.As(err, &held) {
		return fail(ExitLease, diag.New(diag.LeaseHeld, "%v", held).
			WithFix("wait for it, or see ringfence locks; a lease that nobody renews ends by itself"))
	}
	return ledgerError(tenant, err)
}
