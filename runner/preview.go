package runner

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
)

// Preview asks every host of the plan's waves what its resolver would do with its change. A host that cannot say gets
// a row with the error: nothing beyond its planned versions may then move there. The error is a provider's that is
// gone.
func Preview(ctx context.Context, t *policy.Tenant, p *plan.Plan, open Opener, o ScanOptions) ([]plan.PreviewHost, error) {
	hosts := map[string]policy.Host{}
	for _, h := range t.Hosts {
		hosts[h.Name] = h
	}
	var rows []plan.PreviewHost
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			if len(p.Changes[w.Change].Updates) == 0 {
				continue // nothing but a reboot
			}
			for _, h := range w.Hosts {
				rows = append(rows, plan.PreviewHost{Host: h, Wave: w.Wave, Change: w.Change, Actions: []plan.Action{}, Held: []string{}, Restarts: []string{}})
			}
		}
	}
	var g errgroup.Group
	g.SetLimit(max(1, o.Parallel))
	for i := range rows {
		g.Go(func() error {
			err := previewHost(ctx, t.Name, hosts[rows[i].Host], open, o, p.Changes[rows[i].Change], &rows[i])
			if errors.Is(err, ErrProvider) {
				return err
			}
			if err != nil {
				rows[i].Error = note(err)
			}
			return nil
		})
	}
	return rows, g.Wait()
}

func previewHost(ctx context.Context, tenant string, h policy.Host, open Opener, o ScanOptions, c plan.Change, row *plan.PreviewHost) error {
	s, err := open.Open(ctx, h, Claim{})
	if err != nil {
		return err
	}
	defer s.Close()
	out, err := s.Provider.Preview(ctx, providers.ChangeRequest{Host: ref(tenant, h), At: o.At, Targets: Targets(c.Updates)}, s.Exec)
	if err != nil {
		return err
	}
	for _, a := range out.Actions {
		if err := checkAction(a); err != nil {
			return err
		}
		row.Actions = append(row.Actions, plan.Action{Op: string(a.Op), Name: a.Name, From: a.From, To: a.To})
	}
	row.Held, row.Restarts = lines(out.Held), lines(out.Restarts)
	row.DownloadBytes = max(0, out.DownloadBytes)
	row.Reboot = plan.Reboot{Required: out.Reboot.Required, Why: untrusted.Line(out.Reboot.Why, maxText)}
	return nil
}

func checkAction(a providers.Action) error {
	version := a.To
	if a.Op == providers.Remove {
		version = a.From
	}
	return checkPackage(a.Name, version)
}
