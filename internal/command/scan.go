package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
)

type scanFlags struct {
	scope
	local    bool
	parallel int
	at       instant
}

func newScan(a *app) *cobra.Command {
	var f scanFlags
	c := &cobra.Command{
		Use:   "scan",
		Short: "Read what every host of a tenant has and lacks, and record it",
		Long: `Asks each host through its provider, in parallel, and records the snapshot on branch ringfence/ledger/<tenant>.
A host that cannot be reached or fully read is unreachable or stale, never compliant. The exit code is 0 when the
record was written, whatever the hosts said; 10 when a provider was missing or crashed.

--local reads this machine and prints the snapshot; it needs no policy and records nothing.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.local {
				return a.scanLocal(c.Context())
			}
			return a.scan(c.Context(), f)
		},
	}
	f.scope.flags(c)
	c.Flags().BoolVar(&f.local, "local", false, "read this machine with provider apt and print its snapshot")
	c.Flags().IntVar(&f.parallel, "parallel", 16, "scan at most `N` hosts at once")
	f.at.flag(c, "record as of `TIME` (tenants with testClock only)")
	return c
}

func (a *app) scan(ctx context.Context, f scanFlags) error {
	p, err := a.writer(ctx, f.scope, f.at)
	if err != nil {
		return err
	}
	l, err := p.takeLease(ctx)
	switch {
	case err == nil:
		defer l.release()
	case exitOf(err).code == ExitLease:
		p.out.say("another run is at work; this scan settles nothing of what it does")
	default:
		return err
	}
	readings, err := p.read(ctx, f.parallel)
	if err != nil {
		return err
	}
	p.out.say("next: %s", p.afterScan(readings))
	return nil
}

// writer enters the pipeline for a verb that writes the ledger: policy at HEAD, a clock that may be trusted.
func (a *app) writer(ctx context.Context, f scope, at instant) (*pipeline, error) {
	if err := a.introduced(); err != nil {
		return nil, err
	}
	ws, err := a.head(ctx)
	if err != nil {
		return nil, err
	}
	p, err := a.enter(ctx, ws, f)
	if err != nil {
		return nil, err
	}
	p.clock, err = a.writing(at, p.tenant)
	p.test = at.at != nil
	if err == nil {
		err = p.mustSign()
	}
	if err == nil {
		err = p.sync(ctx)
	}
	if err != nil {
		return nil, err
	}
	return p, p.policyFollows(ctx, p.head)
}

// scan reads the hosts on the way to something else.
func (p *pipeline) scan(ctx context.Context, parallel int) error {
	_, err := p.read(ctx, parallel)
	return err
}

// read asks the hosts, settles what was in doubt as far as the hosts tell, and records the snapshot.
func (p *pipeline) read(ctx context.Context, parallel int) ([]runner.Reading, error) {
	f, err := p.fleet()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	at := p.clock()
	standings := runner.Standings(ctx, p.head.State.InDoubt, p.hosts(), f, p.fence)
	live := newProgress(p.tenant.Name, "scan", p.clock)
	live.of = len(p.hosts())
	stop := p.out.follow(live)
	readings := runner.Scan(ctx, p.tenant.Name, p.hosts(), f, runner.ScanOptions{
		At: at, Refresh: true, Parallel: parallel, Observe: func(r runner.Reading) { live.read(r); p.scanned(r) },
	})
	stop()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	prev := p.previous(ctx)
	s := runner.Assemble(runner.Assembly{
		Tenant: p.tenant.Name, Site: p.site, At: at, Hosts: p.hosts(), Prev: prev, FirstSeen: p.head.State.FirstSeen, Readings: readings,
	})
	settled := []ledger.Action{}
	if p.fence > 0 { // otherwise another run is at work, and what is in doubt may be what it does
		settled = p.recalled(runner.SettleDoubt(p.tenant, p.head.State.InDoubt, standings, readings, prev, p.notBefore(at)))
	}
	if err := p.recordScan(ctx, s, settled); err != nil {
		return nil, err
	}
	p.unscanned(readings)
	p.tellSettled(settled)
	p.scanSummary(s)
	return readings, providerGone(readings)
}

// providerGone turns the first reading that failed for want of a provider into the command's error: the record of
// what could be read is written by then.
func providerGone(readings []runner.Reading) error {
	for _, r := range readings {
		if isProvider(r.Err) {
			return fail(ExitProvider, unwrapProvider(r.Err))
		}
	}
	return nil
}

// previous is the snapshot before this one; none, or one that cannot be read, is where a scan starts anew.
func (p *pipeline) previous(ctx context.Context) *inventory.Snapshot {
	if p.head.Commit == "" {
		return nil
	}
	s, err := p.ledger.Snapshot(ctx, p.head, p.site)
	switch {
	case errors.Is(err, branch.ErrNoSnapshot):
		return nil
	case err != nil:
		p.out.say("the previous snapshot cannot be read, so this scan starts anew: %v", err)
		return nil
	}
	return s
}

// scanned tells the stream of one host as it ends.
func (p *pipeline) scanned(r runner.Reading) {
	fields := event{"tenant": p.tenant.Name, "host": r.Host, "state": r.State()}
	if r.Err == nil {
		fields["missing"] = len(r.Scan.Missing)
		if health := r.Condition(); health != "" {
			fields["health"] = health
		}
		p.out.emit("scan_host", r.Host, fields)
		return
	}
	fields["level"], fields["reason"] = "warning", untrusted.Line(r.Err.Error(), 300)
	p.out.emit("scan_host", r.Host, fields)
}

// unscanned tells a person of the hosts that went wrong, those with the same reason on one line.
func (p *pipeline) unscanned(readings []runner.Reading) {
	var order []string
	groups := map[string][]string{}
	for _, r := range readings {
		if r.Err == nil {
			continue
		}
		why := fmt.Sprintf("%s: %s", r.State(), untrusted.Line(r.Err.Error(), 300))
		if groups[why] == nil {
			order = append(order, why)
		}
		groups[why] = append(groups[why], r.Host)
	}
	for _, why := range order {
		if !p.json {
			fmt.Fprintf(p.Stderr, "  %s: %s\n", strings.Join(phrase.First(groups[why], 5), " "), why)
		}
	}
}

func (p *pipeline) scanSummary(s *inventory.Snapshot) {
	states, missing, security, held := map[inventory.HostState]int{}, 0, 0, 0
	unhealthy := 0
	for _, h := range s.Hosts {
		states[h.State]++
		if h.State != inventory.Scanned {
			continue
		}
		if h.Condition() == inventory.HealthFailing {
			unhealthy++
		}
		for _, m := range h.Missing {
			missing++
			if s.Updates[m.Update].Class == inventory.ClassSecurity {
				security++
			}
			if m.Held {
				held++
			}
		}
	}
	if p.json {
		return
	}
	var rest []string
	for _, st := range []inventory.HostState{inventory.Unreachable, inventory.Stale, inventory.Quarantined} {
		if states[st] > 0 {
			rest = append(rest, fmt.Sprintf("%d %s", states[st], st))
		}
	}
	line := fmt.Sprintf("%s: %d of %s scanned, %s (%d security, %d held)", p.tenant.Name,
		states[inventory.Scanned], phrase.Count(len(s.Hosts), "host"), phrase.Count(missing, "missing update"), security, held)
	if unhealthy > 0 {
		line += fmt.Sprintf("; %d not healthy", unhealthy)
	}
	if len(rest) > 0 {
		line += "; " + strings.Join(rest, ", ") + " (not judged, never compliant)"
	}
	fmt.Fprintln(p.Stdout, line)
}
