//go:build unix

package transport

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/providers"
)

func local(t *testing.T) Conn {
	t.Helper()
	c, err := Local{Login: "runner", Home: "/nonexistent"}.Dial(context.Background(), Target{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func run(t *testing.T, argv ...string) providers.Output {
	t.Helper()
	out, err := local(t).Run(context.Background(), argv, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLocalUsesNoShell(t *testing.T) {
	if out := run(t, "printf", "%s", "$HOME; id"); string(out.Stdout) != "$HOME; id" || out.ExitCode != 0 {
		t.Errorf("got %+v", out)
	}
}

func TestLocalEnvironmentIsMinimal(t *testing.T) {
	t.Setenv("RINGFENCE_CANARY", "leaked")
	t.Setenv("PATH", t.TempDir())
	env := strings.Fields(string(run(t, "env").Stdout))
	if len(env) != 4 || strings.Contains(strings.Join(env, " "), "CANARY") {
		t.Errorf("got %q", env)
	}
}

func TestLocalExitCodes(t *testing.T) {
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.WriteFile(closed, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, argv := range map[int][]string{
		7:   {"sh", "-c", "exit 7"},
		137: {"sh", "-c", "kill -9 $$"},
		127: {"ringfence-has-no-such-program"},
		126: {closed},
	} {
		if out := run(t, argv...); out.ExitCode != want {
			t.Errorf("%q: got %d, want %d", argv, out.ExitCode, want)
		}
	}
}

func TestLocalBoundsOutput(t *testing.T) {
	out, err := local(t).Run(context.Background(), []string{"seq", "100000"}, Options{MaxOutput: 100})
	if err != nil || len(out.Stdout) != 100 || !out.Truncated {
		t.Errorf("got %d bytes, truncated %v, %v", len(out.Stdout), out.Truncated, err)
	}
}

func TestLocalCutsOffAFlood(t *testing.T) {
	out, err := local(t).Run(context.Background(), []string{"yes"}, Options{MaxOutput: 100})
	if err != nil || !out.Truncated || out.ExitCode == 0 {
		t.Errorf("got %d, truncated %v, %v", out.ExitCode, out.Truncated, err)
	}
}

// A command that is stopped takes its children with it.
func TestLocalTimeoutEndsTheWholeGroup(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "alive")
	script := "(sleep 1; touch " + mark + ") & wait"
	_, err := local(t).Run(context.Background(), []string{"sh", "-c", script}, Options{Timeout: 100 * time.Millisecond})
	if !errors.Is(err, providers.ErrLost) {
		t.Fatalf("got %v", err)
	}
	time.Sleep(1200 * time.Millisecond)
	if _, err := os.Stat(mark); err == nil {
		t.Error("a child went on after the command was stopped")
	}
}

func TestLocalCancelledBeforehandStartsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := local(t).Run(ctx, []string{"true"}, Options{}); !errors.Is(err, ErrUnreachable) || errors.Is(err, providers.ErrLost) {
		t.Errorf("got %v", err)
	}
}

func TestLocalRefusesWhatSSHRefuses(t *testing.T) {
	if _, err := local(t).Run(context.Background(), []string{"echo", "a\x00"}, Options{}); !errors.Is(err, providers.ErrRefused) {
		t.Errorf("got %v", err)
	}
}
