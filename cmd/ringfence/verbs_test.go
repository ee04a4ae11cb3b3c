package main_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

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

// interrupts SIGNAL N TEXT ringfence ARGS… sends a signal (several: INT,INT) once TEXT stands on stderr and wants the
// exit code.
func interrupts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: interrupts SIGNAL[,SIGNAL] N text program args…")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	signals := map[string]os.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}
	c := exec.Command(lookPath(ts, args[3]), args[4:]...)
	c.Dir, c.Env = ts.MkAbs("."), environ(ts)
	w := &watcher{text: args[2], seen: make(chan struct{})}
	c.Stdout, c.Stderr = w, w
	ts.Check(c.Start())
	go func() {
		<-w.seen
		for _, s := range strings.Split(args[0], ",") {
			_ = c.Process.Signal(signals[s]) // a process that is gone already fails below
		}
	}()
	code := exitCode(ts, c.Wait())
	ts.Logf("[output]\n%s", w.String())
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
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
