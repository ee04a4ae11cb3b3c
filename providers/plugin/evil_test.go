package plugin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/programfile"
)

func toySpec(t *testing.T, mode string, change func(*Spec)) Spec {
	t.Helper()
	dir, err := os.MkdirTemp("", "t") // t.TempDir is too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Errorf("files are left: %v %v", left, err)
		}
		_ = os.RemoveAll(dir)
	})
	spec := Spec{Name: "toy", Path: os.Args[0], Args: []string{"provider", mode}, Dir: dir, StopTimeout: 500 * time.Millisecond}
	if change != nil {
		change(&spec)
	}
	return spec
}

// startToy starts the toy and checks at the end that nothing of it is left.
func startToy(t *testing.T, change func(*Spec)) *Client {
	t.Helper()
	c, err := Start(t.Context(), toySpec(t, "good", change))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		gone(t, c)
	})
	return c
}

// gone fails the test while any process of the provider's group runs.
func gone(t *testing.T, c *Client) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		t.Fatalf("cannot list processes: %v", err)
	}
	for _, path := range stats {
		raw, _ := os.ReadFile(path)
		_, rest, _ := strings.Cut(string(raw), ") ")
		fields := strings.Fields(rest) // state, parent, group, …
		if len(fields) > 2 && fields[0] != "Z" && fields[2] == strconv.Itoa(c.process.cmd.Process.Pid) {
			t.Errorf("left of the provider's group: %s", raw)
		}
	}
}

func TestWhatIsNoProviderIsSaidToBeNone(t *testing.T) {
	for mode, want := range map[string]string{
		"exit":    "it printed: cannot open�[31m the database",
		"garbage": "I am no plugin",
		"address": "outside its folder",
		"silent":  "no answer within 500ms",
	} {
		t.Run(mode, func(t *testing.T) {
			c, err := Start(t.Context(), toySpec(t, mode, func(s *Spec) {
				if mode == "silent" {
					s.StartTimeout = 500 * time.Millisecond
				}
			}))
			if c != nil || !errors.Is(err, ErrNotAPlugin) || !strings.Contains(err.Error(), want) {
				t.Fatalf("got %v", err)
			}
			if strings.ContainsAny(err.Error(), "\x1b\x07") {
				t.Errorf("control characters in %q", err)
			}
		})
	}
}

// slow is a log that takes its time about each line.
type slow struct{}

func (slow) Write(p []byte) (int, error) { time.Sleep(20 * time.Millisecond); return len(p), nil }

// TestTheLastWordsAreHeard: that a process ended may be known before all that it printed was read.
func TestTheLastWordsAreHeard(t *testing.T) {
	_, err := Start(t.Context(), toySpec(t, "exit", func(s *Spec) { s.Log = slow{} }))
	if !errors.Is(err, ErrNotAPlugin) || !strings.Contains(err.Error(), "it printed: cannot open") {
		t.Errorf("at the start: %v", err)
	}
	c := startToy(t, func(s *Spec) { s.Log = slow{} })
	if _, err := c.Scan(t.Context(), scanOf("last words"), unused(t)); !errors.Is(err, ErrCrashed) || !strings.Contains(err.Error(), "it printed: that is all") {
		t.Errorf("in a call: %v", err)
	}
}

func TestAFileThatIsNoProgramIsNoProvider(t *testing.T) {
	text := filepath.Join(t.TempDir(), "notes")
	if err := programfile.Write(text, []byte("just text")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		"/nonexistent/provider": ErrMissing, "": ErrMissing, t.TempDir(): ErrNotAPlugin, text: ErrNotAPlugin, "/bin/true": ErrNotAPlugin,
	} {
		if _, err := Start(t.Context(), toySpec(t, "good", func(s *Spec) { s.Path = path })); !errors.Is(err, want) {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestStartFailures(t *testing.T) {
	for mode, want := range map[string]error{
		"die-in-configure": ErrCrashed, "shell": ErrBadAnswer, "renamed": ErrBadAnswer, "hang-in-describe": context.DeadlineExceeded,
	} {
		_, err := Start(t.Context(), toySpec(t, mode, func(s *Spec) {
			if mode == "hang-in-describe" {
				s.StartTimeout = 3 * time.Second // on a busy machine the handshake takes some of it
			}
		}))
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", mode, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := Start(ctx, toySpec(t, "silent", nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled start: %v", err)
	}
}

func TestThePinnedProgramIsWhatRuns(t *testing.T) {
	raw, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	digest := hex.EncodeToString(sum[:])
	c := startToy(t, func(s *Spec) { s.SHA256 = digest })
	running, err := os.Readlink("/proc/" + c.process.ID() + "/exe")
	if err != nil || running != filepath.Join(c.dir, "provider") {
		t.Errorf("it runs %s, %v", running, err)
	}
	other := strings.Replace(digest, digest[:1], map[bool]string{true: "0", false: "1"}[digest[0] == '1'], 1)
	if _, err := Start(t.Context(), toySpec(t, "good", func(s *Spec) { s.SHA256 = other })); !errors.Is(err, ErrUntrusted) {
		t.Errorf("another digest: %v", err)
	}
}

func TestAPanicIsTheErrorOfOneCall(t *testing.T) {
	c := startToy(t, nil)
	_, err := c.Scan(t.Context(), scanOf("panic"), unused(t))
	if err == nil || errors.Is(err, ErrCrashed) || !strings.Contains(err.Error(), "panic: no such �[31mhost") {
		t.Errorf("got %v", err)
	}
	if _, err := c.Scan(t.Context(), scanOf("large"), unused(t)); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

func TestACrashSaysWhatWasPrinted(t *testing.T) {
	for name, want := range map[string]string{"crash": "exit status 2; it printed: panic: out of luck", "leave": "it exited"} {
		c := startToy(t, nil)
		_, err := c.Scan(t.Context(), scanOf(name), unused(t))
		if !errors.Is(err, ErrCrashed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := c.Scan(t.Context(), scanOf("web-1"), unused(t)); !errors.Is(err, ErrCrashed) {
			t.Errorf("%s: the call after it: %v", name, err)
		}
	}
}

func TestBadAnswersAreErrors(t *testing.T) {
	c := startToy(t, nil)
	for _, name := range []string{"huge", "endless", "many", "nonsense"} {
		if _, err := c.Scan(t.Context(), scanOf(name), unused(t)); !errors.Is(err, ErrBadAnswer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	scan, err := c.Scan(t.Context(), scanOf("binary"), unused(t))
	if err != nil || scan.Notes[0] != "�" {
		t.Errorf("bytes that are no text: %q, %v", scan.Notes, err)
	}
}

func TestAFloodIsBoundedAndNeutralised(t *testing.T) {
	var log bytes.Buffer
	c := startToy(t, func(s *Spec) { s.Log = &log })
	if _, err := c.Scan(t.Context(), scanOf("flood"), unused(t)); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if log.Len() > 2*maxLogs || lines[len(lines)-1] != "toy: further output is dropped" {
		t.Errorf("%d bytes, last %q", log.Len(), lines[len(lines)-1])
	}
	if !strings.HasPrefix(lines[0], "toy: �[2Jlook at me !!!") || strings.Contains(log.String(), "\x1b") {
		t.Errorf("the log begins with %.60q", lines[0])
	}
}

func TestNothingOfTheCoreIsInherited(t *testing.T) {
	t.Setenv("RINGFENCE_CANARY", "secret-canary")
	t.Setenv("SSH_AUTH_SOCK", "/run/agent")
	c := startToy(t, nil)
	scan, err := c.Scan(t.Context(), scanOf("environment"), unused(t))
	if err != nil || scan.Kernel != c.dir {
		t.Fatalf("it runs in %q, %v", scan.Kernel, err)
	}
	for _, v := range scan.Notes {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "PLUGIN_") && name != handshake.MagicCookieKey {
			t.Errorf("the provider sees %s", v)
		}
	}
	info, err := os.Stat(c.dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the private folder is %v, %v", info.Mode(), err)
	}
}
