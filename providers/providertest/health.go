package providertest

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/ringfence/ringfence/providers"
)

// healthRepeats: a host that is well is not called failing, before a change and after it; names tell the checks apart; and
// who cannot be asked is not called well.
func healthRepeats(s *subject) {
	examiner, ok := s.Provider.(providers.Examiner)
	if !ok {
		s.Skip("this provider knows nothing of health")
	}
	before := s.scan(s.Missing)
	first, second := s.health(examiner, s.Missing), s.health(examiner, s.Missing)
	if !reflect.DeepEqual(first, second) {
		s.Errorf("two answers differ:\n%+v\n%+v", first, second)
	}
	if len(first) == 0 {
		s.Skip("this provider knows nothing of health")
	}
	s.same(s.Missing, before)
	s.apply(s.change(s.Missing, target(before.Missing[0])))
	for _, checks := range [][]providers.Check{first, s.health(examiner, s.Missing)} {
		s.sensible(checks)
	}
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if got, err := examiner.Health(ctx, s.ofHealth(s.Missing), s.on(s.Missing, false)); err == nil && well(got) {
		s.Errorf("a cancelled call found the host well: %+v", got)
	}
	if s.Unreachable.Name != "" {
		got, err := examiner.Health(s.Context(), s.ofHealth(s.Unreachable), s.on(s.Unreachable, false))
		if s.World.Exec != nil && !errors.Is(err, providers.ErrUnreachable) {
			s.Errorf("of a host that cannot be reached: %+v, %v", got, err)
		}
	}
}

func (s *subject) ofHealth(host providers.HostRef) providers.HealthRequest {
	return providers.HealthRequest{Host: host, At: s.At}
}

func (s *subject) health(examiner providers.Examiner, host providers.HostRef) []providers.Check {
	s.Helper()
	checks, err := examiner.Health(s.Context(), s.ofHealth(host), s.on(host, false))
	if err != nil {
		s.Fatalf("health of %s: %v", host.Name, err)
	}
	return checks
}

func (s *subject) sensible(checks []providers.Check) {
	s.Helper()
	states := []providers.CheckState{providers.CheckOK, providers.CheckFailing, providers.CheckUnknown}
	for i, c := range checks {
		if c.Name == "" || !slices.Contains(states, c.State) {
			s.Errorf("a check is incomplete: %+v", c)
		}
		if c.State == providers.CheckFailing {
			s.Errorf("nothing is wrong with the host, and yet: %+v", c)
		}
		if slices.ContainsFunc(checks[:i], func(o providers.Check) bool { return o.Name == c.Name }) {
			s.Errorf("there are two checks %q", c.Name)
		}
	}
}

func well(checks []providers.Check) bool {
	return len(checks) > 0 && !slices.ContainsFunc(checks, func(c providers.Check) bool { return c.State != providers.CheckOK })
}
