//go:build linux

package transport

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/providers"
)

const scope = "acme/main"

// machine is this machine with a supervisor that keeps its state in a folder of the test's.
func machine(t *testing.T) supervisor {
	t.Helper()
	conn, err := Local{Login: "root", Home: "/nonexistent"}.Dial(context.Background(), Target{})
	if err != nil {
		t.Fatal(err)
	}
	return supervisor{conn: conn, root: true, dir: filepath.Join(folder(t), "state")}
}

// folder is t.TempDir for what jobs write to: one that nobody waits for any more may still be clearing up.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "supervisor")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for os.RemoveAll(dir) != nil {
			time.Sleep(10 * time.Millisecond)
		}
	})
	return dir
}

func (s supervisor) run(t *testing.T, id string, fence int, argv ...string) (providers.Output, error) {
	t.Helper()
	if err := s.start(t.Context(), id, Action{Scope: scope, Fence: fence}, argv); err != nil {
		return providers.Output{}, err
	}
	return s.wait(t.Context(), id)
}

// count is how often a command that appends to the file ran.
func count(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return len(text)
}

func mustState(t *testing.T, s supervisor, id string, want State) Status {
	t.Helper()
	st, err := s.ask(t.Context(), id, 1)
	if err != nil || st.State != want {
		t.Fatalf("%s is %s, want %s; %v", id, st.State, want, err)
	}
	return st
}

func TestASupervisedCommandLooksLikeADirectOne(t *testing.T) {
	t.Parallel()
	s := machine(t)
	for i, argv := range [][]string{
		{"true"},
		{"printf", "%s|", "", "a b", `$HOME \n '"`, "*", "é", `\`},
		{"sh", "-c", "echo out; echo err >&2; exit 100"},
		{"sh", "-c", "kill -9 $$"},
		{"ringfence-has-no-such-program"},
		{"sh", "-c", "printf 'no line feed'; cat"},
		{"sh", "-c", "pwd; umask; test -t 0 || echo no terminal"},
	} {
		want, err := s.conn.Run(t.Context(), argv, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.run(t, fmt.Sprint("id-", i), 1, argv...)
		if err != nil || got.ExitCode != want.ExitCode || string(got.Stdout) != string(want.Stdout) || got.Truncated {
			t.Errorf("%q: got %+v, %v, want %+v", argv, got, err, want)
		}
		if len(got.Stderr) == 0 != (len(want.Stderr) == 0) {
			t.Errorf("%q: stderr %q, want %q", argv, got.Stderr, want.Stderr)
		}
	}
}

func TestAnActionRunsOnce(t *testing.T) {
	t.Parallel()
	s := machine(t)
	mustState(t, s, "a", StateNone)
	file := filepath.Join(t.TempDir(), "ran")
	once := []string{"sh", "-c", "printf x >>" + file + "; exit 7"}
	if out, err := s.run(t, "a", 1, once...); err != nil || out.ExitCode != 7 {
		t.Fatalf("%+v, %v", out, err)
	}
	if _, err := s.run(t, "a", 2, once...); !errors.Is(err, ErrClaimed) || !neverStarted(err) {
		t.Errorf("got %v", err)
	}
	if st := mustState(t, s, "a", StateEnded); st.ExitCode != 7 || time.Since(st.EndedAt) > time.Minute || count(t, file) != 1 {
		t.Errorf("got %+v, ran %d times", st, count(t, file))
	}
}

func TestOnlyOneOfManyStartsRuns(t *testing.T) {
	t.Parallel()
	s := machine(t)
	file := filepath.Join(t.TempDir(), "ran")
	var all sync.WaitGroup
	errs := make(chan error, 20)
	for i := range cap(errs) {
		all.Go(func() {
			errs <- s.start(t.Context(), "a", Action{Scope: scope, Fence: 1 + i%2}, []string{"sh", "-c", "printf x >>" + file})
		})
	}
	all.Wait()
	close(errs)
	won := 0
	for err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, ErrClaimed) && !errors.Is(err, ErrFenced):
			t.Error(err)
		}
	}
	if _, err := s.wait(t.Context(), "a"); err != nil || won != 1 || count(t, file) != 1 {
		t.Errorf("%d starts won, the command ran %d times, %v", won, count(t, file), err)
	}
}

func TestAnOlderLeaseIsRefused(t *testing.T) {
	t.Parallel()
	s := machine(t)
	for _, tt := range []struct {
		id, scope string
		fence     int
		want      error
	}{
		{"a", scope, 5, nil},
		{"b", scope, 5, nil},
		{"c", scope, 4, ErrFenced},
		{"d", "acme/other", 1, nil},
		{"e", "other/main", 1, nil},
		{"f", scope, 12, nil},
		{"g", scope, 6, ErrFenced},
		{"a", scope, 12, ErrClaimed},
		{"c", scope, 12, nil}, // what was refused was not claimed
	} {
		err := s.start(t.Context(), tt.id, Action{Scope: tt.scope, Fence: tt.fence}, []string{"true"})
		if !errors.Is(err, tt.want) || err != nil && !neverStarted(err) {
			t.Errorf("%+v: got %v", tt, err)
		}
		if errors.Is(err, ErrFenced) {
			mustState(t, s, tt.id, StateNone)
		}
	}
	for _, id := range strings.Split("abcdef", "") {
		if _, err := s.wait(t.Context(), id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// A connection that goes away takes nothing with it.
func TestTheCommandOutlivesWhoeverAsked(t *testing.T) {
	t.Parallel()
	s := machine(t)
	ctx, cancel := context.WithCancel(t.Context())
	open := filepath.Join(t.TempDir(), "open")
	if err := s.start(ctx, "a", Action{Scope: scope}, []string{"sh", "-c", "echo began; " + until(open) + "; echo done"}); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := s.wait(ctx, "a"); !errors.Is(err, providers.ErrLost) || !errors.Is(err, context.Canceled) || neverStarted(err) {
		t.Errorf("got %v", err)
	}
	for string(mustAsk(t, s, "a").Log) != "began\n" {
		time.Sleep(10 * time.Millisecond)
	}
	mustState(t, s, "a", StateRunning)
	touch(t, open)
	if st, err := awaited(t.Context(), s.conn, s.dir, "a"); err != nil || st.State != StateEnded || string(st.Log) != "began\ndone\n" {
		t.Errorf("got %+v, %v", st, err)
	}
}

// awaited is the answer once the action's command has come to an end, or ctx has.
func awaited(ctx context.Context, conn Conn, dir, id string) (Status, error) {
	for {
		st, s, err := find(ctx, conn, dir, id)
		if err != nil || st.State != StateClaimed && st.State != StateRunning {
			return st, err
		}
		name, err := hostID(id, st.Commands)
		if err != nil {
			return st, err
		}
		if _, _, err := s.await(ctx, name); err != nil {
			return st, err
		}
	}
}

// TestFencingOutBeforeAsking: once a newer run has told the host its number, a start of the older one comes too late.
func TestFencingOutBeforeAsking(t *testing.T) {
	t.Parallel()
	s := machine(t)
	file := filepath.Join(t.TempDir(), "ran")
	if err := s.fence(t.Context(), Action{Scope: scope, Fence: 5}); err != nil {
		t.Fatal(err)
	}
	mustState(t, s, "late", StateNone)
	if _, err := s.run(t, "late", 4, "tee", file); !errors.Is(err, ErrFenced) {
		t.Errorf("a start under the older number: %v", err)
	}
	if _, err := s.run(t, "next", 5, "tee", file); err != nil {
		t.Error(err)
	}
	if err := s.fence(t.Context(), Action{Scope: scope, Fence: 3}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.run(t, "older", 3, "tee", file); !errors.Is(err, ErrFenced) {
		t.Errorf("a lower number took the higher one back: %v", err)
	}
}
