package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// exits N PROGRAM ARGS… runs a program and wants exactly that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N program args…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := exitCode(ts, ts.Exec(args[1], args[2:]...)); got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func exitCode(ts *testscript.TestScript, err error) int {
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return failed.ExitCode()
	}
	ts.Check(err)
	return 0
}

// diagnostic is the first line of one that is printed for people.
var diagnostic = regexp.MustCompile(`(?m)^(error|warning|info)\[(RF\d{4})\]: .*$`)

// refuses N CODE ringfence ARGS… is how bad input must end: that exit code, exactly one diagnostic, of that code, with
// a way out; no trace of Go or of this machine; refs, working folder and hosts as they were.
func refuses(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: refuses N CODE ringfence args…")
	}
	before := photograph(ts)
	exits(ts, false, append(args[:1:1], args[2:]...))
	said := ts.ReadFile("stderr")
	var errs []string
	for _, m := range diagnostic.FindAllStringSubmatch(said, -1) {
		if m[1] != "info" || m[2] == args[1] {
			errs = append(errs, m[2])
		}
	}
	if len(errs) != 1 || errs[0] != args[1] {
		ts.Fatalf("diagnostics %q, want exactly %s", errs, args[1])
	}
	for _, bad := range []string{"goroutine ", "panic:", "%!", "<nil>", "0x", "github.com/", "error: ", ts.Getenv("WORK")} {
		if strings.Contains(said, bad) {
			ts.Fatalf("the message has %q in it", bad)
		}
	}
	if !strings.Contains(said, "\n  fix: ") && !strings.Contains(said, "did you mean") {
		ts.Fatalf("the message names no way out")
	}
	if diff := before.diff(photograph(ts)); diff != "" {
		ts.Fatalf("something was written:\n%s", diff)
	}
}

// interrupts N TEXT=SIGNAL,… ringfence ARGS… sends each signal once its text was printed, and wants the exit code. The
// text "fault struck" is not printed: it stands for a host that a fault with a bound has struck. NONE is no signal: the
// text is only waited for.
func interrupts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: interrupts N text=signal[,text=signal] program args…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	c := exec.Command(lookPath(ts, args[2]), args[3:]...)
	c.Dir, c.Env = ts.MkAbs("."), environ(ts)
	w := &watcher{send: func(s os.Signal) { _ = c.Process.Signal(s) }} // one that is gone fails below
	for _, pair := range strings.Split(args[1], ",") {
		text, signal, _ := strings.Cut(pair, "=")
		w.todo = append(w.todo, cue{text, signals[signal]})
	}
	c.Stdout, c.Stderr = w, w
	ts.Check(c.Start())
	ended := make(chan struct{})
	go w.watchState(ts.MkAbs(simState), ended)
	err = c.Wait()
	close(ended)
	w.mu.Lock()
	defer w.mu.Unlock()
	code := exitCode(ts, err)
	ts.Logf("[output]\n%s", w.buf.String())
	if code != want || len(w.todo) > 0 {
		ts.Fatalf("exit code %d, want %d; %d signals were not sent", code, want, len(w.todo))
	}
}

var signals = map[string]os.Signal{"NONE": syscall.Signal(0), "INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}

// cue is a signal and the text that calls for it.
type cue struct {
	text   string
	signal os.Signal
}

// watcher sends the signals of its list in order, each once its text was written.
type watcher struct {
	send func(os.Signal)
	mu   sync.Mutex
	todo []cue
	buf  bytes.Buffer
}

// watchState looks for a fault in the hosts' state until the program has ended.
func (w *watcher) watchState(path string, ended <-chan struct{}) {
	for {
		if raw, err := os.ReadFile(path); err == nil && bytes.Contains(raw, []byte("\"struck\": {\n  \"")) {
			_, _ = w.Write([]byte("fault struck\n")) // it never fails
			return
		}
		select {
		case <-ended:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (w *watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf.Write(p)
	for len(w.todo) > 0 && strings.Contains(w.buf.String(), w.todo[0].text) {
		w.send(w.todo[0].signal)
		w.todo = w.todo[1:]
	}
	return len(p), nil
}

// escapes are the ones that replace knows.
var escapes = strings.NewReplacer(`\n`, "\n", `\t`, "\t")

// replace FILE OLD NEW changes the one place of a file that says OLD.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace file old new")
	}
	old, text := escapes.Replace(args[1]), ts.ReadFile(args[0])
	if n := strings.Count(text, old); n != 1 {
		ts.Fatalf("%s has %q %d times", args[0], old, n)
	}
	text = strings.Replace(text, old, escapes.Replace(args[2]), 1)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

var varying = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`sha256:[0-9a-f]{64}`), "sha256:…"},
	{regexp.MustCompile(`\b[0-9a-f]{40}\b`), "<commit>"},
	{regexp.MustCompile(`\b[0-9a-f]{12}\b`), "<commit>"},
}

// scrub stdout|stderr|FILE OUT writes OUT without what differs from run to run: commits and digests.
func scrub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: scrub file out")
	}
	text := ts.ReadFile(args[0])
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.by)
	}
	text = strings.ReplaceAll(text, ts.Getenv("WORK"), "$WORK")
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o644))
}

func lookPath(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(dir, name); isFile(path) {
			return path
		}
	}
	ts.Fatalf("there is no program %s", name)
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// environ is the part of a script's environment that the program may see.
func environ(ts *testscript.TestScript) []string {
	var out []string
	for _, name := range []string{"PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES", "RINGFENCE_AT"} {
		if v := ts.Getenv(name); v != "" {
			out = append(out, fmt.Sprintf("%s=%s", name, v))
		}
	}
	return out
}

// stream FILE EXIT wants JSON lines with the version first and the result, with that exit code, last.
func stream(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: stream file exit")
	}
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile(args[0]), "\n"), "\n")
	for i, line := range lines {
		var e struct {
			Type, At, Level string
			Exit            *int
		}
		ts.Check(json.Unmarshal([]byte(line), &e))
		last := i == len(lines)-1
		if (i == 0) != (e.Type == "version") || last != (e.Type == "result") || e.At == "" || e.Level == "" {
			ts.Fatalf("line %d of %d is out of place: %s", i+1, len(lines), line)
		}
		if last && (e.Exit == nil || strconv.Itoa(*e.Exit) != args[1]) {
			ts.Fatalf("the result is not exit %s: %s", args[1], line)
		}
	}
}
