package sim

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/providers"
)

// Scan implements providers.Provider.
func (p *Provider) Scan(ctx context.Context, r providers.ScanRequest, _ providers.Exec) (providers.HostScan, error) {
	m, f, err := p.look(r.Host, "scan", r.At)
	if err != nil {
		return providers.HostScan{}, err
	}
	if err := p.suffer(ctx, f, m.key); err != nil {
		return providers.HostScan{}, err
	}
	scan := m.scan(r.At)
	if f != nil && f.Kind == garbage {
		scan.Missing = append(scan.Missing, providers.Missing{Update: providers.Update{Name: "\x1b[2J", Class: "splendid"}})
	}
	return scan, nil
}

// look returns the host as it is now and the fault of this call.
func (p *Provider) look(ref providers.HostRef, verb string, at time.Time) (machine, *fault, error) {
	h, key, err := p.find(ref)
	if err != nil {
		return machine{}, nil, err
	}
	var found *fault
	m := machine{host: h, key: key, mirror: p.fleet.mirror, state: &hostState{}}
	err = p.store.update(func(s *state) (counted bool) {
		found, counted = p.fleet.strike(s, verb, ref, at)
		if known := s.Hosts[key]; known != nil {
			m.state = known
		}
		return counted
	})
	return m, found, err
}

// suffer is what the faults do that strike before anything happens.
func (p *Provider) suffer(ctx context.Context, f *fault, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f == nil {
		return nil
	}
	switch f.Kind {
	case unreachable:
		return fmt.Errorf("%w: %s does not answer", providers.ErrUnreachable, key)
	case hang:
		<-ctx.Done()
		return ctx.Err()
	case crashPlugin:
		p.Exit(3)
		return fmt.Errorf("%s crashes the provider", key) // where Exit returns
	}
	return nil
}

func (m machine) scan(at time.Time) providers.HostScan {
	scan := providers.HostScan{
		OS: m.OS, BootID: m.bootID(), Kernel: m.kernel(),
		RebootPending: len(m.state.Pending) > 0, RebootWhy: m.state.Pending,
		Held: slices.Sorted(slices.Values(m.Held)),
	}
	for _, name := range m.packages() {
		version := m.version(name)
		before, broken := m.state.Half[name]
		if broken {
			scan.Notes = append(scan.Notes, name+" "+version+" is half-configured")
			version = before
		} else {
			scan.Installed = append(scan.Installed, providers.Package{Name: name, Arch: m.mirror.arch(m.host, name), Version: version})
		}
		if missing := m.missing(name, version, at); missing != nil {
			scan.Missing = append(scan.Missing, *missing)
		}
	}
	return scan
}

func (m machine) missing(name, version string, at time.Time) *providers.Missing {
	offers := m.mirror.offers(m.host, name, at)
	if len(offers) == 0 || compareVersions(offers[len(offers)-1].Version, version) <= 0 {
		return nil
	}
	return &providers.Missing{Update: describe(offers), From: version, Held: slices.Contains(m.Held, name)}
}

// packages returns the names of all that is installed, sorted.
func (m machine) packages() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(m.Installed)), maps.Keys(m.state.Installed))
	slices.Sort(names)
	return slices.Compact(names)
}

// version returns the version of an installed package; empty when it is not installed.
func (m machine) version(name string) string {
	if v := m.state.Installed[name]; v != "" {
		return v
	}
	return m.Installed[name]
}

// bootID has the form of the kernel's and changes with every boot.
func (m machine) bootID() string {
	sum := sha256.Sum256([]byte(m.key + "#" + strconv.Itoa(m.state.Boots)))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// kernel is the one that was newest when the host booted.
func (m machine) kernel() string {
	if m.state.Kernel != "" {
		return m.state.Kernel
	}
	return kernelOf(m.Installed)
}

func kernelOf(installed map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(installed)) {
		if strings.HasPrefix(name, "linux-image") {
			return installed[name]
		}
	}
	return ""
}
