package sim

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/providers/plugin"
	"github.com/ringfence/ringfence/providers/providertest"
)

// TestMain makes the test binary a provider's program.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "provider" {
		plugin.Serve(New())
	}
	os.Exit(m.Run())
}

var november = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func settings(t *testing.T) map[string]string {
	t.Helper()
	fleet, err := filepath.Abs("testdata/fleet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"fleet": fleet, "state": filepath.Join(t.TempDir(), "state.json")}
}

// open returns the example fleet in this process, where the fault crash-plugin cannot end it.
func open(t *testing.T, config map[string]string) *Provider {
	t.Helper()
	p := New()
	p.Exit = func(int) {}
	if err := p.Configure(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	return p
}

func start(t *testing.T, config map[string]string) *plugin.Client {
	t.Helper()
	c, err := plugin.Start(t.Context(), plugin.Spec{Name: "sim", Path: os.Args[0], Args: []string{"provider"}, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func acme(name string) providers.HostRef { return providers.HostRef{Tenant: "acme", Name: name} }

func world(p providers.Provider) providertest.World {
	return providertest.World{
		Provider: p, At: november,
		Missing: acme("web-01"), PullsIn: acme("db-1"), PullsInPackage: "postgresql-15",
		Held: acme("held-1"), Unreachable: acme("cut-off"),
	}
}

func TestContract(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.World { return world(open(t, settings(t))) })
}

func TestContractAcrossProcesses(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.World { return world(start(t, settings(t))) })
}

func scan(t *testing.T, p providers.Provider, name string, at time.Time) providers.HostScan {
	t.Helper()
	s, err := p.Scan(t.Context(), providers.ScanRequest{Host: acme(name), At: at}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// all asks for everything that a host lacks, with the closure that a preview saw.
func all(t *testing.T, p providers.Provider, name string) providers.ChangeRequest {
	t.Helper()
	r := providers.ChangeRequest{ActionID: "run-1", Host: acme(name), At: november}
	for _, m := range scan(t, p, name, november).Missing {
		r.Targets = append(r.Targets, providers.Target{PURL: m.Update.PURL, Name: m.Update.Name, Arch: m.Update.Arch, From: m.From, To: m.Update.Version})
	}
	preview, err := p.Preview(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Closure = preview.Actions
	return r
}

func apply(t *testing.T, p providers.Provider, r providers.ChangeRequest) providers.Result {
	t.Helper()
	result, err := p.Apply(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func missing(s providers.HostScan) string {
	var out []string
	for _, m := range s.Missing {
		out = append(out, m.Update.Name+" "+m.From+" > "+m.Update.Version)
	}
	return strings.Join(out, ", ")
}

const (
	curl    = "curl 7.88.1-10+deb12u12 > 7.88.1-10+deb12u14"
	kernel  = "linux-image-amd64 6.1.147-1 > 6.1.158-1"
	openssl = "openssl 3.0.11-1~deb12u2 > 3.0.17-1~deb12u2"
)

func TestTheMirrorMovesWithTime(t *testing.T) {
	p := open(t, settings(t))
	for at, want := range map[string]string{
		"2026-10-01T09:59:59Z": curl + ", " + kernel,
		"2026-10-01T10:00:00Z": curl + ", " + kernel + ", openssl 3.0.11-1~deb12u2 > 3.0.15-1~deb12u1",
		"2026-11-02T10:00:00Z": curl + ", " + kernel + ", " + openssl,
	} {
		instant, _ := time.Parse(time.RFC3339, at)
		if got := missing(scan(t, p, "web-02", instant)); got != want {
			t.Errorf("%s: %s", at, got)
		}
	}
	newest := scan(t, p, "web-02", november).Missing[2].Update
	if newest.PURL != "pkg:deb/debian/openssl@3.0.17-1~deb12u2?arch=amd64" || !newest.Exploited ||
		!slices.Equal(newest.Supersedes, []string{"pkg:deb/debian/openssl@3.0.15-1~deb12u1?arch=amd64"}) {
		t.Errorf("%+v", newest)
	}
}

func TestARebootIsDueUntilItHappens(t *testing.T) {
	p := open(t, settings(t))
	before := scan(t, p, "web-03", november)
	result := apply(t, p, all(t, p, "web-03"))
	after := scan(t, p, "web-03", november)
	if !result.Reboot.Required || result.Reboot.Why != "linux-image-amd64" || !after.RebootPending || after.Kernel != before.Kernel {
		t.Errorf("%+v %+v", result, after)
	}
	if err := p.Reboot(t.Context(), acme("web-03"), nil); err != nil {
		t.Fatal(err)
	}
	booted := scan(t, p, "web-03", november)
	if booted.RebootPending || booted.Kernel != "6.1.158-1" || booted.BootID == before.BootID {
		t.Errorf("%+v", booted)
	}
}

func TestAPreviewSaysWhatItCosts(t *testing.T) {
	p := open(t, settings(t))
	r := all(t, p, "db-1")
	preview, err := p.Preview(t.Context(), r, nil)
	if err != nil || len(preview.Actions) != 3 || preview.DownloadBytes != 47_000 {
		t.Errorf("%+v, %v", preview, err)
	}
	preview, err = p.Preview(t.Context(), all(t, p, "web-01"), nil)
	if err != nil || !slices.Equal(preview.Restarts, []string{"nginx", "sshd"}) || !preview.Reboot.Required {
		t.Errorf("%+v, %v", preview, err)
	}
}

// TestFaults tells for each fault what the provider says and what is then missing on the host.
func TestFaults(t *testing.T) {
	for name, want := range map[string]struct {
		state   providers.HostState
		missing string
	}{
		"faulty-1": {providers.Partial, kernel + ", " + openssl},
		"faulty-2": {providers.Partial, kernel + ", " + openssl},
		"faulty-3": {providers.Done, curl + ", " + kernel + ", " + openssl},
		"faulty-4": {providers.Done, ""},
		"faulty-5": {providers.InDoubt, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, settings(t))
			result := apply(t, p, all(t, p, name))
			if got := missing(scan(t, p, name, november)); result.State != want.state || got != want.missing {
				t.Errorf("%+v; missing %s", result, got)
			}
		})
	}
}

func TestAHalfConfiguredPackageIsNotInstalled(t *testing.T) {
	p := open(t, settings(t))
	result := apply(t, p, all(t, p, "faulty-1"))
	after := scan(t, p, "faulty-1", november)
	if slices.ContainsFunc(after.Installed, func(i providers.Package) bool { return i.Name == "linux-image-amd64" }) ||
		!slices.Equal(after.Notes, []string{"linux-image-amd64 6.1.158-1 is half-configured"}) {
		t.Errorf("%+v", after)
	}
	if !strings.Contains(string(result.Log), "error processing package linux-image-amd64") {
		t.Errorf("the log is %s", result.Log)
	}
	if again := apply(t, p, all(t, p, "faulty-1")); again.State != providers.Done || missing(scan(t, p, "faulty-1", november)) != "" {
		t.Errorf("the second try, when the fault is over: %+v", again)
	}
}

func TestAnExtraPackageIsSeen(t *testing.T) {
	p := open(t, settings(t))
	result := apply(t, p, all(t, p, "faulty-4"))
	want := providers.Action{Op: providers.Install, Name: "cowsay", Arch: "amd64", To: "1.0"}
	if !slices.Contains(result.Actions, want) || !slices.Contains(scan(t, p, "faulty-4", november).Installed, providers.Package{Name: "cowsay", Arch: "amd64", Version: "1.0"}) {
		t.Errorf("%+v", result)
	}
}

func TestARebootThatFailsKeepsTheBootID(t *testing.T) {
	p := open(t, settings(t))
	before := scan(t, p, "faulty-6", november)
	if err := p.Reboot(t.Context(), acme("faulty-6"), nil); err != nil {
		t.Fatal(err)
	}
	if after := scan(t, p, "faulty-6", november); after.BootID != before.BootID {
		t.Error("it rebooted")
	}
}

// TestFaultsOfTheProcess needs a real one: it hangs, dies in the middle of a change, answers nonsense.
func TestFaultsOfTheProcess(t *testing.T) {
	config := settings(t)
	c := start(t, config)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := c.Apply(ctx, all(t, c, "faulty-7"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("hang: %v", err)
	}
	if _, err := c.Scan(t.Context(), providers.ScanRequest{Host: acme("faulty-9"), At: november}, nil); !errors.Is(err, plugin.ErrBadAnswer) {
		t.Errorf("garbage: %v", err)
	}
	if _, err := c.Apply(t.Context(), all(t, c, "faulty-8"), nil); !errors.Is(err, plugin.ErrCrashed) {
		t.Errorf("crash-plugin: %v", err)
	}
	if got := missing(scan(t, open(t, config), "faulty-8", november)); got != kernel+", "+openssl {
		t.Errorf("after the crash %s is missing", got)
	}
}

// TestProcessesShareTheState: two processes and many calls lose nothing.
func TestProcessesShareTheState(t *testing.T) {
	config := settings(t)
	both := []providers.Provider{start(t, config), open(t, config)}
	var work sync.WaitGroup
	for i, name := range []string{"web-01", "web-02", "web-03", "faulty-6"} {
		p := both[i%2]
		request := providers.ChangeRequest{
			ActionID: name, Host: acme(name), At: november,
			Targets: []providers.Target{{Name: "curl", From: "7.88.1-10+deb12u12", To: "7.88.1-10+deb12u14"}},
		}
		work.Go(func() {
			if result, err := p.Apply(context.Background(), request, nil); err != nil || result.State != providers.Done {
				t.Errorf("%s: %+v, %v", name, result, err)
			}
		})
	}
	work.Wait()
	for _, name := range []string{"web-01", "web-02", "web-03", "faulty-6"} {
		if got := missing(scan(t, both[1], name, november)); got != kernel+", "+openssl {
			t.Errorf("%s lacks %s", name, got)
		}
	}
}

func TestNothingIsAnsweredBeforeConfigure(t *testing.T) {
	if _, err := New().Scan(t.Context(), providers.ScanRequest{Host: acme("web-01")}, nil); err == nil {
		t.Error("a fleet out of nothing")
	}
	for _, config := range []map[string]string{
		nil, {"fleet": "fleet.yaml", "state": "/tmp/s"}, {"fleet": "/nonexistent", "state": "/tmp/s"}, {"fleets": "/x"},
	} {
		if err := New().Configure(t.Context(), config); err == nil {
			t.Errorf("%v was accepted", config)
		}
	}
}

func TestAHostThatIsNotInTheFleetIsUnreachable(t *testing.T) {
	_, err := open(t, settings(t)).Scan(t.Context(), providers.ScanRequest{Host: acme("web-99")}, nil)
	if !errors.Is(err, providers.ErrUnreachable) {
		t.Error(err)
	}
}
