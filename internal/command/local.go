package command

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/fleet"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/transport"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner"
)

// scanLocal reads this machine through the same plugin process and broker as any host, over a local connection.
func (a *app) scanLocal(ctx context.Context) error {
	name, err := os.Hostname()
	if err != nil {
		name = "localhost"
	}
	h := policy.Host{Name: name, Providers: []string{"apt"}}
	login, home := a.person()
	f := fleet.New(fleet.Config{Tenant: "local", Executable: a.Executable, Dialer: transport.Local{Login: login, Home: home}, Log: a.out.pluginLog()})
	defer f.Close()
	at := canonical.Instant(a.Now())
	readings := runner.Scan(ctx, "local", []policy.Host{h}, f, runner.ScanOptions{At: at, Refresh: true, Parallel: 1})
	if err := providerGone(readings); err != nil {
		return err
	}
	if err := readings[0].Err; err != nil {
		return scanFailed(name, err)
	}
	s := runner.Assemble(runner.Assembly{Tenant: "local", Site: policy.DefaultSite, At: at, Hosts: []policy.Host{h}, Readings: readings})
	if a.json {
		a.out.emit("scan_host", name, event{"host": s.Hosts[0], "updates": s.Updates})
		return nil
	}
	a.printLocal(s)
	return nil
}

func (a *app) printLocal(s *inventory.Snapshot) {
	h := s.Hosts[0]
	fmt.Fprintf(a.Stdout, "%s: %s, kernel %s, %s\n", untrusted.Line(h.Name, 80), h.OS, h.Kernel, countMissing(s))
	for _, m := range h.Missing {
		u := s.Updates[m.Update]
		held := ""
		if m.Held {
			held = " (held)"
		}
		fmt.Fprintf(a.Stdout, "  ~ %-30s %s → %s  %s %s%s\n", u.Name, m.From, u.Version, u.Class, u.Origin, held)
	}
	if h.RebootPending {
		fmt.Fprintln(a.Stdout, "  a reboot is pending")
	}
	if h.Health == inventory.HealthOK {
		fmt.Fprintln(a.Stdout, "  healthy")
	}
	for _, c := range h.Checks {
		fmt.Fprintf(a.Stdout, "  %s: %s\n", c.State, strings.TrimSuffix(c.Name+": "+c.Detail, ": "))
	}
	for _, n := range h.Notes {
		fmt.Fprintf(a.Stdout, "  note: %s\n", n)
	}
}

func countMissing(s *inventory.Snapshot) string {
	n := 0
	for _, h := range s.Hosts {
		n += len(h.Missing)
	}
	return phrase.Count(n, "missing update")
}
