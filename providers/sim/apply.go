package sim

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/providers"
)

// Apply implements providers.Provider.
func (p *Provider) Apply(ctx context.Context, r providers.ChangeRequest, _ providers.Exec) (providers.Result, error) {
	h, key, err := p.find(r.Host)
	if err != nil {
		return providers.Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return providers.Result{}, err
	}
	var f *fault
	var result providers.Result
	err = p.store.update(func(s *state) (changed bool) {
		f, changed = p.fleet.strike(s, "apply", r.Host, r.At)
		if f != nil && (f.Kind == unreachable || f.Kind == hang) {
			return changed
		}
		m := machine{host: h, key: key, mirror: p.fleet.mirror, state: s.host(key)}
		m.state.LastAt = r.At.UTC()
		result = m.apply(r, f)
		return true
	})
	if err != nil {
		return providers.Result{}, err
	}
	if err := p.suffer(ctx, f, key); err != nil {
		return providers.Result{}, err
	}
	return result, nil
}

func (m machine) apply(r providers.ChangeRequest, f *fault) providers.Result {
	steps, err := m.resolve(r.Targets, r.At)
	if err != nil {
		return providers.Result{State: providers.Untouched, Reason: strings.ReplaceAll(err.Error(), "\n", "; ")}
	}
	if beyond := outside(steps, r); len(beyond) > 0 {
		return providers.Result{State: providers.Untouched, Reason: "it would also change " + strings.Join(beyond, ", ")}
	}
	if f == nil {
		return m.install(r, steps)
	}
	return m.goWrong(r, steps, f)
}

// outside names the steps that are neither target nor closure.
func outside(steps []step, r providers.ChangeRequest) []string {
	var beyond []string
	for _, s := range steps {
		asked := slices.ContainsFunc(r.Targets, func(t providers.Target) bool { return s.Op == providers.Upgrade && t.Name == s.Name && t.To == s.To })
		seen := slices.ContainsFunc(r.Closure, func(a providers.Action) bool {
			return a.Op == s.Op && a.Name == s.Name && a.To == s.To && (a.Arch == "" || a.Arch == s.Arch)
		})
		if !asked && !seen {
			beyond = append(beyond, fmt.Sprintf("%s %s (%s)", s.Name, s.To, s.Op))
		}
	}
	return beyond
}

func (m machine) install(r providers.ChangeRequest, steps []step) providers.Result {
	var log strings.Builder
	for _, s := range steps {
		m.put(r, s)
		fmt.Fprintf(&log, "Setting up %s (%s) ...\n", s.Name, s.To)
	}
	return providers.Result{
		State: providers.Done, Actions: actionsOf(steps), Log: []byte(log.String()), Reboot: rebootNeed(steps),
	}
}

// put makes one step true on the host.
func (m machine) put(r providers.ChangeRequest, s step) {
	m.state.Installed[s.Name] = s.To
	delete(m.state.Half, s.Name)
	m.state.Changes = append(m.state.Changes, change{
		Action: r.ActionID, At: r.At.UTC(), Op: string(s.Op), Name: s.Name, From: s.From, To: s.To,
	})
	if s.update.Reboot == "yes" && !slices.Contains(m.state.Pending, s.Name) {
		m.state.Pending = append(m.state.Pending, s.Name)
		slices.Sort(m.state.Pending)
	}
}

// goWrong installs as far as the fault lets it.
func (m machine) goWrong(r providers.ChangeRequest, steps []step, f *fault) providers.Result {
	switch f.Kind {
	case failInstall:
		return m.failInstall(r, steps, f)
	case partial:
		result := m.install(r, steps[:len(steps)/2])
		result.State, result.Reason = providers.Partial, "the connection broke in the middle of the change"
		return result
	case crashPlugin:
		return m.install(r, steps[:min(1, len(steps))]) // nobody will see this answer
	case lieDone:
		return providers.Result{State: providers.Done, Actions: actionsOf(steps)}
	case extraPackage:
		return m.install(r, append(slices.Clone(steps), m.extra(f)))
	case inDoubt:
		m.install(r, steps)
		return providers.Result{State: providers.InDoubt, Reason: "the connection was lost while packages were installed"}
	case garbage:
		return providers.Result{State: "splendid", Reason: "\x1b[2J"}
	}
	return m.install(r, steps)
}

// failInstall stops at the fault's package, whose new files are there but whose maintainer script failed.
func (m machine) failInstall(r providers.ChangeRequest, steps []step, f *fault) providers.Result {
	i := 0
	if f.Package != "" {
		i = slices.IndexFunc(steps, func(s step) bool { return s.Name == f.Package })
	}
	if i < 0 || len(steps) == 0 {
		return m.install(r, steps) // the change does not touch the package
	}
	result, broken := m.install(r, steps[:i]), steps[i]
	m.put(r, broken)
	m.state.Half[broken.Name] = broken.From
	result.State = providers.Partial
	result.Actions = actionsOf(steps[:i+1])
	result.Reason = fmt.Sprintf("%s: the post-installation script returned exit status 1", broken.Name)
	result.Log = fmt.Appendf(result.Log, "dpkg: error processing package %s (--configure):\n"+
		" installed %s package post-installation script subprocess returned error exit status 1\n", broken.Name, broken.Name)
	return result
}

func (m machine) extra(f *fault) step {
	name := f.Package
	if name == "" {
		name = "unasked"
	}
	return step{providers.Action{Op: providers.Install, Name: name, Arch: m.Arch, To: "1.0"}, &update{}}
}
