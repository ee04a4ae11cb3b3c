package fleet

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner"
)

// clinic is a provider that knows how its hosts are.
type clinic struct {
	providers.Provider
	checks []providers.Check
	err    error
	calls  int
}

func (c *clinic) Health(context.Context, providers.HealthRequest, providers.Exec) ([]providers.Check, error) {
	c.calls++
	return c.checks, c.err
}

func healthOf(t *testing.T, set map[string]providers.Provider) ([]providers.Check, error) {
	t.Helper()
	f := New(Config{})
	host := policy.Host{Name: "h"}
	for name, p := range set {
		host.Providers = append(host.Providers, name)
		s := &started{plugin: p, name: name, desc: providers.Description{Connection: providers.ConnectNone}}
		f.running[name] = func() (*started, error) { return s, nil }
	}
	s, err := f.Open(t.Context(), host, runner.Claim{})
	if err != nil {
		t.Fatal(err)
	}
	return s.Provider.(providers.Examiner).Health(t.Context(), providers.HealthRequest{}, nil)
}

// TestAHostIsAsWellAsItsProvidersKnow: of several, one that says nothing leaves a check that nobody made.
func TestAHostIsAsWellAsItsProvidersKnow(t *testing.T) {
	disk := providers.Check{Name: "disk", State: providers.CheckOK}
	named := func(name string, c providers.Check) providers.Check { c.Name = name + " " + c.Name; return c }
	silent := providers.Check{Name: "health", State: providers.CheckUnknown, Detail: "the provider knows nothing of it"}
	for name, c := range map[string]struct {
		set  map[string]providers.Provider
		want []providers.Check
	}{
		"one":                {map[string]providers.Provider{"os": &clinic{checks: []providers.Check{disk}}}, []providers.Check{disk}},
		"one that is silent": {map[string]providers.Provider{"os": newShelf()}, nil},
		"two": {
			map[string]providers.Provider{"os": &clinic{checks: []providers.Check{disk}}, "defs": &clinic{checks: []providers.Check{disk}}},
			[]providers.Check{named("defs", disk), named("os", disk)},
		},
		"one of two is silent": {
			map[string]providers.Provider{"os": &clinic{checks: []providers.Check{disk}}, "defs": newShelf()},
			[]providers.Check{named("defs", silent), named("os", disk)},
		},
		"one of two has no check": {
			map[string]providers.Provider{"os": &clinic{checks: []providers.Check{disk}}, "defs": &clinic{}},
			[]providers.Check{named("defs", silent), named("os", disk)},
		},
	} {
		got, err := healthOf(t, c.set)
		if len(c.set) > 1 && len(got) == 2 && got[0].Name > got[1].Name {
			got[0], got[1] = got[1], got[0]
		}
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	broken := errors.New("no answer")
	if got, err := healthOf(t, map[string]providers.Provider{"os": &clinic{err: broken}, "defs": newShelf()}); !errors.Is(err, broken) || got != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestADeadProviderIsNotAskedForHealth, and dies of being asked as of anything else.
func TestADeadProviderIsNotAskedForHealth(t *testing.T) {
	c := &clinic{err: providers.ErrCrashed}
	p := &started{plugin: c, name: "os", desc: providers.Description{Connection: providers.ConnectNone}}
	f := New(Config{})
	f.running["os"] = func() (*started, error) { return p, nil }
	s, err := f.Open(t.Context(), policy.Host{Name: "h", Providers: []string{"os"}}, runner.Claim{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []error{providers.ErrCrashed, runner.ErrProvider} {
		if _, err := s.Provider.(providers.Examiner).Health(t.Context(), providers.HealthRequest{}, nil); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if c.calls != 1 {
		t.Errorf("%d calls", c.calls)
	}
}
