package providertest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/providers/providertest"
	"github.com/ringfence/ringfence/providers/sim"
)

// relay is a correct provider with a connection: sim's hosts behind two commands. A defect makes it wrong in one way.
type relay struct {
	*sim.Provider
	defect string
	calls  int
}

var relayed = providers.Description{
	Name: "relay", Version: "1", Connection: providers.ConnectHost, CanReboot: true,
	Commands: []providers.Command{
		{Name: "change", Argv: []string{"relay", "change"}, Mutates: true},
		{Name: "look", Argv: []string{"relay", "look"}},
	},
}

func (p *relay) Describe(context.Context) (providers.Description, error) {
	p.calls++
	d := relayed
	switch p.defect {
	case "describes itself differently":
		d.Version = strings.Repeat("1", p.calls)
	case "declares a shell":
		d.Commands = []providers.Command{{Name: "look", Argv: []string{"sh", "-c", "{package}"}}}
	}
	return d, nil
}

func (p *relay) Scan(ctx context.Context, r providers.ScanRequest, host providers.Exec) (providers.HostScan, error) {
	command := "look"
	switch p.defect {
	case "runs what it does not declare":
		command = "format"
	case "changes the host in a scan":
		command = "change"
	case "ignores cancel":
		ctx = context.WithoutCancel(ctx)
	}
	if _, err := host.Run(ctx, command, nil); err != nil {
		if p.defect == "takes unreachable for up to date" {
			err = nil
		}
		return providers.HostScan{}, err
	}
	scan, err := p.Provider.Scan(ctx, r, nil)
	p.calls++
	switch p.defect {
	case "scans in any order":
		if p.calls%2 == 0 {
			slices.Reverse(scan.Missing)
		}
	case "hides holds":
		scan.Held = nil
	}
	return scan, err
}

func (p *relay) Preview(ctx context.Context, r providers.ChangeRequest, host providers.Exec) (providers.Preview, error) {
	if p.defect == "applies in a preview" {
		_, _ = p.Provider.Apply(ctx, r, nil)
	}
	if _, err := host.Run(ctx, "look", nil); err != nil {
		return providers.Preview{}, err
	}
	return p.Provider.Preview(ctx, r, nil)
}

func (p *relay) Apply(ctx context.Context, r providers.ChangeRequest, host providers.Exec) (providers.Result, error) {
	if _, err := host.Run(ctx, "change", nil); err != nil {
		return providers.Result{}, err
	}
	switch p.defect {
	case "lies":
		return providers.Result{State: providers.Done}, nil
	case "does more than asked":
		r.Targets = append(r.Targets, providers.Target{Name: "curl", From: "7.88.1-10+deb12u12", To: "7.88.1-10+deb12u14"},
			providers.Target{Name: "linux-image-amd64", From: "6.1.147-1", To: "6.1.158-1"})
	case "ignores the closure":
		preview, _ := p.Provider.Preview(ctx, r, nil)
		r.Closure = preview.Actions
	case "ignores from":
		scan, _ := p.Provider.Scan(ctx, providers.ScanRequest{Host: r.Host, At: r.At}, nil)
		for i := range r.Targets {
			for _, m := range scan.Missing {
				if m.Update.Name == r.Targets[i].Name {
					r.Targets[i].From = m.From
				}
			}
		}
	}
	return p.Provider.Apply(ctx, r, nil)
}

func (p *relay) Health(ctx context.Context, r providers.HealthRequest, host providers.Exec) ([]providers.Check, error) {
	command := "look"
	if p.defect == "changes the host for its health" {
		command = "change"
	}
	if _, err := host.Run(ctx, command, nil); err != nil {
		if p.defect == "takes unreachable for well" {
			err = nil
		}
		return nil, err
	}
	checks, err := p.Provider.Health(ctx, r, nil)
	p.calls++
	switch p.defect {
	case "has two checks of one name":
		checks = append(checks, checks...)
	case "changes its mind":
		checks[0].Detail = strings.Repeat("!", p.calls)
	}
	return checks, err
}

func (p *relay) Reboot(ctx context.Context, ref providers.HostRef, _ providers.Exec) error {
	if p.defect == "forgets to reboot" {
		return nil
	}
	return p.Provider.Reboot(ctx, ref, nil)
}

func open(t *testing.T, defect string) providertest.World {
	fleet, err := filepath.Abs("../sim/testdata/fleet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p := &relay{Provider: sim.New(), defect: defect}
	if err := p.Configure(t.Context(), map[string]string{"fleet": fleet, "state": filepath.Join(t.TempDir(), "state.json")}); err != nil {
		t.Fatal(err)
	}
	acme := func(name string) providers.HostRef { return providers.HostRef{Tenant: "acme", Name: name} }
	return providertest.World{
		Provider: p, At: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
		Exec: func(host providers.HostRef) providers.Exec {
			return providertest.NewExec(relayed).
				Do("look", nil, answer(host)).Do("change", nil, answer(host))
		},
		Missing: acme("web-01"), PullsIn: acme("db-1"), PullsInPackage: "postgresql-15",
		Held: acme("held-1"), Unreachable: acme("cut-off"),
	}
}

func answer(host providers.HostRef) providertest.Answer {
	return func(context.Context, map[string][]string) (providers.Output, error) {
		if host.Name == "cut-off" {
			return providers.Output{}, providers.ErrUnreachable
		}
		return providers.Output{}, nil
	}
}

// TestSuite holds a correct provider; with DEFECT set, in a process of its own, a wrong one.
func TestSuite(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.World { return open(t, os.Getenv("DEFECT")) })
}

func TestTheSuiteCatches(t *testing.T) {
	for defect, check := range map[string]string{
		"describes itself differently":     "Describe_is_pure_and_valid",
		"declares a shell":                 "Describe_is_pure_and_valid",
		"runs what it does not declare":    "Scan_repeats_itself_and_makes_sense",
		"changes the host in a scan":       "Scan_repeats_itself_and_makes_sense",
		"scans in any order":               "Scan_repeats_itself_and_makes_sense",
		"applies in a preview":             "Preview_changes_nothing",
		"lies":                             "Apply_reaches_exactly_its_targets",
		"does more than asked":             "Apply_reaches_exactly_its_targets",
		"ignores from":                     "Apply_refuses_a_host_that_moved_on",
		"ignores the closure":              "Apply_stays_within_the_closure",
		"hides holds":                      "Held_packages_are_reported_and_do_not_move",
		"takes unreachable for up to date": "An_unreachable_host_is_said_to_be_unreachable",
		"ignores cancel":                   "A_cancelled_call_ends_and_changes_nothing",
		"forgets to reboot":                "A_reboot_changes_the_boot_id",
		"changes the host for its health":  "Health_repeats_itself_and_makes_sense",
		"has two checks of one name":       "Health_repeats_itself_and_makes_sense",
		"changes its mind":                 "Health_repeats_itself_and_makes_sense",
		"takes unreachable for well":       "Health_repeats_itself_and_makes_sense",
	} {
		t.Run(defect, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestSuite$/^"+check+"$")
			cmd.Env = append(os.Environ(), "DEFECT="+defect)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestSuite/"+check) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestExec(t *testing.T) {
	e := providertest.NewExec(relayed).
		On("look", nil, providers.Output{Stdout: []byte("first")}).
		On("look", providertest.Exactly(nil), providers.Output{Stdout: []byte("later")}).
		Fail("change", providertest.Any, providers.ErrLost)
	out, err := e.Run(t.Context(), "look", nil)
	if err != nil || string(out.Stdout) != "later" {
		t.Errorf("%q, %v", out.Stdout, err)
	}
	for command, want := range map[string]error{"change": providers.ErrLost, "format": providers.ErrRefused} {
		if _, err := e.Run(t.Context(), command, nil); !errors.Is(err, want) {
			t.Errorf("%s: %v", command, err)
		}
	}
	if _, err := e.Run(t.Context(), "look", map[string][]string{"package": {"curl"}}); !errors.Is(err, providers.ErrRefused) {
		t.Errorf("an argument too many: %v", err)
	}
	if _, err := providertest.NewExec(relayed).Run(t.Context(), "look", nil); err == nil {
		t.Error("a host that was told nothing answers")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Run(ctx, "look", nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if calls := e.Calls(); len(calls) != 5 || !slices.Equal(calls[0].Argv, []string{"relay", "look"}) || calls[3].Argv != nil {
		t.Errorf("%+v", calls)
	}
}
