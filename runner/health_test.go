package runner

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner/ledger"
)

// patient is a fake host that says how it is: by turns before a change, after it, and after a reboot.
type patient struct {
	fakeHost
	says []any // []providers.Check or error
}

func (p *patient) Open(ctx context.Context, h policy.Host, claim Claim) (Session, error) {
	s, err := fakeFleet{h.Name: &p.fakeHost}.Open(ctx, h, claim)
	s.Provider = examined{s.Provider, p}
	return s, err
}

type examined struct {
	providers.Provider
	p *patient
}

func (e examined) Reboot(ctx context.Context, h providers.HostRef, x providers.Exec) error {
	return e.Provider.(providers.Rebooter).Reboot(ctx, h, x)
}

func (e examined) Health(context.Context, providers.HealthRequest, providers.Exec) ([]providers.Check, error) {
	says := e.p.says[0]
	if e.p.says = e.p.says[1:]; len(e.p.says) == 0 {
		e.p.says = []any{says}
	}
	if err, bad := says.(error); bad {
		return nil, err
	}
	return says.([]providers.Check), nil
}

func failingChecks(names ...string) []providers.Check {
	out := []providers.Check{{Name: "dpkg", State: providers.CheckOK}}
	for _, n := range names {
		out = append(out, providers.Check{Name: n, State: providers.CheckFailing, Detail: "it failed"})
	}
	return out
}

func sick(name string, checks ...string) *inventory.Snapshot {
	h := inventory.Host{Name: name, State: inventory.Scanned, Health: inventory.HealthOK}
	for _, c := range checks {
		h.Health, h.Checks = inventory.HealthFailing, append(h.Checks, inventory.Check{Name: c, State: inventory.HealthFailing})
	}
	return &inventory.Snapshot{Hosts: []inventory.Host{h}}
}

func unsure(name string) *inventory.Snapshot {
	s := sick(name)
	s.Hosts[0].Health = inventory.HealthUnknown
	return s
}

// TestAChangeMustLeaveItsHostWell: what fails since the change makes it a failure; what failed before does not.
func TestAChangeMustLeaveItsHostWell(t *testing.T) {
	mute, broken := []providers.Check{}, errors.New("no answer")
	for name, c := range map[string]struct {
		says     []any
		snapshot *inventory.Snapshot
		reboot   bool
		fell     []string
	}{
		"well":                            {says: []any{failingChecks(), failingChecks()}},
		"a unit fails since":              {says: []any{failingChecks(), failingChecks("unit a")}, fell: []string{"unit a"}},
		"it failed before":                {says: []any{failingChecks("unit a"), failingChecks("unit a")}},
		"another fails since":             {says: []any{failingChecks("unit a"), failingChecks("unit a", "unit b")}, fell: []string{"unit b"}},
		"it got well":                     {says: []any{failingChecks("unit a"), failingChecks()}},
		"it failed when it was scanned":   {says: []any{failingChecks(), failingChecks("unit a")}, snapshot: sick("h", "unit a"), fell: []string{"unit a"}},
		"nobody says":                     {says: []any{mute, mute}},
		"nobody said before":              {says: []any{mute, failingChecks("unit a")}},
		"no answer before":                {says: []any{broken, failingChecks("unit a", "unit b")}, snapshot: sick("h", "unit a"), fell: []string{"unit b"}},
		"no answer before, and no scan":   {says: []any{broken, failingChecks("unit a")}},
		"no answer after":                 {says: []any{failingChecks(), broken}},
		"an unknown check after":          {says: []any{failingChecks(), []providers.Check{{Name: "units", State: providers.CheckUnknown}}}},
		"well before and after the boot":  {says: []any{failingChecks(), failingChecks(), failingChecks()}, reboot: true},
		"a unit fails since the boot":     {says: []any{failingChecks(), failingChecks(), failingChecks("unit a")}, reboot: true, fell: []string{"unit a"}},
		"the boot makes it well again":    {says: []any{failingChecks("unit a"), failingChecks("unit a"), failingChecks()}, reboot: true},
		"it fell before the boot already": {says: []any{failingChecks(), failingChecks("unit a"), failingChecks()}, reboot: true, fell: []string{"unit a"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &patient{says: c.says, fakeHost: fakeHost{version: "1", apply: done}}
			rule := policy.RebootNever
			if c.reboot {
				rule = policy.RebootIfRequired
				p.apply = func(h *fakeHost) (providers.Result, error) { h.pending = true; return done(h) }
				p.reboot = func(h *fakeHost) error { h.boot++; h.pending = false; return nil }
			}
			out, rec := runOn(t, fakeFleet{"h": &p.fakeHost}, rule, func(in *Input) { in.Opener, in.Snapshot = p, c.snapshot })
			a := rec.outcomes["h apply"]
			if status := map[bool]ledger.Status{true: ledger.Succeeded, false: ledger.Failed}[c.fell == nil]; a.Status != status || a.HostState != "done" {
				t.Errorf("%s, %s: %s", a.Status, a.HostState, a.Reason)
			}
			if !slices.Equal(a.Unhealthy, c.fell) || c.fell != nil && !strings.Contains(a.Reason, c.fell[0]+": it failed") {
				t.Errorf("%q, expected %q: %s", a.Unhealthy, c.fell, a.Reason)
			}
			if n := out.Count(ledger.VerbApply, ledger.Failed); n != map[bool]int{true: 1, false: 0}[c.fell != nil] {
				t.Errorf("%d failed", n)
			}
		})
	}
}

func TestAHostThatFellStopsItsRing(t *testing.T) {
	p := &patient{says: []any{failingChecks(), failingChecks("unit a")}, fakeHost: fakeHost{version: "1", apply: done}}
	out, _ := runOn(t, fakeFleet{"h": &p.fakeHost}, policy.RebootNever, func(in *Input) { in.Opener, in.Policy.Rings[0].StopAtFailures = p, 1 })
	if !slices.Equal(out.Stopped, []string{"r"}) {
		t.Errorf("stopped %v", out.Stopped)
	}
}

func TestDoubtThatLeftItsHostUnwellFailed(t *testing.T) {
	doubt := []plan.InDoubt{{ID: "1", Host: "h", Ring: "r", Updates: []string{xPURL}}}
	scan := &providers.HostScan{Installed: []providers.Package{{Name: "x", Arch: "amd64", Version: "2"}}}
	reading := Reading{Host: "h", Scan: scan, Health: neutral(failingChecks("unit a"))}
	for name, c := range map[string]struct {
		prev *inventory.Snapshot
		want ledger.Status
	}{
		"well before": {sick("h"), ledger.Failed}, "ill before": {sick("h", "unit a"), ledger.Succeeded},
		"never scanned": {nil, ledger.Succeeded}, "not known before": {unsure("h"), ledger.Succeeded}, "new": {sick("other"), ledger.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			got := SettleDoubt(&policy.Tenant{}, doubt, nil, []Reading{reading}, c.prev, noon)
			if got[0].Status != c.want || (got[0].Unhealthy != nil) != (c.want == ledger.Failed) {
				t.Errorf("%+v", got[0])
			}
		})
	}
}

// TestWhatHostsSayOfThemselvesIsBounded, and a state that there is not is no health.
func TestWhatHostsSayOfThemselvesIsBounded(t *testing.T) {
	got := neutral([]providers.Check{
		{Name: "ok", State: providers.CheckOK},
		{Name: "odd", State: "splendid"},
		{Name: "twice", State: providers.CheckOK},
		{Name: "\x1b[2Jred", State: providers.CheckFailing, Detail: "a\nb"},
		{Name: "twice", State: providers.CheckFailing},
	})
	want := []inventory.Check{
		{Name: "twice", State: inventory.HealthFailing},
		{Name: "\ufffd[2Jred", State: inventory.HealthFailing, Detail: "a b"},
		{Name: "odd", State: inventory.HealthUnknown},
		{Name: "ok", State: inventory.HealthOK},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	many := make([]providers.Check, 5000)
	for i := range many {
		many[i] = providers.Check{Name: strings.Repeat("x", i+1), State: providers.CheckOK}
	}
	many[4999].State = providers.CheckFailing
	if got := neutral(many); len(got) > maxChecks || got[0].State != inventory.HealthFailing {
		t.Errorf("%d checks, the first %+v", len(got), got[0])
	}
	if health, bad := healthOf(nil); health != "" || bad != nil {
		t.Errorf("nobody says, and it is %q", health)
	}
	if health, bad := healthOf(want); health != inventory.HealthFailing || len(bad) != 3 {
		t.Errorf("%s, %+v", health, bad)
	}
}
