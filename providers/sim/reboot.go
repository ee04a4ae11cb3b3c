package sim

import (
	"context"

	"github.com/ringfence/ringfence/providers"
)

// Reboot implements providers.Rebooter. The host is back at once, with a new boot id.
func (p *Provider) Reboot(ctx context.Context, ref providers.HostRef, _ providers.Exec) error {
	h, key, err := p.find(ref)
	if err != nil {
		return err
	}
	var f *fault
	err = p.store.update(func(s *state) bool {
		m := machine{host: h, key: key, mirror: p.fleet.mirror, state: s.host(key)}
		f, _ = p.fleet.strike(s, "reboot", ref, m.state.LastAt)
		if f == nil {
			m.boot()
		}
		return true
	})
	if err != nil {
		return err
	}
	return p.suffer(ctx, f, key)
}

func (m machine) boot() {
	installed := map[string]string{}
	for _, name := range m.packages() {
		installed[name] = m.version(name)
	}
	m.state.Boots++
	m.state.Kernel = kernelOf(installed)
	m.state.Pending = nil
}
