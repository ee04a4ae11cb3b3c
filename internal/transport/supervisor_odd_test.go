//go:build linux

package transport

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/programfile"
	"github.com/ringfence/ringfence/providers"
)

// odd is a connection to this machine with programs of its own, which may be cut.
type odd struct {
	bin  string        // the whole PATH
	cut  time.Duration // then the asking process is killed; 0 means never
	edit func(string) string
}

func (o odd) User() string { return "root" }
func (o odd) Close() error { return nil }

func (o odd) Run(ctx context.Context, argv []string, _ Options) (providers.Output, error) {
	words := append([]string(nil), argv...)
	for i, w := range words {
		if o.edit != nil {
			words[i] = o.edit(w)
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(o.bin, words[0]), words[1:]...)
	cmd.Env = []string{"PATH=" + o.bin}
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Start(); err != nil {
		return providers.Output{}, err
	}
	if o.cut > 0 {
		defer time.AfterFunc(o.cut, func() { cmd.Process.Kill() }).Stop()
	}
	err := cmd.Wait()
	if o.cut > 0 && err != nil && cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
		return providers.Output{}, providers.ErrLost
	}
	return providers.Output{Stdout: out.Bytes(), Stderr: stderr.Bytes(), ExitCode: cmd.ProcessState.ExitCode()}, nil
}

// programs is a folder with what the supervisor needs, each the machine's own or what instead says.
func programs(t *testing.T, instead map[string]string) string {
	t.Helper()
	bin := t.TempDir()
	for _, name := range strings.Fields("sh setsid flock mkfifo dd find sync tail wc cat date sleep mv rm mkdir chmod id true echo printf seq") {
		from, ok := instead[name]
		switch {
		case strings.HasPrefix(from, "#!"):
			if err := programfile.Write(filepath.Join(bin, name), []byte(from)); err != nil {
				t.Fatal(err)
			}
			continue
		case ok && from == "":
			continue
		case !ok:
			from = "/usr/bin/" + name
		}
		if err := os.Symlink(from, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

// Whoever asks may die at any moment: what was asked happens once or not at all, and what is said of it is true.
func TestAKilledStarterStartsAtMostOnce(t *testing.T) {
	t.Parallel()
	s, bin := machine(t), programs(t, nil)
	dir := t.TempDir()
	var all sync.WaitGroup
	seen := make(chan State, 200)
	for worker := range 4 {
		all.Go(func() {
			for i := range cap(seen) / 4 {
				id := strconv.Itoa(worker) + "-" + strconv.Itoa(i)
				seen <- killStarter(t, s, bin, id, filepath.Join(dir, id))
			}
		})
	}
	all.Wait()
	close(seen)
	tally := map[State]int{}
	for st := range seen {
		tally[st]++
	}
	if t.Log(tally); tally[StateNone] == 0 || tally[StateEnded] == 0 {
		t.Error("the moments were badly chosen: not both outcomes were seen")
	}
}

func killStarter(t *testing.T, s supervisor, bin, id, file string) State {
	argv := []string{"sh", "-c", "printf x >>" + file + "; sleep 0.02"}
	doomed := s
	doomed.conn = odd{bin: bin, cut: 1 + rand.N(250*time.Millisecond)}
	first := doomed.start(t.Context(), id, Action{Scope: scope, Fence: 1}, argv)
	st, _, err := s.await(t.Context(), id)
	ran := count(t, file)
	switch {
	case err != nil:
		t.Errorf("%s: %v", id, err)
	case st.State == StateNone && ran == 0 && first != nil:
		if out, err := s.run(t, id, 1, argv...); err != nil || out.ExitCode != 0 {
			t.Errorf("%s: nothing was started, and the second start: %v", id, err)
		}
	case st.State == StateEnded && ran == 1 && st.ExitCode == 0:
		if err := s.start(t.Context(), id, Action{Scope: scope, Fence: 1}, argv); !errors.Is(err, ErrClaimed) {
			t.Errorf("%s: it ran, and the second start: %v", id, err)
		}
	default:
		t.Errorf("%s: it is %+v, and ran %d times; its start: %v", id, st, ran, first)
	}
	if ran := count(t, file); ran != 1 {
		t.Errorf("%s ran %d times", id, ran)
	}
	return st.State
}

// gate is a setsid that holds a job up until open exists.
func gate(open string) map[string]string {
	return map[string]string{"setsid": "#!/bin/sh\n" + until(open) + "\nexec /usr/bin/setsid \"$@\"\n"}
}

// Between its claim and its first instruction a command may lose the race against a newer lease.
func TestANewerLeaseStopsACommandThatHasNotBegun(t *testing.T) {
	t.Parallel()
	s, dir := machine(t), t.TempDir()
	open, file := filepath.Join(dir, "open"), filepath.Join(dir, "ran")
	slow := s
	slow.conn = odd{bin: programs(t, gate(open))}
	first := make(chan error)
	go func() {
		first <- slow.start(t.Context(), "old", Action{Scope: scope, Fence: 1}, []string{"sh", "-c", "printf x >>" + file})
	}()
	for mustAsk(t, s, "old").State != StateClaimed {
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := s.run(t, "new", 2, "true"); err != nil {
		t.Fatal(err)
	}
	touch(t, open)
	if err := <-first; !errors.Is(err, ErrFenced) || count(t, file) != 0 {
		t.Errorf("got %v, and it ran %d times", err, count(t, file))
	}
	mustState(t, s, "old", StateNone)
}

// A start that gave up and said so must not happen later after all.
func TestAJobThatComesTooLateDoesNotBegin(t *testing.T) {
	t.Parallel()
	s, dir := machine(t), t.TempDir()
	open, file := filepath.Join(dir, "open"), filepath.Join(dir, "ran")
	slow := s
	slow.conn = odd{bin: programs(t, gate(open))}
	late := []string{"sh", "-c", "printf late >>" + file}
	if err := slow.start(t.Context(), "a", Action{Scope: scope}, late); !errors.Is(err, ErrUnsupervised) || !neverStarted(err) {
		t.Errorf("got %v", err)
	}
	mustState(t, s, "a", StateNone)
	touch(t, open)
	if _, err := s.run(t, "a", 0, "sh", "-c", "printf x >>"+file+"; sleep 0.5"); err != nil || count(t, file) != 1 {
		t.Errorf("got %v, and %d bytes", err, count(t, file))
	}
}

// until is a line of shell that ends once a file exists, or its folder with the test.
func until(file string) string {
	return "until [ -e " + file + " ] || [ ! -d " + filepath.Dir(file) + " ]; do sleep 0.05; done"
}

func touch(t *testing.T, file string) {
	t.Helper()
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func mustAsk(t *testing.T, s supervisor, id string) Status {
	t.Helper()
	st, err := s.ask(t.Context(), id, 1)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestAHostWithoutTheToolsIsRefused(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"setsid", "flock", "mkfifo"} {
		s := machine(t)
		s.conn = odd{bin: programs(t, map[string]string{tool: ""})}
		err := s.start(t.Context(), "a", Action{Scope: scope}, []string{"true"})
		if !errors.Is(err, ErrUnsupervised) || !strings.Contains(err.Error(), "lacks="+tool) || !neverStarted(err) {
			t.Errorf("%s: got %v", tool, err)
		}
		if _, err := os.Stat(s.dir); err == nil {
			t.Errorf("%s: the refusal left %s", tool, s.dir)
		}
	}
}

// Every shell that may be a host's sh reads the script alike.
func TestOtherShellsAndTools(t *testing.T) {
	t.Parallel()
	every := map[string]string{}
	for _, name := range strings.Fields("sh setsid mkfifo dd find sync tail wc cat date sleep mv rm mkdir chmod id") { // Debian's has no flock
		every[name] = "busybox"
	}
	for name, instead := range map[string]map[string]string{"dash": {"sh": "dash"}, "bash": {"sh": "bash"}, "busybox": every} {
		t.Run(name, func(t *testing.T) {
			program, err := exec.LookPath(name)
			if err != nil {
				t.Skipf("this machine has no %s to stand for a host's shell: %v", name, err)
			}
			for tool := range instead {
				instead[tool] = program
			}
			bin := programs(t, instead)
			s := machine(t)
			s.conn = odd{bin: bin, edit: func(w string) string { return strings.ReplaceAll(w, "/bin/sh", bin+"/sh") }}
			out, err := s.run(t, "a", 1, "sh", "-c", "echo out; echo err >&2; seq 300000; exit 3")
			if err != nil || out.ExitCode != 3 || !strings.HasPrefix(string(out.Stdout), "out\n1\n") || string(out.Stderr) != "err\n" {
				t.Errorf("got %d, %.50q, %q, %v", out.ExitCode, out.Stdout, out.Stderr, err)
			}
			if err := s.start(t.Context(), "a", Action{Scope: scope, Fence: 1}, []string{"true"}); !errors.Is(err, ErrClaimed) {
				t.Errorf("got %v", err)
			}
			if err := s.start(t.Context(), "b", Action{Scope: scope}, []string{"true"}); !errors.Is(err, ErrFenced) {
				t.Errorf("got %v", err)
			}
			mustState(t, s, "a", StateEnded)
		})
	}
}

func TestTheScriptIsClean(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"dash", "bash"} {
		if out, err := exec.Command(shell, "-n", "-c", supervisorText).CombinedOutput(); err != nil && !errors.Is(err, exec.ErrNotFound) {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
	check, err := exec.LookPath("shellcheck")
	if err != nil {
		t.Skipf("the script is linted where shellcheck is installed: %v", err)
	}
	if out, err := exec.Command(check, "-s", "sh", "supervisor.sh", "supervisor_start.sh", "supervisor_job.sh").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
