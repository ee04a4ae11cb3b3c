package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Child is one child process. Its methods are for one goroutine, which must have called runtime.LockOSThread before
// Start and stay: the system ties the child's life to the thread that made it.
type Child struct {
	limits Limits
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.Reader
	said   *words
	once   sync.Once
	died   error
	late   bool
	mu     sync.Mutex
}

// Start starts this program anew with args, of which the first is the name it goes by; that must end in Serve. It
// inherits no environment. A cancelled context kills it.
func Start(ctx context.Context, args []string, limits Limits) (*Child, error) {
	c := &Child{limits: limits, cmd: exec.CommandContext(ctx, self(args[0])), said: &words{}}
	c.cmd.Args = args
	c.cmd.Env = append(environ(), limitsVariable+"="+limits.encode())
	c.cmd.Stderr = c.said
	c.cmd.Dir = os.TempDir()
	c.cmd.WaitDelay = graceTime
	isolate(c.cmd)
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if c.out, err = c.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a child: %w", err)
	}
	return c, nil
}

// Send hands the child a frame. An error says why it is no longer there to take it.
func (c *Child) Send(frame []byte) error {
	if len(frame) > c.limits.Frame {
		return errFrame
	}
	return c.timed(func() error { return writeFrame(c.in, frame) })
}

// Receive waits for the child's next frame for as long as the wall limit allows. After an error the child is gone; the
// error is ErrMemory, ErrTime, ErrLate or ErrCrashed. ErrLate may be the fault of a busy machine, the first two are not.
func (c *Child) Receive() (frame []byte, err error) {
	err = c.timed(func() (err error) {
		frame, err = readFrame(c.out, c.limits.Frame)
		return err
	})
	return frame, err
}

func (c *Child) timed(do func() error) error {
	alarm := time.AfterFunc(c.limits.Wall, func() {
		c.mu.Lock()
		c.late = true
		c.mu.Unlock()
		c.Kill()
	})
	err := do()
	alarm.Stop()
	if err == nil {
		return nil
	}
	return c.end()
}

// Close ends the child, which has nothing to put away, and waits until it is gone.
func (c *Child) Close() {
	c.Kill()
	_ = c.end()
}

// Kill ends the child while others talk to it: they get an error.
func (c *Child) Kill() { _ = c.cmd.Process.Kill() } // one that is gone already is what was wanted

// end kills what is left of the child, waits for it and says how it went.
func (c *Child) end() error {
	c.once.Do(func() {
		_ = c.in.Close() // by which it ends itself; what fails here is killed below
		grace := time.AfterFunc(graceTime, func() { killGroup(c.cmd) })
		_, _ = io.Copy(io.Discard, io.LimitReader(c.out, int64(c.limits.Frame)))
		err := c.cmd.Wait()
		grace.Stop()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.died = c.verdict(err)
	})
	return c.died
}

// graceTime is how long a child may take to end after its input did.
const graceTime = 500 * time.Millisecond

// verdict reads why the child ended from its exit code and, if the Go runtime killed it, from its last words.
func (c *Child) verdict(err error) error {
	var exit *exec.ExitError
	errors.As(err, &exit)
	said := c.said.String()
	switch {
	case exit != nil && (exit.ExitCode() == exitTime || outOfTime(exit)):
		return ErrTime
	case c.late:
		return ErrLate
	case exit != nil && exit.ExitCode() == exitMemory, saysMemory(said), saysThread(said) && peak(exit) > c.limits.Memory/ordinary:
		return ErrMemory
	case err == nil:
		return fmt.Errorf("%w: it ended", ErrCrashed)
	}
	first, _, _ := strings.Cut(strings.TrimSpace(said), "\n")
	return fmt.Errorf("%w: %w: %s", ErrCrashed, err, first)
}

// saysMemory knows the last words of a Go program that got no memory, or whose stack grew without end.
func saysMemory(said string) bool {
	for _, s := range []string{"out of memory", "cannot allocate memory", "stack overflow", "goroutine stack exceeds"} {
		if strings.Contains(said, s) {
			return true
		}
	}
	return false
}

// ordinary is the share of its memory that a child does not take for what people write.
const ordinary = 8

// saysThread knows the last words of a Go program with C's library that got no thread. Its stack is memory that the
// limit counts; but a machine that has too many processes says the same, so it matters how much the child held.
func saysThread(said string) bool { return strings.Contains(said, "pthread_create failed") }

// words keeps the beginning of what a child says on stderr, where a Go program puts the reason of its death.
type words struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const maxWords = 4 << 10

func (t *words) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(p[:min(len(p), maxWords-t.buf.Len())])
	return len(p), nil
}

func (t *words) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}
