//go:build linux

package transport

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringfence/ringfence/providers"
)

func (s supervisor) file(id, name string) string { return filepath.Join(s.dir, "actions", id, name) }

func words(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// A command whose supervisor was killed still runs; when it has ended nobody knows how.
func TestAKilledSupervisorLosesTheOutcomeOnly(t *testing.T) {
	t.Parallel()
	s := machine(t)
	open := filepath.Join(t.TempDir(), "open")
	err := s.start(t.Context(), "a", Action{Scope: scope}, []string{"sh", "-c", "echo began; " + until(open)})
	if err != nil {
		t.Fatal(err)
	}
	begun := words(t, s.file("a", "begun"))
	kill(t, begun[2])
	mustState(t, s, "a", StateRunning)
	touch(t, open)
	if _, err := s.wait(t.Context(), "a"); !errors.Is(err, providers.ErrLost) || neverStarted(err) {
		t.Errorf("got %v", err)
	}
	if st := mustState(t, s, "a", StateLost); string(st.Log) != "began\n" {
		t.Errorf("its log is %q", st.Log)
	}
	if err := s.start(t.Context(), "a", Action{Scope: scope}, []string{"true"}); !errors.Is(err, ErrClaimed) {
		t.Errorf("a lost action was started again: %v", err)
	}
}

func kill(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err == nil {
		err = syscall.Kill(n, syscall.SIGKILL)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What a restart leaves is told by the boot id, for a process with the same number may well exist afterwards.
func TestARestartLosesWhatRan(t *testing.T) {
	t.Parallel()
	s := machine(t)
	if _, err := s.run(t, "ended", 1, "true"); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(t.TempDir(), "open")
	if err := s.start(t.Context(), "ran", Action{Scope: scope, Fence: 1}, []string{"sh", "-c", until(open)}); err != nil {
		t.Fatal(err)
	}
	const other = "00000000-0000-4000-8000-000000000000"
	for _, id := range []string{"ended", "ran"} {
		begun := words(t, s.file(id, "begun"))
		begun[4] = other
		put(t, s.file(id, "begun"), strings.Join(begun, " ")+"\n")
	}
	mustState(t, s, "ended", StateEnded)
	mustState(t, s, "ran", StateLost)

	put(t, s.file("claimed", "claim"), strings.Join([]string{strconv.Itoa(os.Getpid()), "1", other, "1"}, " ")+"\n"+scope+" 1\n")
	mustState(t, s, "claimed", StateNone) // its command had not begun, and cannot now
	put(t, s.file("empty", "argv"), "true\n")
	mustState(t, s, "empty", StateNone)
	mustState(t, s, "ended", StateEnded)
	touch(t, open)
	for mustAsk(t, s, "ran").State != StateEnded { // somebody may have lied about the boot: an exit code ends all doubt
		time.Sleep(10 * time.Millisecond)
	}
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A command that prints without end is read on and ends by itself; the end of what it said is kept.
func TestTheLogIsBounded(t *testing.T) {
	t.Parallel()
	s := machine(t)
	s.max = 8 << 20
	out, err := s.run(t, "a", 1, "sh", "-c", "seq 3000000; seq 5 >&2; exit 3")
	if err != nil || out.ExitCode != 3 || !out.Truncated {
		t.Fatalf("exit code %d, truncated %v, %v", out.ExitCode, out.Truncated, err)
	}
	if !bytes.HasPrefix(out.Stdout, []byte("1\n2\n")) || !bytes.HasSuffix(out.Stdout, []byte("\n3000000\n")) || string(out.Stderr) != "1\n2\n3\n4\n5\n" {
		t.Errorf("stdout %.20q…, stderr %q", out.Stdout, out.Stderr)
	}
	var size int64
	filepath.WalkDir(s.dir, func(_ string, e os.DirEntry, _ error) error {
		info, err := e.Info()
		size += info.Size()
		return err
	})
	if size > 4<<20 {
		t.Errorf("%d bytes are kept", size)
	}
	log := mustState(t, s, "a", StateEnded).Log
	if len(log) < 64<<10 || len(log) > 128<<10 || !bytes.HasSuffix(log, []byte("\n3000000\n1\n2\n3\n4\n5\n")) {
		t.Errorf("the log has %d bytes: %.30q", len(log), log)
	}
	if line := strings.SplitN(string(log), "\n", 3)[1]; line < "2900000" || line > "3000000" {
		t.Errorf("the log's second line is %q", line)
	}
	if s.max = 100; len(mustWait(t, s, "a").Stdout) != 100 {
		t.Error("the output is not cut to what was asked for")
	}
}

func mustWait(t *testing.T, s supervisor, id string) providers.Output {
	t.Helper()
	out, err := s.wait(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A service that a package restarted may hold the output open: the command has ended all the same.
func TestAServiceThatHoldsTheOutput(t *testing.T) {
	t.Parallel()
	s := machine(t)
	out, err := s.run(t, "a", 1, "sh", "-c", "sleep 300 & echo $!; exit 4")
	if err != nil || out.ExitCode != 4 || !out.Truncated {
		t.Fatalf("%+v, %v", out, err)
	}
	kill(t, strings.TrimSpace(string(out.Stdout)))
	for whole := s.file("a", "job."+words(t, s.file("a", "begun"))[2]+"/out.whole"); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(whole); err == nil {
			return // whoever reads the output reads on until it ends
		}
	}
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	s := machine(t)
	good := []string{"a", scope, "1", "--", "true"}
	bad := map[int][]string{
		0: {"", "-a", "A", "a/b", "..", "../x", "a b", "*", "$(id)", "é", "a.b", strings.Repeat("a", 81)},
		1: {"", "acme", "a/b/c", "/x", "x/", "../..", "A/b", "a/$(id)", "a/*"},
		2: {"", "-1", "01", "1e3", "x", strings.Repeat("1", 16)},
		3: {"", "-"},
		4: {"", "-true"},
	}
	for i, values := range bad {
		for _, v := range values {
			args := append([]string(nil), good...)
			args[i] = v
			ans, err := s.call(t.Context(), 0, "start", args...)
			if err != nil || ans.word != "usage" || ans.said.ExitCode != 64 {
				t.Errorf("%q: got %+v, %v", args, ans, err)
			}
		}
	}
	for _, args := range [][]string{{"start"}, good[:4], {"status"}, {"status", ".."}, {"wait", "a"}, {"wait", "a", "x"}, {"clean"}, {"clean", "-1"}, {"no-such-verb"}} {
		if ans, err := s.call(t.Context(), 0, args[0], args[1:]...); err != nil || ans.word != "usage" {
			t.Errorf("%q: got %+v, %v", args, ans, err)
		}
	}
	if _, err := os.Stat(s.dir); err == nil {
		t.Errorf("something made %s", s.dir)
	}
	for _, id := range []string{"", "a:b:c", "-a", "A", "sha256:" + strings.Repeat("a", 80)} {
		if name, err := hostID(id, 1); !errors.Is(err, ErrUnsupervised) {
			t.Errorf("%q became %q", id, name)
		}
	}
}

func TestOldActionsAreForgotten(t *testing.T) {
	t.Parallel()
	s := machine(t)
	for _, id := range []string{"old", "young", "next"} {
		if _, err := s.run(t, id, 1, "true"); err != nil {
			t.Fatal(err)
		}
	}
	open := filepath.Join(t.TempDir(), "open")
	if err := s.start(t.Context(), "running", Action{Scope: scope, Fence: 1}, []string{"sh", "-c", until(open)}); err != nil {
		t.Fatal(err)
	}
	old := func(file string) {
		then := time.Now().Add(-40 * 24 * time.Hour)
		if err := os.Chtimes(file, then, then); err != nil {
			t.Fatal(err)
		}
	}
	old(s.file("old", "status"))
	old(s.file("running", "begun"))
	old(s.file("running", "."))
	if ans, err := s.call(t.Context(), 0, "clean", "30"); err != nil || ans.word != "cleaned" {
		t.Fatalf("%+v, %v", ans, err)
	}
	mustState(t, s, "old", StateNone)
	mustState(t, s, "young", StateEnded)
	mustState(t, s, "running", StateRunning)
	touch(t, open)
	old(s.file("next", "status"))
	if err := s.start(t.Context(), "other", Action{Scope: scope, Fence: 1}, []string{"true"}); err != nil {
		t.Fatal(err)
	}
	mustState(t, s, "next", StateNone)
	mustWait(t, s, "other")
	mustWait(t, s, "running")
}
