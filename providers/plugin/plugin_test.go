package plugin

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/providers"
)

// host is a core-side Exec made of a function.
type host func(ctx context.Context, command string, args map[string][]string) (providers.Output, error)

func (h host) Run(ctx context.Context, command string, args map[string][]string) (providers.Output, error) {
	return h(ctx, command, args)
}

func unused(t *testing.T) host {
	return func(_ context.Context, command string, _ map[string][]string) (providers.Output, error) {
		t.Errorf("the host was asked to run %s", command)
		return providers.Output{}, nil
	}
}

func scanOf(name string) providers.ScanRequest {
	return providers.ScanRequest{Host: providers.HostRef{Tenant: "acme", Name: name}, At: time.Unix(1_700_000_000, 0)}
}

func TestOutputArrivesWholeWhateverItsSize(t *testing.T) {
	c := startToy(t, nil)
	stdout := strings.Repeat("0123456789abcdef", 200_000) // several pieces
	scan, err := c.Scan(t.Context(), scanOf("web-1"), host(func(context.Context, string, map[string][]string) (providers.Output, error) {
		return providers.Output{Stdout: []byte(stdout), Stderr: []byte("warn"), ExitCode: 100, Truncated: true}, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{stdout, "warn", "100 true"}; !reflect.DeepEqual(scan.Notes, want) {
		t.Errorf("the output changed on its way: %.100q", scan.Notes)
	}
}

func TestLargeAnswersAreStreamed(t *testing.T) {
	scan, err := startToy(t, nil).Scan(t.Context(), scanOf("large"), unused(t))
	if err != nil || len(scan.Installed) != 100_000 || scan.Installed[99_999].Name != "package-099999" || scan.OS != "toy 1" {
		t.Errorf("got %d packages, %v", len(scan.Installed), err)
	}
}

// TestACallReachesItsOwnHostOnly runs many calls at once, each with a host that knows its name.
func TestACallReachesItsOwnHostOnly(t *testing.T) {
	c := startToy(t, nil)
	var all sync.WaitGroup
	for i := range 40 {
		name := fmt.Sprintf("web-%d", i)
		all.Go(func() {
			scan, err := c.Scan(t.Context(), scanOf(name), host(func(context.Context, string, map[string][]string) (providers.Output, error) {
				return providers.Output{Stdout: []byte(name)}, nil
			}))
			if err != nil || scan.BootID != name || scan.Notes[0] != name {
				t.Errorf("%s got %v, %v", name, scan.Notes, err)
			}
		})
	}
	all.Wait()
}

func TestErrorsOfExecKeepTheirIdentityBothWays(t *testing.T) {
	c := startToy(t, nil)
	for _, want := range []error{providers.ErrRefused, providers.ErrLost, providers.ErrUnreachable} {
		_, err := c.Scan(t.Context(), scanOf("web-1"), host(func(context.Context, string, map[string][]string) (providers.Output, error) {
			return providers.Output{}, fmt.Errorf("dial 10.0.0.1: %w", want)
		}))
		if !errors.Is(err, want) || !strings.Contains(fmt.Sprint(err), "recognised: dial 10.0.0.1: "+want.Error()) {
			t.Errorf("%v became %v", want, err)
		}
	}
}

func TestNothingOutsideTheAllowListReachesTheHost(t *testing.T) {
	c := startToy(t, nil)
	for _, name := range []string{"unlisted", "option", "not-text"} {
		_, err := c.Scan(t.Context(), scanOf(name), unused(t))
		if !errors.Is(err, providers.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.Scan(t.Context(), scanOf("web-1"), nil); !errors.Is(err, providers.ErrRefused) {
		t.Errorf("a call without a host: %v", err)
	}
}

// TestNothingOfACallOutlivesIt: a provider answers while a command of it still runs.
func TestNothingOfACallOutlivesIt(t *testing.T) {
	started, ended := make(chan struct{}), false
	c := startToy(t, nil)
	_, err := c.Scan(t.Context(), scanOf("background"), host(func(ctx context.Context, command string, _ map[string][]string) (providers.Output, error) {
		if command == "install" {
			<-started
			return providers.Output{}, nil
		}
		close(started)
		<-ctx.Done()
		ended = true
		return providers.Output{}, ctx.Err()
	}))
	if err != nil || !ended {
		t.Errorf("the command still ran when the call returned (%v)", err)
	}
}

func TestCancelEndsACall(t *testing.T) {
	c := startToy(t, nil)
	for _, name := range []string{"hang", "deaf"} {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		if _, err := c.Scan(ctx, scanOf(name), unused(t)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCancelReachesTheRunningCommand(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stopped := false
	_, err := startToy(t, nil).Scan(ctx, scanOf("web-1"), host(func(ctx context.Context, _ string, _ map[string][]string) (providers.Output, error) {
		cancel()
		<-ctx.Done()
		stopped = true
		return providers.Output{}, ctx.Err()
	}))
	if !errors.Is(err, context.Canceled) || !stopped {
		t.Errorf("stopped %t, %v", stopped, err)
	}
}

func TestChangesAndRebootsCross(t *testing.T) {
	c := startToy(t, nil)
	change := providers.ChangeRequest{
		ActionID: "a-1", Host: providers.HostRef{Name: "web-1"}, At: time.Unix(1_700_000_000, 0).UTC(),
		Targets: []providers.Target{{PURL: "pkg:deb/debian/curl@2", Name: "curl", Arch: "amd64", From: "1", To: "2"}},
	}
	preview, err := c.Preview(t.Context(), change, unused(t))
	want := []providers.Action{{Op: providers.Upgrade, Name: "curl", Arch: "amd64", From: "1", To: "2"}}
	if err != nil || !reflect.DeepEqual(preview.Actions, want) {
		t.Errorf("preview: %v, %v", preview, err)
	}
	var ran []string
	record := host(func(_ context.Context, command string, args map[string][]string) (providers.Output, error) {
		ran = append(ran, fmt.Sprint(command, args))
		return providers.Output{Stdout: []byte("log")}, nil
	})
	result, err := c.Apply(t.Context(), change, record)
	if err != nil || result.State != providers.Done || string(result.Log) != "log" {
		t.Errorf("apply: %v, %v", result, err)
	}
	if err := c.Reboot(t.Context(), change.Host, record); err != nil {
		t.Error(err)
	}
	if fmt.Sprint(ran) != "[installmap[pkgver:[curl=2]] listmap[]]" {
		t.Errorf("the host ran %v", ran)
	}
}

func TestSettings(t *testing.T) {
	c := startToy(t, func(s *Spec) { s.Config = map[string]string{"greeting": "moin"} })
	scan, err := c.Scan(t.Context(), scanOf("settings"), nil)
	if err != nil || scan.Notes[0] != "moin" {
		t.Errorf("%v, %v", scan.Notes, err)
	}
	_, err = Start(t.Context(), toySpec(t, "good", func(s *Spec) { s.Config = map[string]string{"fail": "colour"} }))
	if err == nil || !strings.Contains(err.Error(), `unknown setting "colour"`) {
		t.Errorf("a refused setting gave %v", err)
	}
}

func TestDescribeIsWhatTheProviderSaid(t *testing.T) {
	want, _ := (&toy{}).Describe(t.Context())
	got, err := startToy(t, nil).Describe(t.Context())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAClosedProviderSaysSo(t *testing.T) {
	c := startToy(t, nil)
	answer := make(chan error)
	go func() {
		_, err := c.Scan(context.Background(), scanOf("hang"), unused(t))
		answer <- err
	}()
	time.Sleep(50 * time.Millisecond)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-answer; err == nil {
		t.Error("a call went on after Close")
	}
	if _, err := c.Scan(context.Background(), scanOf("web-1"), unused(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("a call after Close: %v", err)
	}
}
