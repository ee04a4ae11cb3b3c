//go:build linux

package transport

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ringfence/ringfence/providers"
)

// held is a connection that keeps every start back for a while: its runner was stopped, or its packets were.
type held struct {
	Conn
	back time.Duration
}

func (h held) Run(ctx context.Context, argv []string, opt Options) (providers.Output, error) {
	if slices.Contains(argv, "start") {
		time.Sleep(h.back)
	}
	return h.Conn.Run(ctx, argv, opt)
}

func TestAStartThatArrivesLateIsRefused(t *testing.T) {
	t.Parallel()
	s := machine(t)
	file := filepath.Join(t.TempDir(), "ran")
	argv := []string{"sh", "-c", "printf x >>" + file}
	late := func(s supervisor, by time.Duration) error {
		return s.start(t.Context(), "a", Action{Scope: scope, Fence: 1, By: time.Now().Add(by), Now: time.Now}, argv)
	}
	if err := late(s, -time.Second); !errors.Is(err, ErrLate) || !neverStarted(err) {
		t.Errorf("asked for too late: %v", err)
	}
	slow := s
	slow.conn = held{s.conn, 3 * time.Second}
	if err := late(slow, time.Second); !errors.Is(err, ErrLate) || !neverStarted(err) {
		t.Errorf("asked for in time, arrived late: %v", err)
	}
	mustState(t, s, "a", StateNone)
	if err := late(s, time.Hour); err != nil {
		t.Errorf("in time: %v", err)
	}
	if _, err := s.wait(t.Context(), "a"); err != nil || count(t, file) != 1 {
		t.Errorf("got %v, ran %d times", err, count(t, file))
	}
}

// A restart of the host between the question and the start makes every limit pass.
func TestAStartFromBeforeARestartIsRefused(t *testing.T) {
	t.Parallel()
	s := machine(t)
	up, err := s.uptime(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	restarted := s
	restarted.conn = longer{s.conn}
	if err := restarted.start(t.Context(), "a", Action{Scope: scope, Fence: 1, By: time.Now().Add(time.Minute), Now: time.Now}, []string{"true"}); !errors.Is(err, ErrLate) {
		t.Errorf("up for %d seconds: %v", up, err)
	}
}

// longer is a host that says it is up for years, as it was before it was restarted.
type longer struct{ Conn }

func (l longer) Run(ctx context.Context, argv []string, opt Options) (providers.Output, error) {
	if slices.Equal(argv, []string{"cat", "/proc/uptime"}) {
		return providers.Output{Stdout: []byte("99999999.12 100.00\n")}, nil
	}
	return l.Conn.Run(ctx, argv, opt)
}
