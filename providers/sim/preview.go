package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/providers"
)

// Preview implements providers.Provider.
func (p *Provider) Preview(ctx context.Context, r providers.ChangeRequest, _ providers.Exec) (providers.Preview, error) {
	m, f, err := p.look(r.Host, "preview", r.At)
	if err != nil {
		return providers.Preview{}, err
	}
	if err := p.suffer(ctx, f, m.key); err != nil {
		return providers.Preview{}, err
	}
	var held []string
	free := slices.DeleteFunc(slices.Clone(r.Targets), func(t providers.Target) bool {
		if slices.Contains(m.Held, t.Name) {
			held = append(held, t.Name)
			return true
		}
		return false
	})
	steps, err := m.resolve(free, r.At)
	if err != nil {
		return providers.Preview{}, fmt.Errorf("%s: %w", m.key, err)
	}
	slices.Sort(held)
	preview := providers.Preview{Actions: actionsOf(steps), Held: held, Reboot: rebootNeed(steps)}
	for _, s := range steps {
		preview.DownloadBytes += s.update.Size
		preview.Restarts = append(preview.Restarts, s.update.Restarts...)
	}
	slices.Sort(preview.Restarts)
	preview.Restarts = slices.Compact(preview.Restarts)
	if f != nil && f.Kind == garbage {
		preview.Actions = append(preview.Actions, providers.Action{Op: "splendid", Name: "\x1b[2J"})
	}
	return preview, nil
}

// step is one operation that a change needs.
type step struct {
	providers.Action
	update *update
}

// resolve does what a package manager's resolver does: exact versions, nothing held, and every dependency.
func (m machine) resolve(targets []providers.Target, at time.Time) ([]step, error) {
	r := resolution{machine: m, at: at, chosen: map[string]step{}}
	var errs []error
	for _, t := range targets {
		errs = append(errs, r.target(t))
	}
	steps := make([]step, 0, len(r.chosen))
	for _, s := range r.chosen {
		steps = append(steps, s)
	}
	slices.SortFunc(steps, func(a, b step) int { return strings.Compare(a.Name, b.Name) })
	return steps, errors.Join(errs...)
}

type resolution struct {
	machine
	at     time.Time
	chosen map[string]step
}

func (r *resolution) target(t providers.Target) error {
	have := r.version(t.Name)
	if before, broken := r.state.Half[t.Name]; broken {
		have = before
	}
	switch {
	case have == "":
		return fmt.Errorf("%s is not installed", t.Name)
	case have == t.To:
		return nil
	case have != t.From:
		return fmt.Errorf("%s is at %s, not at %s", t.Name, have, t.From)
	case slices.Contains(r.Held, t.Name):
		return fmt.Errorf("%s is held", t.Name)
	case compareVersions(t.To, have) < 0:
		return fmt.Errorf("%s %s is older than %s", t.Name, t.To, have)
	}
	for _, u := range r.mirror.offers(r.host, t.Name, r.at) {
		if u.Version == t.To && (t.Arch == "" || t.Arch == u.Arch) {
			return r.choose(step{providers.Action{Op: providers.Upgrade, Name: t.Name, Arch: u.Arch, From: have, To: t.To}, u})
		}
	}
	return fmt.Errorf("the mirror has no %s %s", t.Name, t.To)
}

func (r *resolution) choose(s step) error {
	r.chosen[s.Name] = s
	for _, name := range s.update.Depends {
		_, chosen := r.chosen[name]
		if chosen || r.version(name) != "" {
			continue
		}
		offers := r.mirror.offers(r.host, name, r.at)
		if len(offers) == 0 {
			return fmt.Errorf("%s depends on %s, which the mirror does not have", s.Name, name)
		}
		u := offers[len(offers)-1]
		err := r.choose(step{providers.Action{Op: providers.Install, Name: name, Arch: u.Arch, To: u.Version}, u})
		if err != nil {
			return err
		}
	}
	return nil
}

func actionsOf(steps []step) []providers.Action {
	var out []providers.Action
	for _, s := range steps {
		out = append(out, s.Action)
	}
	slices.SortStableFunc(out, func(a, b providers.Action) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Arch, b.Arch))
	})
	return out
}

func rebootNeed(steps []step) providers.RebootNeed {
	var why []string
	for _, s := range steps {
		if s.update.Reboot == "yes" {
			why = append(why, s.Name)
		}
	}
	return providers.RebootNeed{Required: len(why) > 0, Why: strings.Join(why, ", ")}
}
