package sim

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/providers"
)

func healthOf(t *testing.T, faults string) (health func() []providers.Check, apply func(name string) providers.Result) {
	t.Helper()
	fleet, err := parseFleet([]byte("updates:\n- {name: curl, version: 2-1}\n- {name: zlib, version: 2-1}\n" +
		"hosts: [{name: web, installed: {curl: 1-1, zlib: 1-1}}]\nfaults:\n" + faults))
	if err != nil {
		t.Fatal(err)
	}
	p := New()
	p.fleet, p.store = fleet, newStore(filepath.Join(t.TempDir(), "state.json"))
	ref, at := providers.HostRef{Name: "web"}, time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	health = func() []providers.Check {
		got, err := p.Health(t.Context(), providers.HealthRequest{Host: ref, At: at}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	apply = func(name string) providers.Result {
		r := providers.ChangeRequest{ActionID: name, Host: ref, At: at, Targets: []providers.Target{{Name: name, Arch: "amd64", From: "1-1", To: "2-1"}}}
		got, err := p.Apply(t.Context(), r, nil)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	return health, apply
}

func TestHealth(t *testing.T) {
	ok, failing := providers.CheckOK, providers.CheckFailing
	well := []providers.Check{{Name: "packages", State: ok}}
	for name, c := range map[string]struct {
		faults        string
		before, after []providers.Check // a change of curl
	}{
		"well":        {"", well, well},
		"sick":        {"- {host: web, kind: unhealthy}", append(well[:1:1], providers.Check{Name: "unit app.service", State: failing, Detail: "it failed"}), append(well[:1:1], providers.Check{Name: "unit app.service", State: failing, Detail: "it failed"})},
		"by a change": {"- {host: web, kind: unhealthy, package: curl}", well, append(well[:1:1], providers.Check{Name: "unit curl.service", State: failing, Detail: "it failed"})},
		"by another":  {"- {host: web, kind: unhealthy, package: zlib}", well, well},
		"not yet":     {"- {host: web, kind: unhealthy, from: 2026-11-21T00:00:00Z}", well, well},
		"mute":        {"- {host: web, kind: unhealthy}\n- {host: web, kind: mute}", nil, nil},
		"broken":      {"- {host: web, kind: fail-install}", well, []providers.Check{{Name: "packages", State: failing, Detail: "curl is half-configured"}}},
	} {
		t.Run(name, func(t *testing.T) {
			health, apply := healthOf(t, c.faults)
			if d := cmp.Diff(c.before, health()); d != "" {
				t.Errorf("before (-want +got)\n%s", d)
			}
			apply("curl")
			if d := cmp.Diff(c.after, health()); d != "" {
				t.Errorf("after (-want +got)\n%s", d)
			}
		})
	}
}
