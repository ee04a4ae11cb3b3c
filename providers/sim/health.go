package sim

import (
	"context"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/providers"
)

// Health implements providers.Examiner: what is half-configured, and what the faults unhealthy and mute say.
func (p *Provider) Health(ctx context.Context, r providers.HealthRequest, _ providers.Exec) ([]providers.Check, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h, key, err := p.find(r.Host)
	if err != nil {
		return nil, err
	}
	m := machine{host: h, key: key, mirror: p.fleet.mirror, state: &hostState{}}
	err = p.store.update(func(s *state) (changed bool) {
		if known := s.Hosts[key]; known != nil {
			m.state = known
		}
		return false
	})
	if err != nil {
		return nil, err
	}
	return m.health(p.fleet.faults, r), nil
}

func (m machine) health(faults []*fault, r providers.HealthRequest) []providers.Check {
	packages := providers.Check{Name: "packages", State: providers.CheckOK}
	for _, name := range m.packages() {
		if _, broken := m.state.Half[name]; broken {
			packages.State, packages.Detail = providers.CheckFailing, strings.TrimPrefix(packages.Detail+", "+name+" is half-configured", ", ")
		}
	}
	out := []providers.Check{packages}
	for _, f := range faults {
		switch {
		case !f.hits(r.Host) || !f.at("health") || !f.in(r.At):
		case f.Kind == mute:
			return nil
		case f.Package == "" || m.changed(f.Package):
			unit := "unit app.service"
			if f.Package != "" {
				unit = "unit " + f.Package + ".service"
			}
			out = append(out, providers.Check{Name: unit, State: providers.CheckFailing, Detail: "it failed"})
		}
	}
	slices.SortFunc(out, func(a, b providers.Check) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(out, func(a, b providers.Check) bool { return a.Name == b.Name })
}

// changed reports whether anything was ever done with a package on the host.
func (m machine) changed(name string) bool {
	return slices.ContainsFunc(m.state.Changes, func(c change) bool { return c.Name == name })
}
