package fleet

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner"
)

// mortal dies with its first change, and counts what is sent to it.
type mortal struct {
	providers.Provider
	calls int
}

func (m *mortal) Apply(context.Context, providers.ChangeRequest, providers.Exec) (providers.Result, error) {
	m.calls++
	return providers.Result{}, fmt.Errorf("apply: %w: exit status 3", providers.ErrCrashed)
}

func (m *mortal) Reboot(context.Context, providers.HostRef, providers.Exec) error {
	m.calls++
	return nil
}

// TestADeadProviderIsSentNothing: one crash leaves one host in doubt; sessions that were open by then and those that are
// opened later touch nothing and say so.
func TestADeadProviderIsSentNothing(t *testing.T) {
	m := &mortal{}
	f := New(Config{})
	p := &started{plugin: m, name: "mortal", desc: providers.Description{Connection: providers.ConnectNone, CanReboot: true}}
	f.running["mortal"] = func() (*started, error) { return p, nil }
	host := policy.Host{Name: "h", Providers: []string{"mortal"}}
	open := func() (runner.Session, error) { return f.Open(t.Context(), host, runner.Claim{}) }
	first, err1 := open()
	second, err2 := open()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Provider.Apply(t.Context(), providers.ChangeRequest{}, nil); !errors.Is(err, providers.ErrCrashed) || !first.Started() {
		t.Errorf("the crash: %v, started %t", err, first.Started())
	}
	if _, err := second.Provider.Apply(t.Context(), providers.ChangeRequest{}, nil); !errors.Is(err, runner.ErrProvider) || second.Started() {
		t.Errorf("a session that was open: %v, started %t", err, second.Started())
	}
	if err := second.Provider.(providers.Rebooter).Reboot(t.Context(), providers.HostRef{}, nil); !errors.Is(err, runner.ErrProvider) {
		t.Errorf("a reboot: %v", err)
	}
	if _, err := open(); !errors.Is(err, runner.ErrProvider) {
		t.Errorf("another session: %v", err)
	}
	if m.calls != 1 {
		t.Errorf("%d calls were sent", m.calls)
	}
}

func TestOnlyWhatCanRebootReboots(t *testing.T) {
	p := &started{plugin: &mortal{}, name: "mortal"}
	if _, way := p.session(); reboots(way) {
		t.Error("the description does not offer it")
	}
}

func reboots(p providers.Provider) bool {
	_, ok := p.(providers.Rebooter)
	return ok
}
