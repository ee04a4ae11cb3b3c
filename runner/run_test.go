package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner/ledger"
)

func roundTrip(t *rapid.T, s *inventory.Snapshot) {
	var b bytes.Buffer
	if err := s.Encode(&b); err != nil {
		t.Fatal(err)
	}
	got, err := inventory.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s, got); d != "" {
		t.Fatal(d)
	}
}

// fakeHost is one host and its provider: what it has, how it answers, and whether the core told the truth about it.
type fakeHost struct {
	version  string
	boot     int
	pending  bool
	apply    func(*fakeHost) (providers.Result, error)
	reboot   func(*fakeHost) error
	open     error
	unread   bool // after apply
	started  bool
	denied   error
	rebooted int
}

type fakeProvider struct{ h *fakeHost }

func (p fakeProvider) Describe(context.Context) (providers.Description, error) {
	return providers.Description{}, nil
}

func (p fakeProvider) Scan(context.Context, providers.ScanRequest, providers.Exec) (providers.HostScan, error) {
	if p.h.unread {
		return providers.HostScan{}, errors.New("no answer")
	}
	return providers.HostScan{
		OS: "debian 12", BootID: fmt.Sprint("boot-", p.h.boot), RebootPending: p.h.pending,
		Installed: []providers.Package{{Name: "x", Arch: "amd64", Version: p.h.version}},
	}, nil
}

func (p fakeProvider) Preview(context.Context, providers.ChangeRequest, providers.Exec) (providers.Preview, error) {
	return providers.Preview{}, nil
}

func (p fakeProvider) Apply(context.Context, providers.ChangeRequest, providers.Exec) (providers.Result, error) {
	p.h.started = true
	return p.h.apply(p.h)
}

func (p fakeProvider) Reboot(context.Context, providers.HostRef, providers.Exec) error {
	p.h.rebooted++
	return p.h.reboot(p.h)
}

type fakeFleet map[string]*fakeHost

func (f fakeFleet) Open(_ context.Context, h policy.Host, _ Claim) (Session, error) {
	host := f[h.Name]
	if host.open != nil {
		return Session{}, host.open
	}
	return Session{Provider: fakeProvider{host}, Started: func() bool { return host.started }, Denied: func() error { return host.denied }, Close: func() error { return nil }}, nil
}

// tape records in order and checks that no outcome comes without its intent.
type tape struct {
	t        *testing.T
	intents  map[string]bool
	outcomes map[string]ledger.Action
	readings []Reading
	fail     error
}

func (r *tape) Intent(_ context.Context, actions []ledger.Action) error {
	for _, a := range actions {
		r.intents[a.ID] = true
	}
	return r.fail
}

func (r *tape) Outcome(_ context.Context, actions []ledger.Action, readings []Reading) error {
	for _, a := range actions {
		if a.Verb == ledger.VerbApply && !r.intents[a.ID] {
			r.t.Errorf("%s ended without an intent", a.Host)
		}
		r.outcomes[a.Host+" "+string(a.Verb)] = a
	}
	r.readings = append(r.readings, readings...)
	return nil
}

func done(h *fakeHost) (providers.Result, error) {
	h.version = "2"
	return providers.Result{State: providers.Done}, nil
}

const xPURL = "pkg:deb/debian/x@2?arch=amd64"

// runOn runs one always-open wave over the fleet.
func runOn(t *testing.T, f fakeFleet, reboot policy.Reboot, with func(*Input)) (Outcome, *tape) {
	t.Helper()
	tenant := &policy.Tenant{Name: "t", Rings: []policy.Ring{{
		Name: "r", Select: []policy.Label{{Key: "k", Value: "v"}}, MaxUnavailable: policy.Amount{Percent: 100}, StopAtFailures: 9,
	}}}
	var names []string
	for n := range f {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		tenant.Hosts = append(tenant.Hosts, policy.Host{Name: n, Providers: []string{"fake"}, Labels: []policy.Label{{Key: "k", Value: "v"}}})
	}
	p := &plan.Plan{
		Digest: "sha256:plan", Changes: []plan.Change{{Updates: []plan.ChangeUpdate{{Update: xPURL, From: "1"}}, Reboot: reboot}},
		Rings: []plan.Ring{{Ring: "r", Lane: "default", Waves: []plan.Wave{{Wave: 1, Window: "w", Opens: noon, Hosts: names}}}},
	}
	rec := &tape{t: t, intents: map[string]bool{}, outcomes: map[string]ledger.Action{}}
	in := Input{
		Policy: tenant, Site: "main", Plan: p, Opener: f, Clock: func() time.Time { return noon }, Recorder: rec, Parallel: 4,
		Reboot: Patience{First: time.Microsecond, Most: time.Microsecond, Total: 3 * time.Microsecond},
	}
	if with != nil {
		with(&in)
	}
	out, err := Run(context.Background(), in)
	if err != nil || !errors.Is(out.Trouble, rec.fail) {
		t.Fatal(err, out.Trouble)
	}
	return out, rec
}

// TestWhatCountsAsDone: the host's own answer after the fact decides, never an exit code or a provider's word.
func TestWhatCountsAsDone(t *testing.T) {
	cases := map[string]struct {
		host   fakeHost
		status ledger.Status
		state  providers.HostState
	}{
		"installed":         {fakeHost{apply: done}, ledger.Succeeded, providers.Done},
		"says done, is not": {fakeHost{apply: func(*fakeHost) (providers.Result, error) { return providers.Result{State: providers.Done}, nil }}, ledger.Failed, providers.Partial},
		"refused untouched": {fakeHost{apply: func(*fakeHost) (providers.Result, error) {
			return providers.Result{State: providers.Untouched, Reason: "held"}, nil
		}}, ledger.Failed, providers.Untouched},
		"untouched is a lie": {fakeHost{apply: func(h *fakeHost) (providers.Result, error) {
			h.version = "2"
			return providers.Result{State: providers.Untouched}, nil
		}}, ledger.Failed, providers.Partial},
		"cannot be read again":   {fakeHost{apply: func(h *fakeHost) (providers.Result, error) { h.unread = true; return done(h) }}, ledger.InDoubt, providers.InDoubt},
		"call broke after start": {fakeHost{apply: func(h *fakeHost) (providers.Result, error) { return providers.Result{}, providers.ErrLost }}, ledger.InDoubt, providers.InDoubt},
		"call broke before": {fakeHost{apply: func(h *fakeHost) (providers.Result, error) {
			h.started = false
			return providers.Result{}, errors.New("crashed")
		}}, ledger.Failed, providers.Untouched},
		"claimed before": {fakeHost{denied: ErrClaimed, apply: func(*fakeHost) (providers.Result, error) { return providers.Result{State: providers.Untouched}, nil }}, ledger.InDoubt, providers.InDoubt},
		"fenced out":     {fakeHost{denied: ErrFenced, apply: func(*fakeHost) (providers.Result, error) { return providers.Result{State: providers.Untouched}, nil }}, ledger.Skipped, providers.Untouched},
		"unreachable":    {fakeHost{open: ErrUnreachable}, ledger.Skipped, providers.Untouched},
		"wrong key":      {fakeHost{open: ErrQuarantined}, ledger.Skipped, providers.Untouched},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.host.version = "1"
			_, rec := runOn(t, fakeFleet{"h": &c.host}, policy.RebootNever, nil)
			if a := rec.outcomes["h apply"]; a.Status != c.status || a.HostState != string(c.state) {
				t.Errorf("%s, %s; expected %s, %s (%s)", a.Status, a.HostState, c.status, c.state, a.Reason)
			}
		})
	}
}

func TestReboot(t *testing.T) {
	pending := func(h *fakeHost) (providers.Result, error) { h.pending = true; return done(h) }
	back := func(h *fakeHost) error { h.boot++; h.pending = false; return nil }
	cases := map[string]struct {
		rule   policy.Reboot
		reboot func(*fakeHost) error
		times  int
		status ledger.Status
	}{
		"comes back":          {policy.RebootIfRequired, back, 1, ledger.Succeeded},
		"never by policy":     {policy.RebootNever, back, 0, ledger.Succeeded},
		"does not come back":  {policy.RebootIfRequired, func(h *fakeHost) error { h.open = ErrUnreachable; return nil }, 1, ledger.InDoubt},
		"did not boot":        {policy.RebootIfRequired, func(*fakeHost) error { return nil }, 1, ledger.InDoubt},
		"still pending after": {policy.RebootIfRequired, func(h *fakeHost) error { h.boot++; return nil }, 1, ledger.Failed},
		"lost the update":     {policy.RebootIfRequired, func(h *fakeHost) error { h.version = "1"; return back(h) }, 1, ledger.Failed},
		"refused":             {policy.RebootIfRequired, func(*fakeHost) error { return errors.New("no") }, 1, ledger.Failed},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := &fakeHost{version: "1", apply: pending, reboot: c.reboot}
			_, rec := runOn(t, fakeFleet{"h": h}, c.rule, nil)
			if a := rec.outcomes["h apply"]; a.Status != c.status || h.rebooted != c.times {
				t.Errorf("%s after %d reboots; expected %s after %d (%s)", a.Status, h.rebooted, c.status, c.times, a.Reason)
			}
		})
	}
}

func TestNothingStartsWithoutARecord(t *testing.T) {
	h := &fakeHost{version: "1", apply: done}
	runOn(t, fakeFleet{"h": h}, policy.RebootNever, func(in *Input) { in.Recorder.(*tape).fail = errors.New("disk full") })
	if h.started {
		t.Error("the host was touched although the intent could not be recorded")
	}
}

func TestClosedWindowStartsNothing(t *testing.T) {
	h := &fakeHost{version: "1", apply: done}
	runOn(t, fakeFleet{"h": h}, policy.RebootNever, func(in *Input) {
		closes := noon
		in.Plan.Rings[0].Waves[0].Closes = &closes
	})
	if h.started {
		t.Error("the host was touched outside its window")
	}
}

func TestInterruptedBeforeTheStart(t *testing.T) {
	hosts := fakeFleet{}
	for i := range 6 {
		hosts[fmt.Sprint("h", i)] = &fakeHost{version: "1"}
	}
	stop := make(chan struct{})
	hosts["h0"].apply = func(h *fakeHost) (providers.Result, error) {
		stop <- struct{}{} // the interrupt is seen while this host is being patched
		return done(h)
	}
	out, rec := runOn(t, hosts, policy.RebootNever, func(in *Input) {
		in.Policy.Rings[0].MaxUnavailable = policy.Amount{Count: 1}
		in.Stop = stop
	})
	if !out.Interrupted || out.Count(ledger.VerbApply, ledger.Skipped) != 5 || rec.outcomes["h0 apply"].Status != ledger.Succeeded || rec.outcomes["h5 apply"].Status != ledger.Skipped {
		t.Errorf("interrupted %t, %d skipped, h0 %s, h5 %s", out.Interrupted, out.Count(ledger.VerbApply, ledger.Skipped), rec.outcomes["h0 apply"].Status, rec.outcomes["h5 apply"].Status)
	}
}

func TestSettleDoubt(t *testing.T) {
	y := "pkg:deb/debian/y@2?arch=amd64"
	doubt := []plan.InDoubt{{ID: "1", Host: "a", Updates: []string{xPURL, y}}, {ID: "2", Host: "gone", Updates: []string{xPURL}}}
	for installed, want := range map[string]ledger.Action{
		"x y": {Status: ledger.Succeeded, HostState: "done"}, "x": {Status: ledger.Failed, HostState: "partial"}, "": {Status: ledger.Failed, HostState: "untouched"},
	} {
		var scan providers.HostScan
		for _, n := range []string{"x", "y"} {
			if bytes.Contains([]byte(installed), []byte(n)) {
				scan.Installed = append(scan.Installed, providers.Package{Name: n, Arch: "amd64", Version: "2"})
			}
		}
		got := SettleDoubt(&policy.Tenant{}, doubt, nil, []Reading{scanned("a", scan), {Host: "gone", Err: ErrUnreachable}}, nil, noon)
		if len(got) != 1 || got[0].ID != "1" || got[0].Status != want.Status || got[0].HostState != want.HostState {
			t.Errorf("with %q: %+v", installed, got)
		}
	}
}

func FuzzValidate(f *testing.F) {
	f.Add("libc6", "2.36-9", "pkg:deb/debian/libc6@2.36-9?arch=amd64")
	f.Add("-o=Dpkg::Pre-Invoke", "1; rm -rf /", "pkg:x")
	f.Add("a\x1b[31m", "1\n2", "")
	f.Fuzz(func(t *testing.T, name, version, purl string) {
		err := validate(providers.HostScan{Missing: []providers.Missing{{Update: providers.Update{Name: name, Version: version, PURL: purl, Class: "security", Severity: "low"}}}})
		if err == nil && (name == "" || name[0] == '-' || bytes.ContainsAny([]byte(name+version), " \n\x1b;|&$`'\"<>\\/")) {
			t.Fatalf("%q %q was believed", name, version)
		}
	})
}
