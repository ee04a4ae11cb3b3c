//go:build linux

package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is its own child: its first argument says what it is.
const (
	childMode  = "-child"
	parentMode = "-parent" // starts a child that works for ever, says its number and waits
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case childMode:
			if err := Serve(os.Stdin, os.Stdout, work); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		case parentMode:
			parent()
		}
	}
	os.Exit(m.Run())
}

var small = Limits{Memory: 192 << 20, CPU: 500 * time.Millisecond, Wall: 30 * time.Second, Frame: 1 << 20}

// patient leaves what takes memory the time for it, on a machine that does other work as well.
var patient = Limits{Memory: small.Memory, CPU: 20 * time.Second, Wall: small.Wall, Frame: small.Frame}

var keep [][]byte

// work does what its frame says.
func work(frame []byte, progress Progress, write func([]byte) error) error {
	switch what := string(frame); what {
	case "memory":
		for {
			keep = append(keep, bytes.Repeat([]byte{1}, 1<<20))
		}
	case "no thread", "no thread for all it holds":
		if what != "no thread" {
			keep = append(keep, bytes.Repeat([]byte{1}, 64<<20))
		}
		fmt.Fprintln(os.Stderr, "runtime/cgo: pthread_create failed: Resource temporarily unavailable")
		os.Exit(2)
	case "one allocation":
		keep = append(keep, make([]byte, 8<<30))
		keep[0][4<<30] = 1
	case "stack":
		return deeper(0)
	case "loop":
		for n := 1; n > 0; n ^= 2 { // it never ends
		}
	case "sleep":
		time.Sleep(time.Hour)
	case "exit":
		os.Exit(3)
	case "panic":
		panic("as asked")
	case "flood":
		return write(make([]byte, 2<<20))
	case "environment":
		return write([]byte(strings.Join(os.Environ(), "\n")))
	case "steps":
		for range 4 {
			progress(time.Second)
			for began := cpuTime(); cpuTime()-began < 300*time.Millisecond; {
			}
		}
		return write(nil)
	}
	return write(append([]byte("did "), frame...))
}

func deeper(n int) error {
	if n < 0 {
		return nil // not in this universe
	}
	if err := deeper(n + 1); err != nil {
		return fmt.Errorf("%d: %w", n, err)
	}
	return nil
}

func start(t *testing.T, limits Limits) *Child {
	t.Helper()
	runtime.LockOSThread()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c, err := Start(t.Context(), []string{exe, childMode}, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); runtime.UnlockOSThread() })
	return c
}

func ask(c *Child, what string) ([]byte, error) {
	if err := c.Send([]byte(what)); err != nil {
		return nil, err
	}
	return c.Receive()
}

// TestWork: a child answers frame after frame, and processor time is counted anew for each piece of work.
func TestWork(t *testing.T) {
	c := start(t, small)
	for _, what := range []string{"this", "", "that", "steps", "more"} {
		if got, err := ask(c, what); err != nil || what != "steps" && string(got) != "did "+what {
			t.Errorf("%q %v", got, err)
		}
	}
}

// TestLimits: whatever a child does, it ends, and the parent knows why.
func TestLimits(t *testing.T) {
	quick := small
	quick.Wall = time.Second
	for what, want := range map[string]struct {
		err    error
		limits Limits
	}{
		"memory":                     {ErrMemory, patient},
		"one allocation":             {ErrMemory, patient},
		"stack":                      {ErrMemory, patient},
		"no thread":                  {ErrCrashed, small}, // the machine's fault
		"no thread for all it holds": {ErrMemory, patient},
		"loop":                       {ErrTime, small},
		"sleep":                      {ErrLate, quick},
		"exit":                       {ErrCrashed, small},
		"panic":                      {ErrCrashed, small},
		"flood":                      {ErrCrashed, small},
	} {
		t.Run(what, func(t *testing.T) {
			c := start(t, want.limits)
			if _, err := ask(c, what); !errors.Is(err, want.err) {
				t.Errorf("%v, not %v", err, want.err)
			}
			if _, err := ask(c, "more"); err == nil {
				t.Error("a child that is gone answers")
			}
			if c.cmd.ProcessState == nil {
				t.Error("the child is still there")
			}
		})
	}
}

// TestEnvironment: a child sees nothing of its parent's environment.
func TestEnvironment(t *testing.T) {
	t.Setenv("SECRET", "x")
	got, err := ask(start(t, small), "environment")
	if err != nil || strings.Count(string(got), "\n") != 1 || !strings.Contains(string(got), limitsVariable) || strings.Contains(string(got), "SECRET") {
		t.Errorf("%q %v", got, err)
	}
}

// TestByHand: without a parent's limits the mode does nothing.
func TestByHand(t *testing.T) {
	if err := Serve(strings.NewReader(""), io.Discard, work); err == nil {
		t.Error("it serves without limits")
	}
}

func TestCancelled(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	exe, _ := os.Executable()
	ctx, cancel := context.WithCancel(t.Context())
	c, err := Start(ctx, []string{exe, childMode}, small)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := ask(c, "sleep"); err == nil {
		t.Error("it answered")
	}
}

// parent starts a child that sleeps and says who it is.
func parent() {
	runtime.LockOSThread()
	limits := small
	limits.Wall = time.Hour
	c, err := Start(context.Background(), []string{os.Args[0], childMode}, limits)
	if err == nil {
		err = c.Send([]byte("sleep"))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(c.cmd.Process.Pid)
	_, _ = c.Receive() // it waits until both are killed
	os.Exit(1)
}

// TestDiesWithItsParent: a parent that is killed leaves nothing behind.
func TestDiesWithItsParent(t *testing.T) {
	exe, _ := os.Executable()
	p := exec.Command(exe, parentMode)
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	var line string
	if _, err := fmt.Fscanln(out, &line); err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatalf("the parent says %q", line)
	}
	_ = p.Process.Kill()
	_ = p.Wait() // it was killed
	for running(pid) {
		time.Sleep(10 * time.Millisecond)
	}
}

// running reports whether a process is there and no zombie that waits for its reaper.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(raw), ") Z ")
}

// FuzzFrame: whatever arrives, it is a frame within the limit or an error.
func FuzzFrame(f *testing.F) {
	f.Add([]byte{0, 0, 0, 2, 'a', 'b'})
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := readFrame(bytes.NewReader(raw), 64)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := writeFrame(&again, got); err != nil || len(got) > 64 || !bytes.HasPrefix(raw, again.Bytes()) {
			t.Errorf("%q became %q", raw, got)
		}
	})
}
