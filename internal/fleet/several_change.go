package fleet

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner"
)

// part is what one provider has to do of a change.
type part struct {
	*member
	request providers.ChangeRequest
}

// split gives each target to the provider that lists it, and returns those that none does. What is not known from an
// earlier scan is scanned for.
func (s *several) split(ctx context.Context, r providers.ChangeRequest) (parts []part, rest []providers.Target) {
	if slices.ContainsFunc(r.Targets, func(t providers.Target) bool { return s.owners.owner(s.set, t.PURL) == "" }) {
		return s.divide(r, s.listed(ctx, r))
	}
	return s.divide(r, func(m *member, t providers.Target) bool { return s.owners.owner(s.set, t.PURL) == m.name })
}

// listed asks this host's providers: who lists the update, else who has the package, since one that is installed already
// is missing no more. A provider that does not answer has nothing, so its targets stay where they are.
func (s *several) listed(ctx context.Context, r providers.ChangeRequest) func(*member, providers.Target) bool {
	purls, packages := map[string]string{}, map[string]string{}
	for _, m := range s.members {
		scan, err := m.way.Scan(ctx, providers.ScanRequest{Host: r.Host, At: r.At}, m.reads)
		if err != nil {
			continue
		}
		s.owners.learn(s.set, m.name, scan.Missing)
		for _, x := range scan.Missing {
			purls[x.Update.PURL] = cmp.Or(purls[x.Update.PURL], m.name)
		}
		for _, x := range scan.Installed {
			packages[x.Name+"/"+x.Arch] = cmp.Or(packages[x.Name+"/"+x.Arch], m.name)
		}
	}
	return func(m *member, t providers.Target) bool {
		return cmp.Or(purls[t.PURL], packages[t.Name+"/"+t.Arch]) == m.name
	}
}

func (s *several) divide(r providers.ChangeRequest, owns func(*member, providers.Target) bool) (parts []part, rest []providers.Target) {
	rest = slices.Clone(r.Targets)
	for _, m := range s.members {
		p := part{member: m, request: r}
		p.request.Targets = nil
		rest = slices.DeleteFunc(rest, func(t providers.Target) bool {
			if owns(m, t) {
				p.request.Targets = append(p.request.Targets, t)
				return true
			}
			return false
		})
		if len(p.request.Targets) > 0 {
			parts = append(parts, p)
		}
	}
	return parts, rest
}

// Preview joins what the providers would do.
func (s *several) Preview(ctx context.Context, r providers.ChangeRequest, _ providers.Exec) (providers.Preview, error) {
	parts, rest := s.split(ctx, r)
	if len(rest) > 0 {
		return providers.Preview{}, nobody(rest)
	}
	var out providers.Preview
	for _, p := range parts {
		one, err := p.way.Preview(ctx, p.request, p.reads)
		if err != nil {
			return providers.Preview{}, err
		}
		out.Actions = append(out.Actions, one.Actions...)
		out.Held, out.Restarts = append(out.Held, one.Held...), append(out.Restarts, one.Restarts...)
		out.DownloadBytes += max(0, one.DownloadBytes)
		if one.Reboot.Required && !out.Reboot.Required {
			out.Reboot = one.Reboot
		}
	}
	slices.SortStableFunc(out.Actions, func(a, b providers.Action) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Apply has each provider make its part of the change. A failure of one keeps none of the others from its part, but for
// one whose outcome is not known: what it began may go on and hold the host's locks.
func (s *several) Apply(ctx context.Context, r providers.ChangeRequest, _ providers.Exec) (providers.Result, error) {
	var out outcome
	var gone error
	parts, rest := s.split(ctx, r)
	for _, p := range parts {
		res, err := s.apply(ctx, p)
		if s.refused != nil || err != nil && p.began() {
			return providers.Result{}, err
		}
		if errors.Is(err, runner.ErrProvider) {
			gone = err
		}
		if err != nil {
			res = providers.Result{State: providers.Untouched, Reason: err.Error()}
		}
		out.add(p.name, res)
		if res.State == providers.InDoubt {
			return out.result(), nil
		}
	}
	if len(rest) > 0 {
		out.add("ringfence", providers.Result{State: providers.Untouched, Reason: nobody(rest).Error()})
	}
	if gone != nil && s.begun() == 0 {
		return providers.Result{}, gone
	}
	return out.result(), nil
}

// apply makes one provider's part. What the host refuses to begin is the whole action's refusal as long as nothing of it
// has begun; afterwards it is this part's.
func (s *several) apply(ctx context.Context, p part) (providers.Result, error) {
	before := s.begun()
	res, err := p.way.Apply(ctx, p.request, p.exec())
	switch no := p.denied(); {
	case no == nil:
		return res, err
	case before == 0:
		s.refused = no
		return providers.Result{}, nil
	case errors.Is(no, runner.ErrClaimed): // how that went is not known
		return providers.Result{State: providers.InDoubt, Reason: no.Error()}, nil
	default:
		return providers.Result{State: providers.Untouched, Reason: no.Error()}, nil
	}
}

// outcome adds results up: done is what all have done, untouched what none has touched.
type outcome struct {
	sum    providers.Result
	states []providers.HostState
	why    []string
}

func (o *outcome) add(name string, r providers.Result) {
	o.states = append(o.states, r.State)
	o.sum.Actions = append(o.sum.Actions, r.Actions...)
	if r.State != providers.Done {
		o.why = append(o.why, name+": "+cmp.Or(r.Reason, string(r.State)))
		o.sum.Log = append(o.sum.Log, r.Log...)
	}
	if r.Reboot.Required && !o.sum.Reboot.Required {
		o.sum.Reboot = r.Reboot
	}
}

func (o *outcome) result() providers.Result {
	o.sum.Reason = strings.Join(o.why, "; ")
	o.sum.State = providers.Partial
	switch all := func(s providers.HostState) bool {
		return !slices.ContainsFunc(o.states, func(x providers.HostState) bool { return x != s })
	}; {
	case slices.Contains(o.states, providers.InDoubt):
		o.sum.State = providers.InDoubt
	case all(providers.Done):
		o.sum.State = providers.Done
	case all(providers.Untouched):
		o.sum.State = providers.Untouched
	}
	return o.sum
}
