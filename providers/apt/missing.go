package apt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/providers"
)

// candidate is a newer version of an installed package.
type candidate struct {
	name, arch, from, to string
	held                 bool
}

// missing asks the resolver for everything that has a newer version. Holds are ignored: what is held is missing too.
func (s *scanner) missing(ctx context.Context) error {
	sim, err := s.simulate(ctx, cmdSimulate)
	if err != nil {
		return err
	}
	all, err := s.candidates(ctx, sim)
	if err != nil {
		return err
	}
	versions, err := s.versions(ctx, all)
	if err != nil {
		return err
	}
	for _, c := range all {
		s.out.Missing = append(s.out.Missing, s.describe(c, versions[plain(c.name)]))
	}
	slices.SortFunc(s.out.Missing, func(a, b providers.Missing) int { return strings.Compare(a.Update.PURL, b.Update.PURL) })
	return nil
}

func (s *scanner) simulate(ctx context.Context, command string) (simulation, error) {
	text, err := read(ctx, s.x, command, nil)
	if err != nil {
		return simulation{}, err
	}
	sim, err := parseSimulation(text)
	if err != nil {
		return simulation{}, fmt.Errorf("apt: %s: %w", command, err)
	}
	if len(sim.kept) != sim.notUpgraded {
		return simulation{}, fmt.Errorf("apt: %s: %d packages are not upgraded, but %d are named", command, sim.notUpgraded, len(sim.kept))
	}
	return sim, nil
}

// candidates are what the simulation upgrades, what it would remove although there is a newer version, what it keeps
// back, and what dpkg left unfinished.
func (s *scanner) candidates(ctx context.Context, sim simulation) ([]candidate, error) {
	upgraded, err := s.upgraded(sim)
	if err != nil {
		return nil, err
	}
	removed, err := s.removed(ctx, sim)
	if err != nil {
		return nil, err
	}
	held, err := s.keptBack(ctx, sim)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(upgraded, removed, held)
	if len(s.state.problems()) > 0 {
		for i := range all {
			all[i].held = true
		}
	}
	return s.unfinished(all), nil
}

func (s *scanner) upgraded(sim simulation) ([]candidate, error) {
	var out []candidate
	for _, c := range sim.changes {
		switch c.op {
		case providers.Install: // a dependency of an upgrade; Preview names it
		case providers.Remove:
			s.note("upgrading everything would remove %s", c.name)
		case providers.Downgrade:
			s.note("apt preferences would take %s back from %s to %s", c.name, c.from, c.to)
		case providers.Upgrade:
			p, ok := s.state.db.pkgs[c.name]
			if !ok || p.version != c.from {
				return nil, changedMeanwhile(c.name)
			}
			out = append(out, candidate{c.name, c.arch, c.from, c.to, p.held})
		}
	}
	return out, nil
}

// removed finds the newer versions of packages that the simulation would rather remove. The plain "upgrade" removes
// nothing, so there they are upgraded or kept back.
func (s *scanner) removed(ctx context.Context, sim simulation) ([]candidate, error) {
	gone := map[string]bool{}
	for _, c := range sim.changes {
		gone[c.name] = c.op == providers.Remove
	}
	if !slices.ContainsFunc(sim.changes, func(c change) bool { return gone[c.name] }) {
		return nil, nil
	}
	upgrade, err := s.simulate(ctx, cmdSimulateUpgrade)
	if err != nil {
		return nil, err
	}
	newer := upgrade.kept
	for _, c := range upgrade.changes {
		newer = append(newer, kept{c.name, c.from, c.to})
	}
	var out []candidate
	for _, k := range newer {
		if p, ok := s.state.db.pkgs[k.name]; ok && gone[k.name] {
			out = append(out, candidate{k.name, p.arch, k.from, k.to, p.held})
		}
	}
	return out, nil
}

// unfinished adds the packages that dpkg left at a version without having configured it: apt takes that version for
// installed.
func (s *scanner) unfinished(all []candidate) []candidate {
	for _, name := range s.state.db.names(func(p pkg) bool { return p.unfinished != "" }) {
		if !slices.ContainsFunc(all, func(c candidate) bool { return c.name == name }) {
			p := s.state.db.pkgs[name]
			all = append(all, candidate{name, p.arch, p.configured, p.version, true})
		}
	}
	return all
}

func changedMeanwhile(name string) error {
	return fmt.Errorf("apt: %s changed while the host was scanned", name)
}

// keptBack tells phased updates, which this host is not offered yet and which are not missing, from those that cannot
// be installed: they are missing, and held since no plan can install them.
func (s *scanner) keptBack(ctx context.Context, sim simulation) ([]candidate, error) {
	if len(sim.kept) == 0 {
		return nil, nil
	}
	all, err := s.simulate(ctx, cmdSimulatePhased)
	if err != nil {
		return nil, err
	}
	var out []candidate
	for _, k := range sim.kept {
		if slices.ContainsFunc(all.changes, func(c change) bool { return c.name == k.name && c.to == k.to }) {
			s.note("phased: %s %s is not offered to this host yet", k.name, k.to)
			continue
		}
		p, ok := s.state.db.pkgs[k.name]
		if !ok {
			return nil, changedMeanwhile(k.name)
		}
		s.note("apt keeps %s back: %s cannot be installed together with the rest", k.name, k.to)
		out = append(out, candidate{k.name, p.arch, k.from, k.to, true})
	}
	return out, nil
}
